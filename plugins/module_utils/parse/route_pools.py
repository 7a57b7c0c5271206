# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which pool answers each route, and how a route without one misses the pools that are there."""

from typing import Any, Dict, Iterable, List, Mapping, Optional, Sequence, Set, Tuple

from .endpoint import is_this_host, parse, reached

MOST_LISTENING = 5


class Listening:
    """Endpoints on which pools listen, sorted out once for all that may be dialled instead of them."""

    def __init__(self, keys: Iterable[str]) -> None:
        self.alike: Dict[bool, List[str]] = {}
        self.ports: Dict[Optional[int], List[str]] = {}
        self.families: Set[Tuple[Optional[int], bool]] = set()
        for key in keys:
            one = parse(key)
            self.alike.setdefault(one.family == "unix", []).append(key)
            self.ports.setdefault(one.port, []).append(key)
            self.families.add((one.port, one.family == "inet6"))

    def difference(self, dialled: str) -> Tuple[str, List[str]]:
        """(reason, the listeners that come nearest) for an endpoint on which none of them answers.

        reason: no_pool, other_socket, other_port, address_family (the same port, the other of IPv4 and IPv6),
        other_address (the same port and family) or tcp_vs_unix.
        """
        there = parse(dialled)
        unix = there.family == "unix"
        if not self.alike:
            return "no_pool", []
        if unix not in self.alike:
            return "tcp_vs_unix", self.alike[not unix][:MOST_LISTENING]
        same_port = [] if unix or there.port is None else self.ports.get(there.port, [])
        if not same_port:
            return "other_socket" if unix else "other_port", self.alike[unix][:MOST_LISTENING]
        same_family = (there.port, there.family == "inet6") in self.families
        return "other_address" if same_family else "address_family", same_port[:MOST_LISTENING]


def match_pools(
    routes: Sequence[Mapping[str, Any]],
    masters: Sequence[Mapping[str, Any]],
    real_paths: Optional[Mapping[str, str]] = None,
) -> List[Dict[str, Any]]:
    """The routes, each with pools, mismatch and unmatched added.

    real_paths: {endpoint as nginx dials it: endpoint of the file that it leads to}, for sockets behind
    symbolic links. pools: [{endpoint, config, pool, unit, version, running}], what answers, in the order of
    the route's endpoints. mismatch: None, "no_pool_listens", "some_without_pool" (of an upstream's servers),
    or "unresolved" (what nginx dials is not known). unmatched: [{endpoint, written, file, line, reason,
    listening}]. An address of another host is never in it. A pool that listens on every address counts for
    any address with its port.
    """
    pools: Dict[str, List[Dict[str, Any]]] = {}
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
    answers: Dict[str, List[Dict[str, Any]]] = {}

    def answer(key: str) -> List[Dict[str, Any]]:
        if key not in answers:
            listeners = reached(key, (real_paths or {}).get(key))
            answers[key] = [pool for listener in listeners for pool in pools.get(listener, ())]
        return answers[key]

    matched = []
    for route in routes:
        used = [one for one in route["endpoints"] if not one["down"]] or route["endpoints"]
        found = [pool for key in dict.fromkeys(one["endpoint"] for one in used) for pool in answer(key)]
        unmatched = []
        for one in used:
            # Of another host's endpoint it is no mistake that no pool of this one listens there.
            if not answer(one["endpoint"]) and is_this_host(parse(one["endpoint"])):
                reason, listening = others.difference(one["endpoint"])
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
        mismatch = None
        if not used:
            mismatch = "unresolved"
        elif unmatched:
            mismatch = "no_pool_listens" if len(unmatched) == len(used) else "some_without_pool"
        matched.append(dict(route, pools=found, mismatch=mismatch, unmatched=unmatched))
    return matched
