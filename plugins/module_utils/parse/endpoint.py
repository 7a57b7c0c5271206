# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""One key for one listening place, however nginx or php-fpm spells it."""

import posixpath
import re
from typing import List, NamedTuple, Optional


class Endpoint(NamedTuple):
    key: str
    family: str  # unix, inet, inet6 or name
    path: Optional[str]  # of a socket
    address: Optional[str]
    port: Optional[int]


# Where a client of this host reaches who listens on every address.
_EVERYWHERE = {"*": "127.0.0.1", "::": "::1"}
# As /etc/hosts of distributions has them, with any domain.
_LOCALHOST = ("localhost", "localhost4", "localhost6")
_PORT = re.compile(r"^[0-9]{1,5}\Z")
_INET4 = re.compile(r"[0-9]{1,3}(\.[0-9]{1,3}){3}\Z")
# FHS 3.0, 3.15: /var/run is /run; every distribution that runs systemd makes it a link.
_RUN_ALIAS = re.compile(r"^/var/run(?=/|$)")


def port_number(text: str) -> Optional[int]:
    return int(text) if _PORT.match(text) and 0 < int(text) < 65536 else None


def parse(written: str, prefix: str = "") -> Endpoint:
    """written: by fastcgi_pass, an upstream's server, or a pool's listen. prefix: of a pool's relative socket
    path. A bare port is php-fpm's form of "every address"; a bare name without a port keeps port None.
    """
    text = written.strip().strip("\"'")
    unix = text[5:] if text.startswith("unix:") else text
    if text.startswith("unix:") or "/" in text:
        path = unix.rstrip(":")
        if not path.startswith("/"):
            path = posixpath.join(prefix or "/", path)
        path = _RUN_ALIAS.sub("/run", posixpath.normpath(path))
        return Endpoint("unix:" + path, "unix", path, None, None)
    if _PORT.match(text):
        return Endpoint("*:" + text, "inet", None, "*", port_number(text))
    if text.startswith("["):
        address, _unused, port = text[1:].partition("]")
        number = port_number(port.lstrip(":"))
        return Endpoint("[%s]:%s" % (address, number), "inet6", None, address, number)
    address, _unused, port = text.rpartition(":")
    if not address:
        address, port = text, ""
    number = port_number(port)
    family = "inet" if _INET4.match(address) or address == "*" else "name"
    if address == "0.0.0.0":
        address = "*"
    return Endpoint("%s:%s" % (address, number) if number else address, family, None, address, number)


def canonical(written: str, prefix: str = "") -> str:
    """An endpoint's key: unix:/var/run/a.sock is unix:/run/a.sock; 9000 and 0.0.0.0:9000 are *:9000."""
    return parse(written, prefix).key


def dialled_at(address: str) -> str:
    """The address at which a client of this host reaches a listener on it."""
    return _EVERYWHERE.get(address, address)


def is_loopback(address: str) -> bool:
    """Whether it means this host wherever it is written. "Every address" does, too."""
    numeric = dialled_at(address)
    return numeric.startswith("127.") or numeric == "::1" or address.lower().split(".")[0] in _LOCALHOST


def is_this_host(endpoint: Endpoint) -> bool:
    """False for an address that may well be another host's."""
    return endpoint.family == "unix" or is_loopback(endpoint.address or "")


def reached(dialled: str, real: Optional[str] = None) -> List[str]:
    """The keys of all listeners that serve a dialled endpoint: of a port also the wildcards.

    real: the key of the socket to which symbolic links lead from the dialled one.
    """
    there = parse(dialled)
    if there.port is None:
        return [dialled] if real is None else list(dict.fromkeys([dialled, real]))
    loopback = ("127.0.0.1", "localhost")
    return [dialled] + [
        "%s:%d" % (address, there.port)
        for address in ("*", "[::]") + (loopback if there.address in loopback else ())
    ]


def difference(dialled: Endpoint, listening: Endpoint) -> str:
    """How two endpoints differ: tcp_vs_unix, other_socket, other_port, address_family (the same port,
    IPv4 against IPv6) or other_address.
    """
    if (dialled.family == "unix") != (listening.family == "unix"):
        return "tcp_vs_unix"
    if dialled.family == "unix":
        return "other_socket"
    if dialled.port is None or dialled.port != listening.port:
        return "other_port"
    one_family = (dialled.family == "inet6") == (listening.family == "inet6")
    return "other_address" if one_family else "address_family"
