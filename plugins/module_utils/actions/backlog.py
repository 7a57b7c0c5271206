# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The queue of a pool's listening socket as the diagnosis saw it: who waits, and what dropping it costs."""

from typing import Any, Dict, List, Mapping, Tuple

from ..parse.endpoint import reached
from ..parse.fastcgi import PROMPT_MS
from ..signatures.lookup import meaning_of, meanings
from .view import View, master_of

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


def _cycle(probe: Dict[str, Any], busy: int) -> Dict[str, Any]:
    """What comes and goes in the time of one request, where only the probe's own wait tells it: on average
    half of a request was left.
    """
    seconds = 2 * (probe.get("ms") or 0) / 1000.0 if counted({"probe": probe}) else 0.0
    return {"seconds": seconds, "arrived": busy if seconds else 0, "answered": busy if seconds else 0}


def counted(place: Mapping[str, Any]) -> bool:
    """Whether the look at an endpoint tells how many come: the probe was not answered, or late."""
    probe = place.get("probe") or {}
    return bool(place.get("flow")) or probe.get("result") == "answered" and (probe.get("ms") or 0) > PROMPT_MS


def demand(view: View, endpoint: str) -> Dict[str, int]:
    """For sizing.size(). Who has given up needs no worker; where nobody tells, all count but the probe."""
    seen = view.snapshot["endpoints"].get(endpoint) or {}
    probe = seen.get("probe") or {}
    live = (seen.get("waiting") or {}).get("live")
    queue = max((probe.get("queue") or 0) - (probe.get("result") == "no_answer"), seen.get("queue") or 0, 0)
    busy = max(probe.get("accepted") or 0, seen.get("accepted") or 0)
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
    flow = (view.snapshot["endpoints"].get(endpoint) or {}).get("flow")
    return bool(flow) and not wanted["waiting"] and not wanted["arrived"]


def verb(view: View, arguments: Dict[str, Any], endpoint: str, workers: int) -> Tuple[str, List[str]]:
    """(reload or restart, notes). A restart drops the queue, where that is asked for.

    workers: of the larger pool; where they can take up all that wait at once, nothing is dropped.
    """
    seen = view.snapshot["endpoints"].get(endpoint) or {}
    notes: List[str] = []
    if seen.get("backlog") is not None and seen["backlog"] < FEW:
        notes.append(
            "listen.backlog = %d stays: it still refuses some of a crowd that comes at once" % seen["backlog"]
        )
    if not arguments.get("drop_backlog") or (seen.get("queue") or 0) <= workers:
        return "reload", notes
    pools = master_of(view, arguments["config"])["pools"]
    places = [view.snapshot["endpoints"].get(pool["endpoint"]) or {} for pool in pools]
    served = sum(max(0, (place.get("accepted") or 0) - (place.get("abandoned") or 0)) for place in places)
    live = sum(
        (place.get("queue") or 0) - ((place.get("waiting") or {}).get("dead") or 0) for place in places
    )
    notes.append(
        "a restart drops the queue, in which %d requests whose clients have gone stand before the others"
        % seen["waiting"]["dead"]
    )
    notes.append(
        "of requests whose clients are still there it costs up to %d that wait and %d that are served, "
        "in all pools of %s, and those that come meanwhile" % (live, served, arguments["unit"])
    )
    return "restart", notes
