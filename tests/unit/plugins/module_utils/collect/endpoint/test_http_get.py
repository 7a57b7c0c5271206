# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Our own HTTP client against a little server: what it sends, what it makes of an answer, and that it always
ends in time.
"""

import os
import shutil
import socket
import ssl
import subprocess
import tempfile
import threading
import time
from typing import Any, Callable, Dict, Iterator, List

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.endpoint.http_get import (
    MOST_BYTES,
    Got,
    answered,
    get,
    literal,
)
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.host import Host
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.nginx.listen import Target

INET = Target("inet", "127.0.0.1", 80, False, False)
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Server:
    """Takes connections one after the other; each request up to its empty line is kept, and reply does the
    rest.
    """

    def __init__(
        self,
        listener: socket.socket,
        reply: Callable[[socket.socket], None],
        wrap: Callable[[socket.socket], socket.socket],
    ) -> None:
        self.listener, self.reply, self.wrap = listener, reply, wrap
        self.seen: List[bytes] = []
        listener.listen(8)
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self) -> None:
        while True:
            try:
                peer = self.listener.accept()[0]
            except OSError:
                return
            try:
                peer.settimeout(5)
                peer = self.wrap(peer)
                data = b""
                while b"\r\n\r\n" not in data:
                    chunk = peer.recv(4096)
                    if not chunk:
                        break
                    data += chunk
                self.seen.append(data)
                self.reply(peer)
            except OSError:
                pass
            finally:
                peer.close()

    def close(self) -> None:
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.listener.close()
        self.thread.join(5)


@pytest.fixture(name="serve")
def fixture_serve(tmp_path: Any) -> Iterator[Callable[..., Any]]:
    servers: List[Server] = []

    def start(reply: Any = OK, unix: bool = False, wrap: Any = lambda peer: peer, **more: Any) -> Any:
        listener = socket.socket(socket.AF_UNIX if unix else socket.AF_INET)
        listener.bind(str(tmp_path / "s") if unix else ("127.0.0.1", 0))
        servers.append(Server(listener, reply if callable(reply) else lambda peer: peer.sendall(reply), wrap))
        target = (
            Target("unix", str(tmp_path / "s"), 0, False, False)
            if unix
            else INET._replace(port=listener.getsockname()[1])
        )
        return target._replace(**more), servers[-1]

    yield start
    for server in servers:
        server.close()


def ask(target: Target, site: str = "shop.example", path: str = "/", seconds: float = 5.0) -> Dict[str, Any]:
    return get(Host(), target, site, path, seconds)


class TestRequest:
    """What is sent."""

    def test_a_page_is_asked_for_as_a_visitor_would(self, serve: Any) -> None:
        target, server = serve()
        got = ask(target, path="/a b?x=1")
        assert (got.status, got.error) == (200, None) and got.ms > 0
        lines = server.seen[0].split(b"\r\n")
        assert lines[0] == b"GET /a%20b?x=1 HTTP/1.1"
        assert {
            b"Host: shop.example:%d" % target.port,
            b"Connection: close",
            b"User-Agent: webmedic.php_fpm",
        } <= set(lines)

    def test_a_path_cannot_smuggle_a_second_request(self, serve: Any) -> None:
        target, server = serve()
        assert ask(target, path="/x HTTP/1.1\r\nHost: evil\r\n\r\nGET /y", site="a\r\nX: y").status == 200
        assert (
            server.seen[0].count(b"\r\n\r\n") == 1
            and b"\r\nHost: evil" not in server.seen[0]
            and b"\r\nX: y" not in server.seen[0]
        )

    def test_over_a_unix_socket(self, serve: Any) -> None:
        target, server = serve(unix=True)
        assert ask(target).status == 200
        assert b"\r\nHost: shop.example\r\n" in server.seen[0]

    @pytest.mark.skipif(os.geteuid() != 0, reason="root alone must not follow the links of others")
    @pytest.mark.parametrize("who, status", [(65534, None), (0, 200)])
    def test_a_link_of_others_leads_to_no_socket(
        self, serve: Any, tmp_path: Any, who: int, status: Any
    ) -> None:
        """At a socket of root's alone, as of a container engine, root would be heard and the account not."""
        target, server = serve(unix=True)
        place = tempfile.mkdtemp(dir="/run")
        try:
            os.symlink(target.address, os.path.join(place, "nginx.sock"))
            os.chown(place, who, who)
            got = ask(target._replace(address=os.path.join(place, "nginx.sock")))
        finally:
            shutil.rmtree(place)
        assert got.status == status and len(server.seen) == (status is not None)
        assert status or "is a link, and" in got.error

    @pytest.mark.parametrize(
        "unix, says", [(False, b"PROXY TCP4 127.0.0.1 127.0.0.1 "), (True, b"PROXY UNKNOWN\r\nGET ")]
    )
    def test_the_proxy_line_comes_first_where_it_is_wanted(self, serve: Any, unix: bool, says: bytes) -> None:
        target, server = serve(unix=unix, proxy_protocol=True)
        assert ask(target).status == 200
        assert server.seen[0].startswith(says)
        assert unix or server.seen[0].split(b"\r\n")[0].endswith(b" %d" % target.port)

    def test_no_proxy_line_where_it_is_not_wanted(self, serve: Any) -> None:
        target, server = serve()
        ask(target)
        assert server.seen[0].startswith(b"GET ")

    @pytest.mark.parametrize(
        "site, name",
        [
            ("shop.example", "shop.example"),
            ("*.shop.example", "webmedic.shop.example"),
            (".shop.example", "shop.example"),
            ("shop.*", "shop.webmedic"),
            ("_", "127.0.0.1"),
            ("", "127.0.0.1"),
            ("default", "127.0.0.1"),
            ("~^www\\d+$", "127.0.0.1"),
            ("a b", "127.0.0.1"),
            ("a_b.example", "a_b.example"),
            ("default.example", "default.example"),
            ("$hostname", socket.gethostname().lower()),
        ],
    )
    def test_a_name_that_the_server_name_matches(self, site: str, name: str) -> None:
        assert literal(site, INET) == name

    def test_without_a_name_the_address_is_asked_for(self) -> None:
        assert literal("_", Target("inet6", "::1", 80, False, False)) == "[::1]"
        assert literal("_", Target("unix", "/run/x", 0, False, False)) == "localhost"


