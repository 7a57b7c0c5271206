# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which pool answers each route, and how a route without one misses the pools that are there."""

from functools import partial
from typing import TYPE_CHECKING, Callable, Dict, Iterable, List, Mapping, Optional, Sequence, Tuple

from .endpoint import Endpoint, difference, is_this_host, parse, reached
from .pools_at import Serving, places_of, targets_of

if TYPE_CHECKING:
    from ...plugin_utils.shapes.matched_route import AnsweringPool, MatchedRoute, Unmatched
    from ...plugin_utils.shapes.nginx import Route, Target
    from ...plugin_utils.shapes.php_fpm import Master, Pool
    from ...plugin_utils.shapes.snapshot import Snapshot

MOST_LISTENING = 5


class Listening:
    """Endpoints on which pools listen, sorted once for all that nginx may dial instead."""

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


class PoolsAt:
    """pools_behind() for thousands of routes. places: as places_of()"""

    def __init__(self, masters: Sequence["Master"], places: Callable[[str], List[str]]) -> None:
        self._places = places
        self.pools: Dict[str, List[Serving]] = {}
        for master in masters:
            for pool in master["pools"]:
                if pool["endpoint"]:
                    self.pools.setdefault(pool["endpoint"], []).append((master, pool))

    def at(self, key: str) -> List[Serving]:
        return [each for place in self._places(key) for each in self.pools.get(place, ())]

    def behind(self, route: "Route") -> List[Serving]:
        keys = dict.fromkeys(target["endpoint"] for target in targets_of(route))
        return list({id(each[1]): each for key in keys for each in self.at(key)}.values())


def pools_at(snapshot: "Snapshot") -> PoolsAt:
    return PoolsAt(snapshot["fpm"]["masters"], partial(places_of, snapshot))


def match_pools(
    routes: Sequence["Route"], masters: Sequence["Master"], real_paths: Optional[Mapping[str, str]] = None
) -> List["MatchedRoute"]:
    """The routes, each with pools, mismatch and unmatched added.

    real_paths: {endpoint as nginx dials it: endpoint of the file that it leads to}, for sockets behind
    symbolic links. A pool that listens on every address counts for any address with its port.
    """
    known = PoolsAt(masters, lambda key: reached(key, (real_paths or {}).get(key)))
    others = Listening(known.pools)
    answers: Dict[str, List["AnsweringPool"]] = {}

    def answer(key: str) -> List["AnsweringPool"]:
        if key not in answers:
            answers[key] = [_answering(master, pool) for master, pool in known.at(key)]
        return answers[key]

    matched: List["MatchedRoute"] = []
    for route in routes:
        targets = targets_of(route)
        keys = dict.fromkeys(target["endpoint"] for target in targets)
        # Of another host's endpoint it is no mistake that no pool of this one listens there.
        missed = [
            target
            for target in targets
            if not answer(target["endpoint"]) and is_this_host(parse(target["endpoint"]))
        ]
        matched.append(
            {
                **route,
                "pools": [pool for key in keys for pool in answer(key)],
                "mismatch": _mismatch(len(targets), len(missed)),
                "unmatched": [_unmatched(target, others) for target in missed],
            }
        )
    return matched


def _answering(master: "Master", pool: "Pool") -> "AnsweringPool":
    return {
        "endpoint": pool["endpoint"] or "",
        "config": master["config"],
        "pool": pool["name"],
        "unit": master["unit"],
        "version": master["version"],
        "running": master["running"],
    }


def _mismatch(targets: int, missed: int) -> Optional[str]:
    if not targets:
        return "unresolved"  # what nginx dials is not known
    if not missed:
        return None
    return "no_pool_listens" if missed == targets else "some_without_pool"


def _unmatched(target: "Target", others: Listening) -> "Unmatched":
    reason, listening = others.nearest(target["endpoint"])
    return {
        "endpoint": target["endpoint"],
        "written": target["written"],
        "file": target["file"],
        "line": target["line"],
        "reason": reason,
        "listening": listening,
    }
