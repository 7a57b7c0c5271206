# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which pools take the requests that routes pass on."""

from typing import TYPE_CHECKING, List, Sequence, Tuple

from .endpoint import canonical, is_this_host, parse, reached

if TYPE_CHECKING:
    from ...plugin_utils.shapes.nginx import Route, Target
    from ...plugin_utils.shapes.php_fpm import Master, Pool
    from ...plugin_utils.shapes.snapshot import Snapshot

Serving = Tuple["Master", "Pool"]


def targets_of(route: "Route") -> List["Target"]:
    """Without those marked down, but where all are."""
    return [target for target in route["endpoints"] if not target.get("down")] or route["endpoints"]


def places_of(snapshot: "Snapshot", key: str) -> List[str]:
    """Where a pool may listen that takes what nginx dials, also on every address with its port. A port that
    may be another machine's counts by its own name alone.
    """
    facts = snapshot["endpoints"].get(key)
    if not is_this_host(parse(key)) and (facts is None or facts.get("listening") is None):
        return [key]
    real = facts["real_path"] if facts else None
    return reached(key, canonical("unix:" + real) if real else None)


def pools_behind(snapshot: "Snapshot", routes: Sequence["Route"]) -> List[Serving]:
    """The pools of these routes, whether their masters run or not."""
    keys = {target["endpoint"] for route in routes for target in targets_of(route)}
    places = {place for key in keys for place in places_of(snapshot, key)}
    masters = snapshot["fpm"]["masters"]
    return [(master, pool) for master in masters for pool in master["pools"] if pool["endpoint"] in places]
