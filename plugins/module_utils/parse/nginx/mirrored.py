# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Locations to which nginx sends a copy of a request alone: no visitor sees their answers."""

from typing import TYPE_CHECKING, List, Set, Tuple

from .conf import Conf, every

if TYPE_CHECKING:
    from ....plugin_utils.shapes.nginx import Route


def without_mirrors(conf: Conf, routes: List["Route"]) -> Tuple[List["Route"], List[str]]:
    """(the routes of visitors, the endpoints that only the others dial)"""
    directives = list(every(conf.directives))
    uris = {each.args[0] for each in directives if each.name == "mirror" and each.args}
    copies: Set[str] = set()
    others: Set[str] = set()
    for each in directives:
        if each.name == "location" and each.args and each.args[-1] in uris:
            internal = any(inner.name == "internal" for inner in each.block or ())
            (copies if internal else others).add(" ".join(each.args))
    kept = [route for route in routes if route["location"] not in copies - others]
    dialled = {target["endpoint"] for route in kept for target in route["endpoints"]}
    copied = {target["endpoint"] for route in routes for target in route["endpoints"]} - dialled
    return kept, sorted(copied)
