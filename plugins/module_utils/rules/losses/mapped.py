# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Places to which a map, or a part of the request, leads a variable of fastcgi_pass. Nobody may ever come to
most of them: a place counts where requests of the site were lost.
"""

from typing import TYPE_CHECKING, List

from ...parse.endpoint import reached
from ...parse.nginx.captured import can_become, captured
from ...signatures.lookup import meaning_of
from ...signatures.nginx import LOST
from ..case import Case
from ..engine import not_mended

if TYPE_CHECKING:
    from ....plugin_utils.shapes.finding import Finding
    from ....plugin_utils.shapes.nginx import Route
    from ....plugin_utils.shapes.snapshot import Snapshot

OPENING = {
    "directory_search_allow",
    "fastcgi_pass_repoint",
    "socket_access_set",
    "socket_acl_add",
    "unit_enable",
}


def lost_ways(snapshot: "Snapshot") -> List["Route"]:
    """A route to each of them, as if it were written there."""
    lost = {
        (event["site"], key)
        for event in snapshot["logs"]["events"]
        if event["source"] == "nginx" and meaning_of(event) in LOST and event["endpoint"]
        for key in reached(event["endpoint"])
    }
    return [
        {**route, "endpoints": [target]}
        for route in snapshot["nginx"]["routes"]
        if not route["endpoints"]
        for target in route.get("candidates", [])
        if (route["site"], target["endpoint"]) in lost
    ]


def _captured(snapshot: "Snapshot") -> List["Route"]:
    return [
        {
            **route,
            "endpoints": [
                {
                    "endpoint": key,
                    "written": route["pass"],
                    "file": route["file"],
                    "line": route["line"],
                    "down": False,
                    "backup": False,
                }
            ],
        }
        for route, key in captured(snapshot["nginx"], snapshot["logs"]["events"])
    ]


def _opens(item: "Finding") -> bool:
    return any(remedy["action"] in OPENING for remedy in item["remedy"])


def by_request(case: Case, findings: List["Finding"]) -> List["Finding"]:
    """Others may write in the log that tells of the place, and a visitor chooses it. Where the line leads
    to a pool that answers as well, a stranger may have asked for one that never was: nothing is mended. Nor
    is a door opened for him to a pool that no site is meant to reach.
    """
    served = any(
        can_become(route["pass"], key)
        for route in case.routes
        for key, facts in case.snapshot["endpoints"].items()
        if facts["probe"]["result"] == "answered"
    )
    likely: List["Finding"] = [
        {**item, "confidence": "likely"} if item["confidence"] == "certain" else item for item in findings
    ]
    return [not_mended(item) if served or _opens(item) else item for item in likely]


def with_lost_ways(snapshot: "Snapshot") -> "Snapshot":
    older = snapshot.get("older")
    by_request = _captured(snapshot)
    seen = {**(older["endpoints"] if older and by_request else {}), **snapshot["endpoints"]}
    ways = [way for way in by_request if way["endpoints"][0]["endpoint"] in seen]
    routes = snapshot["nginx"]["routes"] + lost_ways(snapshot) + ways
    return {**snapshot, "endpoints": seen, "nginx": {**snapshot["nginx"], "routes": routes}}
