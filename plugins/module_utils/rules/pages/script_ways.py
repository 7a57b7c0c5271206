# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The ways of a site's pools, or of nginx, to its scripts."""

from typing import TYPE_CHECKING, List, NamedTuple, Optional, Sequence

from ...parse.nginx.script_refusals import INDEX
from ..case import hider
from ..model import evidence

if TYPE_CHECKING:
    from ....plugin_utils.shapes.finding import Evidence
    from ....plugin_utils.shapes.logs import ScriptWay
    from ....plugin_utils.shapes.snapshot import Snapshot


class Barrier(NamedTuple):
    """A sandbox, a policy or a directory that keeps each way from its script."""

    reason_id: str
    words: str
    proof: "Evidence"


def ways_of(snapshot: "Snapshot", site: str, of_pools: bool) -> List["ScriptWay"]:
    """To the front page, else any."""
    known = snapshot["logs"].get("script_ways") or []
    ways = [way for way in known if way["site"] == site and bool(way["pool"]) == of_pools]
    return [way for way in ways if way["front"]] or ways


def page_of(way: "ScriptWay") -> str:
    return way["script"] + (INDEX[1:] if way["script"].endswith("/") else "")


def is_barred(way: "ScriptWay") -> bool:
    return bool(way["blocked"] or way.get("hidden") or way.get("confined"))


def is_open(way: "ScriptWay") -> bool:
    return way["there"] and not is_barred(way)


def barrier(ways: Sequence["ScriptWay"]) -> Optional[Barrier]:
    hidden = [way.get("hidden") for way in ways]
    if hidden and hidden[0] and all(hidden):
        return Barrier("hidden_root", *hider(hidden[0]))
    confined = [way.get("confined") for way in ways]
    if confined and confined[0] and all(confined):
        from ..connect.confined import of_way

        return Barrier("confined_root", *of_way(confined[0]))
    blocked = [way["blocked"] for way in ways if way["blocked"] and way["blocked"]["kind"] == "directory"]
    if not blocked or len(blocked) < len(ways):
        return None
    from ..blocked_words import why_blocked

    path = blocked[0]["path"]
    proof = evidence("file", "%s: %s" % (path, why_blocked(blocked[0])), path)
    return Barrier("closed_root", path, proof)
