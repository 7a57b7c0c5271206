# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a request can be passed to: the addresses of fastcgi_pass and of upstream blocks."""

import re
from typing import TYPE_CHECKING, List, Optional, Tuple

from ..endpoint import canonical, port_number
from .conf import Conf, Directive, named
from .settings import parse_time

if TYPE_CHECKING:
    from ....plugin_utils.shapes.nginx import LaterTarget, Target

FAIL_TIMEOUT = 10.0  # seconds, unless it is written
KEEPS_SINCE, KEEPS = (1, 29, 7), 32  # connections, unless it is written


def address_of(written: str) -> Tuple[str, Optional[str]]:
    """(host, port or None) of an address that is no unix socket, cut as ngx_parse_url() does."""
    if written.startswith("["):
        host, _bracket, rest = written.partition("]")
        return host + "]", rest[1:] if rest.startswith(":") else None
    host, colon, port = written.partition(":")
    return host, port if colon else None


def is_unix(written: str) -> bool:
    return written[:5].lower() == "unix:"


def fault_of(written: str) -> Optional[str]:
    """nginx's words for what is wrong with an address. "no port" is wrong in fastcgi_pass only."""
    if is_unix(written):
        return None if written[5:] else "no path in the unix domain socket"
    host, port = address_of(written)
    if "/" in written or "?" in written:
        return "invalid host"
    if port is not None and port_number(port) is None:
        return "invalid port"
    if not host:
        return "no host"
    return "no port" if port is None else None


def _server_parameters(at: Directive) -> "LaterTarget":
    """ngx_http_upstream_server(): what is not its default."""
    found: LaterTarget = {}
    for word in at.args[1:]:
        name, _equals, value = word.partition("=")
        if name == "fail_timeout":
            seconds = parse_time(value)
            if seconds is not None and seconds != FAIL_TIMEOUT:
                found["fail_timeout"] = seconds
        elif name in ("max_fails", "max_conns") and re.match(r"[0-9]{1,9}\Z", value):
            if name == "max_conns" and int(value):
                found["max_conns"] = int(value)
            elif name == "max_fails" and int(value) != 1:
                found["max_fails"] = int(value)
    return found


def target_of(written: str, at: Directive, default_port: str = "") -> "Target":
    address = "unix:" + written[5:] if is_unix(written) else written
    if default_port and not is_unix(written) and address_of(written)[1] is None:
        address += ":" + default_port
    return {
        "endpoint": canonical(address),
        "written": written,
        "file": at.file,
        "line": at.line,
        "down": "down" in at.args[1:],
        "backup": "backup" in at.args[1:],
    }


def keeps_by_default(version: Optional[str]) -> bool:
    """Whether this nginx keeps connections of an upstream that says nothing about it."""
    numbers = re.findall(r"[0-9]{1,6}", version or "")[:3]
    return tuple(map(int, numbers)) >= KEEPS_SINCE


class Upstream:
    def __init__(self, at: Directive, conf: Conf, keepalive: int = 0) -> None:
        """keepalive: where it says nothing about that."""
        self.at, self.keepalive = at, keepalive
        self.keepalive_at: Optional[Directive] = None
        self.endpoints: List[Target] = []
        block = at.block or []
        for directive in named(block, "server", "keepalive"):
            value = directive.args[0]
            fault = fault_of(value)
            if directive.name == "keepalive":
                self.keepalive = int(value) if re.match(r"[0-9]{1,9}\Z", value) else 0
                self.keepalive_at = directive
            elif fault in (None, "no port"):
                # ngx_http_upstream_server(): default_port = 80, for FastCGI too.
                target = target_of(value, directive, "80")
                target.update(_server_parameters(directive))
                self.endpoints.append(target)
            else:
                conf.refuse(directive, "bad_address", fault, value)
        if not any(directive.name == "server" for directive in block):
            conf.refuse(at, "empty_upstream")
