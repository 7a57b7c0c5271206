# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A server on loopback that takes HTTP PUT, refuses it, says nothing, or breaks off, by the first part of
the path.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple

TOKEN = "Bearer 5ecret-t0ken"
HOSTILE_PHRASE = "No\x1b[2J{{ lookup('pipe', 'touch /tmp/webmedic-reports-evil') }}"


class Request(NamedTuple):
    path: str
    headers: dict[str, str]
    body: bytes


class PutServer(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.requests: list[Request] = []
        self.over = threading.Event()

    @property
    def url(self) -> str:
        return "http://127.0.0.1:%d" % self.server_address[1]

    def stored(self, part: str) -> dict[str, Request]:
        """What came in below a part of the path, by path."""
        return {request.path: request for request in self.requests if request.path.startswith(part)}


class Handler(BaseHTTPRequestHandler):
    server: PutServer

    def do_PUT(self) -> None:  # noqa: N802
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.requests.append(Request(self.path, dict(self.headers), body))
        kind = self.path.split("/")[1]
        if kind == "breaks":
            self.close_connection = True
            return
        if kind == "hangs":
            self.server.over.wait(60)
            return
        if kind == "guarded" and self.headers.get("Authorization") != TOKEN:
            self.answer(401)
        elif kind == "refuses" or (kind == "half" and self.path.endswith("report.json")):
            self.answer(403)
        elif kind == "hostile":
            self.answer(500, HOSTILE_PHRASE)
        elif kind == "leads-away":
            self.answer(302, location=self.server.url + "/elsewhere" + self.path)
        else:
            self.answer(201)

    def answer(self, status: int, phrase: str | None = None, location: str | None = None) -> None:
        self.send_response(status, phrase)
        if location:
            self.send_header("Location", location)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: its output is that of the test."""


@contextmanager
def put_server() -> Iterator[PutServer]:
    server = PutServer()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.over.set()
        server.shutdown()
        server.server_close()
