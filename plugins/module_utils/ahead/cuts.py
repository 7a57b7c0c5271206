# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The requests that a reload or a restart of php-fpm would cut now."""

from typing import TYPE_CHECKING, Dict, List

from ..collect.host import Host
from ..remediate.running import loaded_grace, places_of, requests_of

if TYPE_CHECKING:
    from ...plugin_utils.shapes.endpoint import Endpoint
    from ...plugin_utils.shapes.php_fpm import Master
    from ...plugin_utils.shapes.restart import Cut


def held_by(master: "Master", endpoints: "Dict[str, Endpoint]") -> List[str]:
    """The endpoints at which a running master listens now, whatever its files say."""
    return [
        key
        for key, place in endpoints.items()
        if any(holder["fpm"] and holder["pid"] == master["pid"] for holder in place["listeners"])
    ]


def _all_end_within(master: "Master", endpoints: "Dict[str, Endpoint]", grace: float) -> bool:
    """Whether php-fpm itself ends each request of a master before the grace is over."""
    known = {pool["endpoint"]: pool["terminate_timeout"] for pool in master["pools"]}
    limits = [*known.values(), *(known.get(key) for key in held_by(master, endpoints))]
    return all(0 < (limit or 0.0) <= grace for limit in limits)


def cut_of(host: Host, master: "Master", endpoints: "Dict[str, Endpoint]") -> "Cut":
    """Of a running master. A pool whose connections are not seen makes the whole unknown. endpoints: of the
    snapshot.
    """
    grace = loaded_grace(master)
    places = places_of(host, [master], held_by(master, endpoints))
    unseen = any(
        place["accepted"] is None or place["queue"] is None for place in places.values() if place["listening"]
    )
    served, waiting, _behind = requests_of(host, [master], places)
    # How long a request has run, and will run, is seen nowhere.
    may_outlast = bool(grace) and not _all_end_within(master, endpoints, grace)
    cut_at_once, cut_later = 0 if grace else served, served if may_outlast else 0
    return {
        "unit": master["unit"],
        "config": master["config"],
        "running": None if unseen else served,
        "waiting": None if unseen else waiting,
        "grace": grace,
        "reload_cuts": None if unseen else cut_at_once,
        "reload_may_cut": None if unseen else cut_later,
        "restart_cuts": None if unseen else served + waiting,
    }
