# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Server blocks that pass nothing on, and would send the source of the scripts in their directory."""

from typing import TYPE_CHECKING, List

from ...parse.nginx.conf import Directive, named
from ...parse.nginx.routes import server_names, site_name
from ..host import Host
from .front_pages import Way

if TYPE_CHECKING:
    from ....plugin_utils.shapes.nginx import Front, NamedBlock

INDEX = "/index.php"


def sent_source(host: Host, prefix: str, http: Directive, server: Directive) -> List["Front"]:
    """That an index names the script is the word of a person that it is the front page."""
    way = Way(host, prefix, http, server, INDEX)
    front = way.source("source") if way.known else None
    if not front:
        return []
    root = front["looked_for"][: -len(INDEX)]
    names = [name for each in Way(host, prefix, http, server, "/").near("index") for name in each.args]
    first = next((name for name in names if way.is_file(root + "/" + name)), "")
    block = server.block or []
    listen = [each.args[0] for each in named(block, "listen") if each.args]
    site: NamedBlock = {
        "name": site_name(server_names(block)) or "default",
        "listen": (listen or ["80"])[0],
        "file": server.file,
        "line": server.line,
    }
    return [{**front, "kind": "source_front" if first == INDEX[1:] else "source", "site": site}]
