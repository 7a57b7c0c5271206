# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Buffers that were too small for the headers of responses, and are no larger since."""

from typing import TYPE_CHECKING, Dict, List, NamedTuple, Sequence

from ...parse.nginx.sites import sites_of
from ..model import Confidence, evidence
from .capacity_at_risk import CAUSE
from .locations import locations_of, settings_at
from .model import LatentRule, Risk, risk
from .served import Served, served_pools

if TYPE_CHECKING:
    from ....plugin_utils.shapes.finding import Evidence
    from ....plugin_utils.shapes.nginx import Route
    from ....plugin_utils.shapes.risks_capacity import BigHeaders, HeaderFacts, LocationSettings
    from ....plugin_utils.shapes.snapshot import Snapshot

DEFAULT = 4096  # bytes: nginx's own on most machines, a page of memory
DAY = 86400.0


class _Way(NamedTuple):
    """A location of a site to a pool, with its buffer."""

    route: "Route"
    settings: "LocationSettings"
    served: Served


def _written(way: _Way) -> "Evidence":
    """The buffer of a location."""
    settings = way.settings
    text = "fastcgi_buffer_size = %s bytes in location %s" % (
        settings["header_bytes"],
        settings["location"],
    )
    if settings["header"]:
        return evidence("nginx", text, settings["header"]["file"], settings["header"]["line"])
    return evidence("nginx", text + ", nginx's default", settings["file"], settings["line"])


def _hit(ways: Sequence[_Way], event: "BigHeaders") -> List[_Way]:
    """The locations that the line may be about, as they still are."""
    same = [
        way
        for way in ways
        if (way.route["site"] or None) == (event["site"] or None)
        and event["endpoint"] in [target["endpoint"] for target in way.route["endpoints"]]
    ]
    return [
        way
        for way in same
        if way.settings["changed_at"] < event["last"] or way.settings["header"] is None and len(same) == 1
    ]


def _too_big(snapshot: "Snapshot", facts: "HeaderFacts", ways: Sequence[_Way]) -> List[Risk]:
    """What was lost in the diagnosis' own window is its finding, and no risk."""
    began = snapshot["taken_at"] - snapshot["window"]
    found: List[Risk] = []
    recent = {(event["site"], event["endpoint"]) for event in facts["too_big"] if event["last"] >= began}
    for event in facts["too_big"]:
        hit = _hit(ways, event)
        if (event["site"], event["endpoint"]) in recent or not hit:
            continue
        way = min(hit, key=lambda each: each.settings["header_bytes"] or 0)
        words = "Headers of %s were larger than fastcgi_buffer_size, %s bytes, %d time%s in the last %d days."
        several = "" if event["count"] == 1 else "s"
        summary = words % (
            way.route["site"] or "the default site",
            way.settings["header_bytes"],
            event["count"],
            several,
            facts["seconds"] / DAY,
        )
        proof = [evidence("nginx_log", event["text"], event["path"], at=event["last"]), _written(way)]
        found.append(_risk(summary, proof, hit, "likely"))
    return found


def _risk(summary: str, proof: "List[Evidence]", hit: Sequence[_Way], confidence: Confidence) -> Risk:
    return risk(
        "header_buffers_small",
        summary,
        proof,
        confidence=confidence,
        severity="info",
        servers=sites_of([way.route for way in hit]),
        about=hit[0].served,
    )


def _below_default(ways: Sequence[_Way]) -> List[Risk]:
    """Somebody wrote less than nginx takes by itself."""
    by_place: Dict[object, List[_Way]] = {}
    for way in ways:
        size, at = way.settings["header_bytes"], way.settings["header"]
        if size is not None and at and size < DEFAULT:
            by_place.setdefault((at["file"], at["line"], way.served.pool["endpoint"]), []).append(way)
    words = "fastcgi_buffer_size of %s is %d bytes, less than nginx's own %d: a few cookies fill it."
    return [
        _risk(
            words
            % (hit[0].route["site"] or "the default site", hit[0].settings["header_bytes"] or 0, DEFAULT),
            [_written(way) for way in hit[:3]],
            hit,
            "possible",
        )
        for hit in by_place.values()
    ]


def _small_buffers(snapshot: "Snapshot") -> List[Risk]:
    """A site of which headers were too big is not told once more that they may be."""
    settings = locations_of(snapshot)
    ways: List[_Way] = []
    for served in served_pools(snapshot):
        for route in served.routes:
            own = settings_at(settings, route)
            if own:
                ways.append(_Way(route, own, served))
    facts = snapshot["risks"].get("big_headers")
    found = _too_big(snapshot, facts, ways) if facts else []
    at_risk = {site["name"] for each in found for site in each.reason.servers or ()}
    return found + [
        each
        for each in _below_default(ways)
        if not {site["name"] for site in each.reason.servers or ()} & at_risk
    ]


RULE = LatentRule("headers_at_risk", CAUSE, (_small_buffers,))
