# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The server blocks of nginx, as they are written."""

from typing import Iterator, List, NamedTuple, Tuple

from .conf import Conf, Directive, named


class Block(NamedTuple):
    """A server block of http."""

    file: str
    line: int
    names: List[str]  # as written; [""]: none
    listen: List[str]  # arguments of each directive
    tls: bool  # "ssl on" of the block, as before nginx 1.15


def servers(conf: Conf) -> Iterator[Tuple[Directive, Directive]]:
    """(http without its servers and upstreams, which may be thousands; a server block of it). Those of stream
    have no names, locations or pages.
    """
    for http in conf.directives:
        inside = http.block or [] if http.name == "http" else []
        own = http._replace(block=[each for each in inside if each.name not in ("server", "upstream")])
        for server in inside:
            if server.name == "server" and server.block is not None:
                yield own, server


def blocks(conf: Conf) -> List[Block]:
    """The server blocks, in the order of the configuration."""
    return [_block(server, server.block or []) for _http, server in servers(conf)]


def _block(server: Directive, inside: List[Directive]) -> Block:
    names = [name for line in named(inside, "server_name") for name in line.args]
    listen = [" ".join(line.args) for line in named(inside, "listen")]
    tls = any(line.args == ["on"] for line in named(inside, "ssl"))
    return Block(server.file, server.line, names or [""], listen, tls)
