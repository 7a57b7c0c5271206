# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which planned actions belong together."""

from typing import TYPE_CHECKING, Dict, List, Sequence

from .plan import BY_ID, values

if TYPE_CHECKING:
    from ...plugin_utils.shapes.plan import Planned


def bundles(actions: Sequence["Planned"]) -> List[List["Planned"]]:
    """The actions in order. Those that only help together are one list: what a unit needs in order to start.
    Each list is one transaction, and is proven once.
    """
    lists: Dict[object, List["Planned"]] = {}
    for number, action in enumerate(actions):
        names = BY_ID[action["id"]].together
        key: object = values(action["arguments"], names) if names else number
        lists.setdefault(key, []).append(action)
    return list(lists.values())
