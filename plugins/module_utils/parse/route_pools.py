# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which pool answers each route, and how a route without one misses the pools that are there."""

from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

from .endpoint import parse, reaches

_LOOPBACK = ("127.", "localhost", "::1", "*")
MOST_LISTENING = 5


def _elsewhere(endpoint: str) -> bool:
    """Whether another host may well be meant: then it is no mistake that no pool of this one listens there."""
    there = parse(endpoint)
    return there.family != "unix" and not (there.address or "").lower().startswith(_LOOPBACK)


def difference(dialled: str, listening: Sequence[str]) -> Tuple[str, List[str]]:
    """(reason, the listeners that come nearest) for an endpoint on which none of the listening endpoints answers.

    reason: no_pool, other_socket, other_port, address_family (the same port, the other of IPv4 and IPv6),
    other_address (the same port and family) or tcp_vs_unix.
    """
    there = parse(dialled)
    parsed = [(key, parse(key)) for key in listening]
    alike = [(key, one) for key, one in parsed if (one.family == "unix") == (there.family == "unix")]
    if not parsed:
        return "no_pool", []
    if not alike:
        return "tcp_vs_unix", [key for key, _one in parsed[:MOST_LISTENING]]
    if there.family == "unix":
        return "other_socket", [key for key, _one in alike[:MOST_LISTENING]]
    same_port = [(key, one) for key, one in alike if one.port == there.port]
    if not same_port:
        return "other_port", [key for key, _one in alike[:MOST_LISTENING]]
    other_family = all((one.family == "inet6") != (there.family == "inet6") for _key, one in same_port)
    return "address_family" if other_family else "other_address", [key for key, _one in same_port[:MOST_LISTENING]]


def match_pools(routes: Sequence[Mapping[str, Any]], masters: Sequence[Mapping[str, Any]],
                real_paths: Optional[Mapping[str, str]] = None) -> List[Dict[str, Any]]:
    """The routes, each with pools, mismatch and unmatched added.

    real_paths: {endpoint as nginx dials it: endpoint of the file that it leads to}, for sockets behind symbolic links.
    pools: [{endpoint, config, pool, unit, version, running}], what answers, in the order of the route's endpoints.
    mismatch: None, "no_pool_listens", "some_without_pool" (of an upstream's servers), or "unresolved" (what nginx dials is not known).
    unmatched: [{endpoint, written, file, line, reason, listening}]. An address of another host is never in it.
    A pool that listens on every address counts for any address with its port.
    """
    pools: Dict[str, List[Dict[str, Any]]] = {}
    for master in masters:
        for pool in master["pools"]:
            if pool["endpoint"]:
                pools.setdefault(pool["endpoint"], []).append({
                    "endpoint": pool["endpoint"], "config": master["config"], "pool": pool["name"], "unit": master["unit"],
                    "version": master["version"], "running": master["running"]})
    networked = [key for key in pools if parse(key).family != "unix"]
    answers: Dict[str, List[Dict[str, Any]]] = {}

    def answer(key: str) -> List[Dict[str, Any]]:
        if key not in answers:
            real = (real_paths or {}).get(key, key)
            keys = [one for one in (key, real) if one in pools] or [one for one in networked if reaches(key, one)]
            answers[key] = [pool for one in dict.fromkeys(keys) for pool in pools[one]]
        return answers[key]

    matched = []
    for route in routes:
        used = [one for one in route["endpoints"] if not one["down"]] or route["endpoints"]
        found = [pool for key in dict.fromkeys(one["endpoint"] for one in used) for pool in answer(key)]
        unmatched = []
        for one in used:
            if not answer(one["endpoint"]) and not _elsewhere(one["endpoint"]):
                reason, listening = difference(one["endpoint"], list(pools))
                unmatched.append({"endpoint": one["endpoint"], "written": one["written"], "file": one["file"], "line": one["line"],
                                  "reason": reason, "listening": listening})
        mismatch = None
        if not used:
            mismatch = "unresolved"
        elif unmatched:
            mismatch = "no_pool_listens" if len(unmatched) == len(used) else "some_without_pool"
        matched.append(dict(route, pools=found, mismatch=mismatch, unmatched=unmatched))
    return matched
