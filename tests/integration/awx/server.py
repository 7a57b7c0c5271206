# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A fake controller on a port of the loopback interface, which records what it was sent."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple
from urllib.parse import parse_qsl, urlsplit

from tests.integration.awx.objects import Json
from tests.integration.awx.store import Store

# What awx.awx 24.6.1 wants to meet.
PRODUCT = {"X-API-Product-Name": "AWX", "X-API-Product-Version": "24.6.1"}


class Request(NamedTuple):
    method: str
    path: str
    body: Json
    status: int

    @property
    def changes(self) -> bool:
        return self.method != "GET" and "/tokens/" not in self.path


class Fake(NamedTuple):
    url: str
    store: Store
    requests: list[Request]

    def changes(self) -> list[Request]:
        """What was sent since the last call that would change something."""
        sent = [request for request in self.requests if request.changes]
        self.requests.clear()
        return sent


@contextmanager
def serving(store: Store) -> Iterator[Fake]:
    requests: list[Request] = []
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            """Nothing on the screen."""

        def handle_any(self) -> None:
            url = urlsplit(self.path)
            sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            body = json.loads(sent) if sent else {}
            with lock:
                status, answer = store.answer(self.command, url.path, dict(parse_qsl(url.query)), body)
                requests.append(Request(self.command, url.path, body, status))
            raw = b"" if answer is None else json.dumps(answer).encode()
            self.send_response(status)
            for key, value in {**PRODUCT, "Content-Type": "application/json"}.items():
                self.send_header(key, value)
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        do_GET = do_POST = do_PATCH = do_DELETE = handle_any

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield Fake("http://127.0.0.1:%d" % server.server_address[1], store, requests)
    finally:
        server.shutdown()
        server.server_close()
