# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The queue of a pool's listening socket as the diagnosis saw it: who waits, and what dropping it costs."""

from typing import TYPE_CHECKING, Dict, List, NamedTuple, Optional, Tuple

from ..parse.endpoint import reached
from ..parse.fastcgi import PROMPT_MS
from ..signatures.lookup import meaning_of, meanings
from .view import View, master_of

if TYPE_CHECKING:
    from ...plugin_utils.shapes.endpoint import Endpoint, Flow, Probe, Waiting

REFUSED = meanings("queue_full", "connect_timed_out")  # by nginx's log
RECENT = 30.0  # seconds of its log that show how many are refused now
FEW = 16  # places: a crowd that comes at once finds no room, however many workers are free


def _refused(view: View, endpoint: str) -> float:
    """Requests a second for which the queue has no place, by nginx's log."""
    now = view.snapshot["taken_at"]
    rate = 0.0
    for event in view.snapshot["logs"]["events"]:
        if meaning_of(event) in REFUSED and event["endpoint"] and endpoint in reached(event["endpoint"]):
            # Of many only the newest times are kept.
            since = max(now - RECENT, event["times"][0] if event["count"] > len(event["times"]) else 0.0)
            rate += sum(1 for at in event["times"] if at >= since) / max(1.0, now - since)
    return rate


def _late(probe: "Probe") -> float:
    """Milliseconds until an answer that was waited for; 0.0: there was none, or it came at once."""
    late = probe["result"] == "answered" and (probe["ms"] or 0.0) > PROMPT_MS
    return (probe["ms"] or 0.0) if late else 0.0


def _cycle(probe: "Probe", busy: int) -> "Flow":
    """What comes and goes in the time of one request, where only the probe's own wait tells it: on average
    half of a request was left.
    """
    seconds = 2 * _late(probe) / 1000.0
    served = busy if seconds else 0
    return {"seconds": seconds, "arrived": served, "answered": served}


def counted(endpoint: "Endpoint") -> bool:
    """Whether the look at an endpoint tells how many come: the probe was not answered, or late."""
    return bool(endpoint.get("flow") or _late(endpoint["probe"]))


def _waiting(endpoint: "Endpoint") -> "Waiting":
    return endpoint.get("waiting") or {"live": None, "dead": None}


def demand(view: View, endpoint: str) -> Dict[str, int]:
    """For sizing.size(). Who has given up needs no worker; where nobody tells, all count but the probe."""
    seen = view.snapshot["endpoints"].get(endpoint)
    if not seen:
        return {"busy": 0, "waiting": 0, "arrived": 0, "answered": 0}
    probe, live = seen["probe"], _waiting(seen)["live"]
    queue = max((probe["queue"] or 0) - (probe["result"] == "no_answer"), seen["queue"] or 0, 0)
    busy = max(probe["accepted"] or 0, seen["accepted"] or 0)
    flow = seen.get("flow") or _cycle(probe, busy)
    refused = round(_refused(view, endpoint) * flow["seconds"])
    return {
        "busy": busy,
        "waiting": queue if live is None else live,
        "arrived": flow["arrived"] + refused,
        "answered": flow["answered"],
    }


def over(view: View, endpoint: str, wanted: Dict[str, int]) -> bool:
    """Whether nobody whose client is there waits, and nobody came while we looked: the crowd has left."""
    seen = view.snapshot["endpoints"].get(endpoint)
    return bool(seen and seen.get("flow")) and not wanted["waiting"] and not wanted["arrived"]


class Drop(NamedTuple):
    """Of a queue. asked: whether a restart may drop it, by the finding."""

    config: str  # of the master
    unit: Optional[str]  # that starts it
    asked: bool


def verb(view: View, drop: Drop, endpoint: str, workers: int) -> Tuple[str, List[str]]:
    """(reload or restart, notes). A restart drops the queue, where that is asked for.

    workers: of the larger pool; where they can take up all that wait at once, nothing is dropped.
    """
    seen = view.snapshot["endpoints"].get(endpoint)
    notes: List[str] = []
    if not seen:
        return "reload", notes
    if seen["backlog"] is not None and seen["backlog"] < FEW:
        notes.append(
            "listen.backlog = %d stays: it still refuses some of a crowd that comes at once" % seen["backlog"]
        )
    if not drop.asked or (seen["queue"] or 0) <= workers:
        return "reload", notes
    served = live = 0
    for pool in master_of(view, drop.config)["pools"]:
        place = view.snapshot["endpoints"].get(pool["endpoint"] or "")
        if place:
            served += max(0, (place["accepted"] or 0) - (place.get("abandoned") or 0))
            live += (place["queue"] or 0) - (_waiting(place)["dead"] or 0)
    notes.append(
        "a restart drops the queue, in which %d requests whose clients have gone stand before the others"
        % (_waiting(seen)["dead"] or 0)
    )
    notes.append(
        "of requests whose clients are still there it costs up to %d that wait and %d that are served, "
        "in all pools of %s, and those that come meanwhile" % (live, served, drop.unit)
    )
    return "restart", notes