class TestTls:
    @pytest.mark.skipif(shutil.which("openssl") is None, reason="no certificate can be made here")
    def test_any_certificate_is_trusted(self, serve: Any, tmp_path: Any) -> None:
        key, certificate = str(tmp_path / "key"), str(tmp_path / "crt")
        subprocess.run(
            [
                "openssl",
                "req",
                "-x509",
                "-newkey",
                "rsa:2048",
                "-nodes",
                "-keyout",
                key,
                "-out",
                certificate,
                "-subj",
                "/CN=other",
                "-days",
                "2",
            ],
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        names: List[Any] = []
        # Python 3.6 has it under this name only.
        setter = getattr(context, "set_servername_callback")  # noqa: B009
        setter(lambda _socket, name, _context: names.append(name))
        target, server = serve(wrap=lambda peer: context.wrap_socket(peer, server_side=True), tls=True)
        got = ask(target, site="*.shop.example")
        assert (got.status, got.error) == (200, None)
        assert names == ["webmedic.shop.example"] and b"Host: webmedic.shop.example:" in server.seen[0]

    def test_a_plain_listener_is_an_error(self, serve: Any) -> None:
        target, _server = serve(tls=True)
        got = ask(target, seconds=1.0)
        assert got.status is None and got.error

    def test_a_name_that_tls_cannot_carry_is_an_error(self, serve: Any) -> None:
        got = ask(serve(tls=True)[0], site="x" * 70 + ".example", seconds=1.0)
        assert got.status is None and got.error


class TestAnswer:
    """What an answer is made of."""

    @pytest.mark.parametrize(
        "reply, status",
        [
            (b"HTTP/1.1 301 Moved\r\nLocation: https://elsewhere.example/\r\n\r\n", 301),
            (b"HTTP/1.0 502 Bad Gateway\r\n\r\n", 502),
            (b"HTTP/1.1 404\r\n\r\n", 404),
            (b"HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", 200),
            (b"HTTP/1.1 103 Early Hints\nLink: <a>\n\nHTTP/1.1 504 X\n\n", 504),
        ],
    )
    def test_the_status(self, serve: Any, reply: bytes, status: int) -> None:
        target, server = serve(reply)
        assert ask(target).status == status
        assert len(server.seen) == 1

    @pytest.mark.parametrize(
        "reply, says",
        [
            (b"", "closed without an answer"),
            (b"HTTP/1.1 200 OK\r\nContent-", "closed after 25 bytes"),
            (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", "not HTTP"),
            (b"<html>HTTP/1.1 200 OK\r\n\r\n", "not HTTP"),
            (b"HTTP/1.1 2000 OK\r\n\r\n", "not HTTP"),
            (
                b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 20000 + b"\r\n",
                "headers of more than %d bytes" % MOST_BYTES,
            ),
        ],
    )
    def test_no_status_says_why(self, serve: Any, reply: bytes, says: str) -> None:
        got = ask(serve(reply)[0])
        assert got.status is None and says in got.error

    @pytest.mark.parametrize(
        "status, expected",
        [
            (200, True),
            (301, True),
            (404, True),
            (500, True),
            (502, False),
            (503, False),
            (504, False),
            (None, False),
        ],
    )
    def test_only_a_backends_own_word_is_an_answer(self, status: Any, expected: bool) -> None:
        assert answered(Got(status, None, 1.0)) is expected

    @pytest.mark.parametrize(
        "address, says", [("/nowhere/x.sock", "No such file"), ("/" + "x" * 300, "too long")]
    )
    def test_a_socket_that_cannot_be_reached(self, address: str, says: str) -> None:
        got = ask(Target("unix", address, 0, False, False))
        assert got.status is None and says in got.error

    def test_a_port_on_which_nobody_listens(self) -> None:
        with socket.socket() as bound:
            bound.bind(("127.0.0.1", 0))
            got = ask(INET._replace(port=bound.getsockname()[1]))
        assert got.status is None and got.error == os.strerror(111)


def drip(peer: socket.socket) -> None:
    for _number in range(30):
        peer.sendall(b"H")
        time.sleep(0.05)


class TestTime:
    """Every request ends in time."""

    def test_nobody_takes_longer_than_granted(self, serve: Any) -> None:
        for reply in (lambda peer: time.sleep(0.8), drip):
            target, _server = serve(reply)
            started = time.monotonic()
            got = ask(target, seconds=0.3)
            assert (got.status, got.error) == (None, "no answer within 0.3 s")
            assert time.monotonic() - started < 0.7

    def test_a_page_without_end_is_not_read_to_the_end(self, serve: Any) -> None:
        def endless(peer: socket.socket) -> None:
            peer.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            drip(peer)

        started = time.monotonic()
        assert ask(serve(endless)[0]).status == 200
        assert time.monotonic() - started < 1
