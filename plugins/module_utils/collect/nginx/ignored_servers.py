# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Server blocks that nginx ignores under a name, since another one has it: nginx -t only warns."""

from typing import TYPE_CHECKING, Dict, List, Sequence, Tuple

from ...parse.nginx.conf import Conf, every
from ...parse.nginx.served import Block, blocks, servers
from ...parse.nginx.shadowed import left_to, set_aside, shadows

if TYPE_CHECKING:
    from ....plugin_utils.shapes.nginx import Ignored, NamedBlock, Route

MOST_SERVERS = 16
MOST_NAMES = 5


def _texts(conf: Conf) -> Dict[Tuple[str, int], List[object]]:
    return {
        (server.file, server.line): [
            (each.name, *each.args)
            for each in every(server.block or [])
            if each.name not in ("listen", "server_name", "access_log", "error_log")
        ]
        for _http, server in servers(conf)
    }


def _named(block: Block) -> "NamedBlock":
    name = block.names[0].lstrip(".") or "default"
    return {
        "name": name,
        "listen": (block.listen or ["80"])[0].split(" ")[0],
        "file": block.file,
        "line": block.line,
    }


def ignored_servers(conf: Conf, routes: Sequence["Route"]) -> List["Ignored"]:
    """One that says the same costs nobody anything, and a backup is not meant to answer."""
    php = {(route["server"]["file"], route["server"]["line"]) for route in routes if "server" in route}
    pairs = shadows(blocks(conf))
    texts = _texts(conf) if pairs else {}
    found: List[Ignored] = []
    for pair in pairs:
        winner, loser = [(block.file, block.line) for block in (pair.winner, pair.loser)]
        if (
            php.intersection((winner, loser))
            and texts.get(winner) != texts.get(loser)
            and not set_aside(pair.loser.file)
        ):
            found.append(
                {
                    "names": pair.names[:MOST_NAMES],
                    "address": pair.addresses[0],
                    "by": _named(pair.winner),
                    "block": _named(pair.loser),
                    "alone": not left_to(pair.loser, pairs),
                }
            )
    return found[:MOST_SERVERS]
