# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Locations to which nginx sends a copy of a request alone: no visitor sees their answers."""

from typing import TYPE_CHECKING, Iterator, List, Set, Tuple

from .conf import Conf, Directive, every

if TYPE_CHECKING:
    from ....plugin_utils.shapes.nginx import Route

_Place = Tuple[str, int, str]  # file and line of the server block, location


def _mirrors(directives: List[Directive]) -> Set[str]:
    return {each.args[0] for each in directives if each.name == "mirror" and each.args}


def _copies(server: Directive, inherited: Set[str]) -> Iterator[_Place]:
    """The locations that only mirror leads to: error_page, try_files or rewrite lead visitors there, too."""
    inside = list(every(server.block or []))
    led = [arg for each in inside if each.name not in ("mirror", "location") for arg in each.args]
    for uri in _mirrors(inside) | inherited:
        if any(arg.startswith(uri) for arg in led):
            continue
        for each in inside:
            internal = any(inner.name == "internal" for inner in each.block or ())
            if each.name == "location" and each.args[-1:] == [uri] and internal:
                yield server.file, server.line, " ".join(each.args)


def without_mirrors(conf: Conf, routes: List["Route"]) -> Tuple[List["Route"], List[str]]:
    """(the routes of visitors, the endpoints that only the others dial)"""
    of_all = [each for http in conf.directives if http.name == "http" for each in http.block or ()]
    servers = [each for each in every(conf.directives) if each.name == "server" and each.block]
    copies = {place for server in servers for place in _copies(server, _mirrors(of_all))}
    kept = [
        route
        for route in routes
        if (route["server"]["file"], route["server"]["line"], route["location"]) not in copies
    ]
    dialled = {target["endpoint"] for route in kept for target in route["endpoints"]}
    copied = {target["endpoint"] for route in routes for target in route["endpoints"]} - dialled
    return kept, sorted(copied)
