# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The queue of a pool's listening socket as the diagnosis saw it: who waits, and what a drop of it costs."""

from typing import TYPE_CHECKING, Dict, List, NamedTuple, Optional, Tuple

from ..parse.endpoint import reached
from ..parse.fastcgi import PROMPT_MS
from ..signatures.lookup import meaning_of
from ..signatures.nginx import QUEUE_FULL
from .view import View, master_of

if TYPE_CHECKING:
    from ...plugin_utils.shapes.endpoint import Endpoint, Flow, Probe, Waiting

RECENT = 30.0  # seconds of nginx's log that show how many are refused now
LATELY = 5.0  # seconds for which a refused visitor counts as one who waits, where no answer tells how long
FEW = 16  # places: too few for a crowd that comes at once, even if many workers are free


def _refused(view: View, endpoint: str) -> float:
    """Requests a second for which the queue has no place, by nginx's log."""
    now = view.snapshot["taken_at"]
    rate = 0.0
    for event in view.snapshot["logs"]["events"]:
        if meaning_of(event) in QUEUE_FULL and event["endpoint"] and endpoint in reached(event["endpoint"]):
            # Of many losses only the newest times are kept.
            since = max(now - RECENT, event["times"][0] if event["count"] > len(event["times"]) else 0.0)
            rate += sum(1 for at in event["times"] if at >= since) / max(1.0, now - since)
    return rate


def _late(probe: "Probe") -> float:
    """Milliseconds until the answer. 0.0: there was none, or it came at once."""
    late = probe["result"] == "answered" and (probe["ms"] or 0.0) > PROMPT_MS
    return (probe["ms"] or 0.0) if late else 0.0


def _cycle(probe: "Probe", busy: int) -> "Flow":
    """What comes and goes in the time of one request, by the probe's own wait alone. On average it waited
    for half of a request.
    """
    seconds = 2 * _late(probe) / 1000.0
    served = busy if seconds else 0
    return {"seconds": seconds, "arrived": served, "answered": served}


def shows_arrivals(endpoint: "Endpoint") -> bool:
    """Whether the look at an endpoint tells how many come: the probe got no answer, or a late one."""
    return bool(endpoint.get("flow") or _late(endpoint["probe"]))


def _waiting(endpoint: "Endpoint") -> "Waiting":
    return endpoint.get("waiting") or {"live": None, "dead": None}


def demand(view: View, endpoint: str) -> Dict[str, int]:
    """For sizing.size(). A client that has given up needs no worker. Where that is unknown, all count but the
    probe. Where no answer was late, nobody knows how long a request takes: then those count who were refused
    lately.
    """
    seen = view.snapshot["endpoints"].get(endpoint)
    if not seen:
        return {"busy": 0, "waiting": 0, "arrived": 0, "answered": 0}
    probe, live = seen["probe"], _waiting(seen)["live"]
    queue = max((probe["queue"] or 0) - (probe["result"] == "no_answer"), seen["queue"] or 0, 0)
    busy = max(probe["accepted"] or 0, seen["accepted"] or 0)
    flow = seen.get("flow") or _cycle(probe, busy)
    rate, seconds = _refused(view, endpoint), flow["seconds"]
    return {
        "busy": busy,
        "waiting": (queue if live is None else live) + (0 if seconds else round(rate * LATELY)),
        "arrived": flow["arrived"] + round(rate * seconds),
        "answered": flow["answered"],
    }


def crowd_has_left(view: View, endpoint: str, wanted: Dict[str, int]) -> bool:
    """No client waits, and none came while we looked."""
    seen = view.snapshot["endpoints"].get(endpoint)
    return bool(seen and seen.get("flow")) and not wanted["waiting"] and not wanted["arrived"]


class Arguments(NamedTuple):
    """Of the actions for a pool that a crowd has filled."""

    config: str  # of the master
    pool: str
    unit: Optional[str]  # that starts php-fpm; None: none
    drop_backlog: bool = False  # the queue goes with the socket: a restart


def verb(view: View, arguments: Arguments, endpoint: str, workers: int) -> Tuple[str, List[str]]:
    """(reload or restart, notes). A restart drops the queue, where the finding asks for it.

    workers: of the larger pool. Where they can serve at once all that wait, nothing is dropped.
    """
    seen = view.snapshot["endpoints"].get(endpoint)
    notes: List[str] = []
    if not seen:
        return "reload", notes
    if seen["backlog"] is not None and seen["backlog"] < FEW:
        notes.append(
            "listen.backlog = %d stays: it still refuses some of a crowd that comes at once" % seen["backlog"]
        )
    if not arguments.drop_backlog or (seen["queue"] or 0) <= workers:
        return "reload", notes
    served = live = 0
    for pool in master_of(view, arguments.config)["pools"]:
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
        "in all pools of %s, and those that come meanwhile" % (live, served, arguments.unit)
    )
    return "restart", notes
