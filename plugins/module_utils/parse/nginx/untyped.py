# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where nginx sends styles itself, and has no type for them."""

from typing import Iterator, List, Tuple

from .conf import Conf, Directive, named
from .locations import locate
from .routes import server_names
from .served import servers


def untyped(conf: Conf) -> Iterator[Tuple[List[str], Directive]]:
    """(names of a server block, the nearest types). An inner block with types has none of those around it
    (ngx_http_core_merge_loc_conf).
    """
    for http, server in servers(conf):
        way = locate(server, "/style.css")
        levels = [http, *way.blocks]
        typed = [[each for each in level.block or [] if each.name == "types"] for level in levels]
        nearest = next((each for each in reversed(typed) if each), [])
        known = [inner for each in nearest for inner in each.block or []]
        defaults = [each for level in levels for each in named(level.block or [], "default_type")]
        names = [name for name in server_names(server.block or []) if name[:1] not in ("", "~", "*", ".")]
        if not (way.certain and names and nearest and nearest is not typed[0]):
            continue
        if any("css" in each.args for each in known) or any(
            each.args[0] == "text/css" for each in defaults[-1:]
        ):
            continue
        if not any(each.name.endswith("_pass") for each in levels[-1].block or []):
            yield names, nearest[-1]
