# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""One page of a virtual host, asked for as a visitor would, on this host itself.

A request is not free of traces: nginx writes it to the access log, and PHP runs it.
"""

import contextlib
import os
import re
import socket
import ssl
from typing import Iterator, NamedTuple, Optional, Tuple
from urllib.parse import quote

from ...parse.nginx.listen import Target
from ..host import Host, HostError
from ..trust import named

USER_AGENT = "webmedic.php_fpm"
MOST_BYTES = 64 * 1024
# nginx gives these in the name of a backend that does not answer, or not in time.
NO_ANSWER = frozenset((502, 503, 504))
_FAMILIES = {"inet": socket.AF_INET, "inet6": socket.AF_INET6, "unix": socket.AF_UNIX}
_STATUS = re.compile(rb"HTTP/[0-9.]+ ([1-9][0-9]{2})(?: |\r|\n|\Z)")
_END = re.compile(rb"\r?\n\r?\n")
_NAME = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*\Z")


class _Failure(Exception):
    """Why there is no status."""


def literal(site: str, target: Target) -> str:
    """A host name that nginx's server_name matches. It is the target's address where there is none, or only a
    regular expression.
    """
    if site.startswith("*."):
        site = "webmedic" + site[1:]
    elif site.startswith("."):
        site = site[1:]
    elif site.endswith(".*"):
        site = site[:-1] + "webmedic"
    elif site.lower() == "$hostname":
        site = socket.gethostname().lower()
    if site not in ("_", "default") and _NAME.match(site):
        return site
    return {"inet": target.address, "inet6": "[%s]" % target.address, "unix": "localhost"}[target.family]


def _request(name: str, target: Target, path: str) -> bytes:
    usual = 443 if target.tls else 80
    port = "" if target.port in (0, usual) else ":%d" % target.port
    # Whatever is no part of a path, a line end above all, must not become a second request.
    safe = quote("/" + path.lstrip("/"), safe="/?&=%:@!$'()*+,;~-._")
    return (
        "GET %s HTTP/1.1\r\nHost: %s%s\r\nUser-Agent: %s\r\nAccept: */*\r\nConnection: close\r\n\r\n"
        % (safe, name, port, USER_AGENT)
    ).encode("ascii")


def _proxy_line(client: Tuple[str, int], target: Target) -> bytes:
    """The PROXY protocol, version 1 (haproxy.org, proxy-protocol.txt)."""
    if target.family == "unix":
        return b"PROXY UNKNOWN\r\n"
    kind = "TCP4" if target.family == "inet" else "TCP6"
    line = "PROXY %s %s %s %d %d\r\n" % (kind, client[0], target.address, client[1], target.port)
    return line.encode("ascii")


@contextlib.contextmanager
def _pinned(host: Host, path: str) -> Iterator[str]:
    """Another path to the socket at path, whoever puts something else there. A link of somebody else's could
    lead to a socket at which root alone is heard.
    """
    try:
        real = named(host, path)
    except HostError as error:
        raise _Failure(error.why)
    descriptor = os.open(real, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        here = "/proc/self/fd/%d" % descriptor
        if os.readlink(here) != real:
            raise _Failure("it was replaced while it was looked at")
        yield here
    finally:
        os.close(descriptor)


class _Connection:
    def __init__(self, host: Host, target: Target, seconds: float) -> None:
        self.host, self.target, self.deadline = host, target, host.monotonic() + seconds
        self.socket = socket.socket(_FAMILIES[target.family], socket.SOCK_STREAM)

    def limit(self) -> None:
        """A socket counts its timeout anew in each call: before each, what is left of the whole."""
        left = self.deadline - self.host.monotonic()
        if left <= 0:
            raise socket.timeout()
        self.socket.settimeout(left)

    def connect(self, name: str) -> None:
        target = self.target
        self.limit()
        if target.family == "unix":
            with _pinned(self.host, target.address) as here:
                self.socket.connect(here)
        else:
            self.socket.connect((target.address, target.port))
        if target.proxy_protocol:
            self.limit()
            self.socket.sendall(_proxy_line(self.socket.getsockname()[:2], target))
        if target.tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            self.limit()
            self.socket = context.wrap_socket(self.socket, server_hostname=name.strip("[]"))

    def status(self, request: bytes) -> int:
        self.limit()
        self.socket.sendall(request)
        data = b""
        while len(data) < MOST_BYTES:
            self.limit()
            chunk = self.socket.recv(min(8192, MOST_BYTES - len(data)))
            data += chunk
            end = _END.search(data)
            while end:
                status = _STATUS.match(data)
                if not status:
                    raise _Failure("what answers is not HTTP: %r" % data[:40])
                if status.group(1)[:1] != b"1":
                    return int(status.group(1))
                data = data[end.end() :]  # an interim answer, as 103 is
                end = _END.search(data)
            if not chunk:
                if not data:
                    raise _Failure("closed without an answer")
                raise _Failure("closed after %d bytes, before the end of the headers" % len(data))
        raise _Failure("headers of more than %d bytes" % MOST_BYTES)


class Got(NamedTuple):
    status: Optional[int]  # None where no HTTP came
    error: Optional[str]  # why not
    ms: float  # until then


def get(host: Host, target: Target, site: str, path: str, seconds: float) -> Got:
    """One GET, which follows no redirect and trusts any certificate.

    site: the server_name as it is written. seconds: for all of it. Never raises for what the network or the
    peer does.
    """
    started = host.monotonic()
    status: Optional[int] = None
    error: Optional[str] = None
    connection = _Connection(host, target, seconds)
    try:
        name = literal(site, target)
        connection.connect(name)
        status = connection.status(_request(name, target, path))
    except socket.timeout:
        error = "no answer within %g s" % seconds
    except _Failure as failure:
        error = str(failure)
    except OSError as failure:
        error = failure.strerror or str(failure)
    except ValueError as failure:  # a path beyond 107 bytes, a label beyond 63
        error = str(failure)
    finally:
        connection.socket.close()
    return Got(status, error, round((host.monotonic() - started) * 1000, 2))


def answered(got: Got) -> bool:
    """Whether the site's own backend answered, be it with an error page of its own."""
    return got.status is not None and got.status not in NO_ANSWER
