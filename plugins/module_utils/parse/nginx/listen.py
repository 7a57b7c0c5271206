# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""nginx's listen directives -> where this host itself reaches a virtual host."""

import re
from typing import List, NamedTuple, Optional, Sequence

from ..endpoint import dialled_at, is_loopback, port_number


class Target(NamedTuple):
    family: str  # inet, inet6 or unix
    address: str  # numeric, or a socket's path
    port: int  # 0 for unix
    tls: bool
    proxy_protocol: bool


DEFAULT_PORT = 80
_FAMILIES = ("inet", "inet6", "unix")


MOST_PORTS = 100  # of a range
_RANGE = re.compile(r"(?:(?P<host>.*):)?(?P<first>\d{1,5})(?:-(?P<last>\d{1,5}))?\Z", re.ASCII | re.DOTALL)
_ADDRESS = re.compile(r"\d+(?:\.\d+){3}\Z|\*\Z|\[[0-9A-Fa-f:.]+\]\Z", re.ASCII)
_ALL = ("", "*", "0.0.0.0")
_DEFAULT = ("default_server", "default")


def is_default(words: Sequence[str]) -> bool:
    """words: of a listen directive."""
    return not set(_DEFAULT).isdisjoint(words[1:])


def bound_at(written: str) -> List[str]:
    """Where a listen directive binds, as nginx compares addresses. []: not known without a look-up of a name,
    or UDP.
    """
    words = written.split()
    if not words or "quic" in words[1:]:
        return []
    where = words[0]
    if where[:5].lower() == "unix:":
        return [where]
    if where.endswith("]") or not _RANGE.match(where):
        where += ":80"
    match = _RANGE.match(where)
    if not match:
        return []
    host = (match.group("host") or "").lower()
    if host == "localhost":
        host = "127.0.0.1"
    elif host in _ALL:
        host = "*"
    if not _ADDRESS.match(host):
        return []
    first = port_number(match.group("first"))
    last = port_number(match.group("last") or match.group("first"))
    if not first or not last:
        return []
    return ["%s:%d" % (host, port) for port in range(first, min(last, first + MOST_PORTS) + 1)]


def shown_address(bound: str) -> str:
    """Of bound_at(), as nginx writes it."""
    return bound.replace("*:", "0.0.0.0:", 1)


def _target(written: str) -> Optional[Target]:
    """The first port of a range (nginx 1.15.10) will do."""
    bound, options = next(iter(bound_at(written)), ""), written.split()[1:]
    tls, proxy_protocol = "ssl" in options, "proxy_protocol" in options
    if bound[:5].lower() == "unix:":
        return Target("unix", bound[5:], 0, tls, proxy_protocol) if bound[5:] else None
    address, _colon, port = bound.rpartition(":")
    family = "inet6" if address.startswith("[") else "inet"
    if not port:
        return None
    return Target(family, dialled_at(address.strip("[]")), int(port), tls, proxy_protocol)


def targets(listen: Sequence[str]) -> List[Target]:
    """Each listener that an HTTP/1.1 client on this host can ask, the best one first. No directive: port 80.

    listen: the arguments of each directive, as in "[::]:443 ssl http2". A name other than localhost is left
    out: to look it up may hang.
    """
    ranked = []
    for written in listen or [str(DEFAULT_PORT)]:
        words, target = written.split(), _target(written)
        if target is None:
            continue
        rank = (
            # Before nginx 1.25.1 a plain listener with http2 understands only HTTP/2.
            "http2" in words[1:] and not target.tls,
            target.tls,
            target.family != "unix" and not is_loopback(target.address),
            _FAMILIES.index(target.family),
            target.proxy_protocol,
        )
        ranked.append((rank, target))
    ranked.sort(key=lambda pair: pair[0])
    return list(dict.fromkeys(target for _rank, target in ranked))


def takes(listen: Sequence[str], address: str, port: int) -> bool:
    """Whether a client of this host that dials this address of it comes there. Every address is loopback,
    too.
    """
    return any(
        target.port == port and (is_loopback(target.address) or target.address == address)
        for target in targets(listen)
        if target.family != "unix"
    )
