# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a request can be passed to: the addresses of fastcgi_pass and of upstream blocks."""

import re
from typing import TYPE_CHECKING, List, Optional, Tuple

from ..endpoint import canonical
from .conf import Conf, Directive

if TYPE_CHECKING:
    from ....plugin_utils.shapes.nginx import Target


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
    """nginx's word for what is wrong with an address, None for nothing. "no port" is wrong in fastcgi_pass
    only.
    """
    if is_unix(written):
        return None if written[5:] else "no path in the unix domain socket"
    host, port = address_of(written)
    if "/" in written or "?" in written:
        return "invalid host"
    if port is not None and not (re.match(r"[0-9]{1,5}\Z", port) and 0 < int(port) < 65536):
        return "invalid port"
    if not host:
        return "no host"
    return "no port" if port is None else None


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


class Upstream:
    def __init__(self, block: Directive, conf: Conf) -> None:
        self.keepalive = 0
        self.endpoints: List[Target] = []
        for one in block.block or []:
            if one.name == "server" and one.args:
                fault = fault_of(one.args[0])
                if fault in (None, "no port"):
                    # ngx_http_upstream_server(): default_port = 80, for FastCGI too.
                    self.endpoints.append(target_of(one.args[0], one, "80"))
                else:
                    conf.refuse(one, "bad_address", fault, one.args[0])
            elif one.name == "keepalive" and one.args and re.match(r"[0-9]{1,9}\Z", one.args[0]):
                self.keepalive = int(one.args[0])
        if not any(one.name == "server" for one in block.block or []):
            conf.refuse(block, "empty_upstream")
