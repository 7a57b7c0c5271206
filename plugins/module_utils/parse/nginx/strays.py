# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Requests that were lost where today's files of nginx lead no site: nginx ran, or runs, with others.

A worker never reads a configuration: it keeps what its master had loaded when it was forked
(ngx_master_process_cycle(), ngx_spawn_process()). So what a worker that still runs has dialled, it dials.
"""

from typing import TYPE_CHECKING, Dict, List, NamedTuple, Sequence, Set

from ...signatures.lookup import meaning_of
from ...signatures.nginx import LOST
from ..endpoint import parse, reached
from ..timestamps import LOG_SECOND

if TYPE_CHECKING:
    from ....plugin_utils.shapes.endpoint import Endpoint
    from ....plugin_utils.shapes.logs import Event
    from ....plugin_utils.shapes.nginx import Nginx

_ANYWHERE = ""  # no endpoint's key
_ANY_ADDRESS = "*"  # what a name led to when nginx was started


class Stray(NamedTuple):
    site: str  # as in a route, or "default"
    event: "Event"
    runs: bool  # the worker that told of it still does


def _led_to(nginx: "Nginx", endpoints: "Dict[str, Endpoint]") -> Dict[str, Set[str]]:
    """What the files name, by site."""
    places: Dict[str, Set[str]] = {}
    loaded = nginx.get("loaded")
    newer = loaded["newer_files"] if loaded else []
    for route in nginx["routes"]:
        named = places.setdefault(route["site"] or "default", set())
        # Another location may set a variable. Where a file that decides its value is newer, that says more.
        known = not route["variable"] or not set(newer).isdisjoint(route.get("value_files", ()))
        if not known or not route["endpoints"]:
            named.add(_ANYWHERE)
        for key in [target["endpoint"] for target in route["endpoints"]]:
            there = endpoints.get(key)
            addresses = [entry["address"] for entry in (there["addresses"] if there else None) or []]
            port = parse(key).port
            hosts = ["[%s]" % address if ":" in address else address for address in addresses]
            named.update(reached(key) + ["%s:%s" % (host, port) for host in hosts])
            if parse(key).family == "name":
                named.add(_ANY_ADDRESS)
    return places


def _sites(nginx: "Nginx") -> Dict[str, Set[str]]:
    """Sites by any of their names: which one is the first may have been changed."""
    sites: Dict[str, Set[str]] = {}
    for route in nginx["routes"]:
        for name in route["server_names"] or []:
            sites.setdefault(name, set()).add(route["site"] or "default")
    for route in nginx["routes"]:
        sites[route["site"] or "default"] = {route["site"] or "default"}
    return sites


def _by_a_worker_of_now(nginx: "Nginx", event: "Event") -> bool:
    """Pids are used again, but not within the life of a worker. A snapshot from before 0.5.0 tells only
    whether the workers are older than the files.
    """
    if "loaded" not in nginx:
        at = nginx["config_changed_at"] if nginx["config_newer"] else None
        return at is not None and event["last"] + LOG_SECOND > at
    at = nginx["loaded"]["at"]
    return (
        at is not None
        and event["last"] + LOG_SECOND > at
        and not set(nginx["workers"]).isdisjoint(event["pids"])
    )


def strays(nginx: "Nginx", events: "Sequence[Event]", endpoints: "Dict[str, Endpoint]") -> List[Stray]:
    """Sites that may dial any endpoint have none."""
    lost = [
        event
        for event in events
        if event["source"] == "nginx"
        and event["endpoint"] is not None
        and "://" not in event["endpoint"]
        and meaning_of(event) in LOST
    ]
    if not lost:
        return []
    places, sites = _led_to(nginx, endpoints), _sites(nginx)
    found: List[Stray] = []
    for event in lost:
        endpoint = event["endpoint"] or ""
        names = sites.get(event["site"] or "default", set())
        led = set().union(*(places[name] for name in names)) if names else {_ANYWHERE}
        any_address = _ANY_ADDRESS in led and parse(endpoint).family != "unix"
        if not led & {_ANYWHERE, endpoint} and not any_address:
            runs = _by_a_worker_of_now(nginx, event)
            found += [Stray(name, event, runs) for name in sorted(names)]
    return found
