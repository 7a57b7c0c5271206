# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which pool answers each route, and how a route without one misses the pools that are there."""

from typing import TYPE_CHECKING, Dict, Iterable, List, Mapping, Optional, Sequence, Tuple

from .endpoint import Endpoint, difference, is_this_host, parse, reached

if TYPE_CHECKING:
    from ...plugin_utils.shapes.matched_route import AnsweringPool, MatchedRoute, Unmatched
    from ...plugin_utils.shapes.nginx import Route
    from ...plugin_utils.shapes.php_fpm import Master

MOST_LISTENING = 5


class Listening:
    """Endpoints on which pools listen, sorted out once for all that may be dialled instead of them."""

    def __init__(self, keys: Iterable[str]) -> None:
        self.alike: Dict[bool, List[Endpoint]] = {}
        self.ports: Dict[int, List[Endpoint]] = {}
        self.families: Dict[Tuple[int, bool], Endpoint] = {}
        for endpoint in map(parse, keys):
            self.alike.setdefault(endpoint.family == "unix", []).append(endpoint)
            if endpoint.port is not None:
                self.ports.setdefault(endpoint.port, []).append(endpoint)
                self.families.setdefault((endpoint.port, endpoint.family == "inet6"), endpoint)

    def nearest(self, dialled: str) -> Tuple[str, List[str]]:
        """(reason, the listeners that come nearest) for an endpoint on which none of them answers.

        reason: no_pool, or what the first of them has not in common with it.
        """
        there = parse(dialled)
        is_unix, port = there.family == "unix", there.port or 0
        near = self.ports.get(port) or self.alike.get(is_unix) or self.alike.get(not is_unix)
        if not near:
            return "no_pool", []
        first = self.families.get((port, there.family == "inet6"), near[0])
        return difference(there, first), [endpoint.key for endpoint in near[:MOST_LISTENING]]


def match_pools(
    routes: Sequence["Route"],
    masters: Sequence["Master"],
    real_paths: Optional[Mapping[str, str]] = None,
) -> List["MatchedRoute"]:
    """The routes, each with pools, mismatch and unmatched added.

    real_paths: {endpoint as nginx dials it: endpoint of the file that it leads to}, for sockets behind
    symbolic links. mismatch: "some_without_pool" is of an upstream's servers; "unresolved": what nginx dials
    is not known. A pool that listens on every address counts for any address with its port.
    """
    pools: Dict[str, List["AnsweringPool"]] = {}
    for master in masters:
        for pool in master["pools"]:
            if pool["endpoint"]:
                pools.setdefault(pool["endpoint"], []).append(
                    {
                        "endpoint": pool["endpoint"],
                        "config": master["config"],
                        "pool": pool["name"],
                        "unit": master["unit"],
                        "version": master["version"],
                        "running": master["running"],
                    }
                )
    others = Listening(pools)
    answers: Dict[str, List["AnsweringPool"]] = {}

    def answer(key: str) -> List["AnsweringPool"]:
        if key not in answers:
            listeners = reached(key, (real_paths or {}).get(key))
            answers[key] = [pool for listener in listeners for pool in pools.get(listener, ())]
        return answers[key]

    matched: List["MatchedRoute"] = []
    for route in routes:
        used = [one for one in route["endpoints"] if not one["down"]] or route["endpoints"]
        found = [pool for key in dict.fromkeys(one["endpoint"] for one in used) for pool in answer(key)]
        unmatched: List["Unmatched"] = []
        for one in used:
            # Of another host's endpoint it is no mistake that no pool of this one listens there.
            if not answer(one["endpoint"]) and is_this_host(parse(one["endpoint"])):
                reason, listening = others.nearest(one["endpoint"])
                unmatched.append(
                    {
                        "endpoint": one["endpoint"],
                        "written": one["written"],
                        "file": one["file"],
                        "line": one["line"],
                        "reason": reason,
                        "listening": listening,
                    }
                )
        mismatch: Optional[str] = None
        if not used:
            mismatch = "unresolved"
        elif unmatched:
            mismatch = "no_pool_listens" if len(unmatched) == len(used) else "some_without_pool"
        matched.append({**route, "pools": found, "mismatch": mismatch, "unmatched": unmatched})
    return matched
