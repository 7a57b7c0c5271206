# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The queue of a pool's listening socket, as the diagnosis saw it: who is served, who waits, and what it costs to drop it."""

from typing import Any, Dict, List, Tuple

from .view import View


def demand(view: View, endpoint: str) -> Dict[str, int]:
    """{busy, waiting, arrived, answered}: requests in workers' hands, those whose clients wait for one, and what came and was answered in between.

    Who has given up needs no worker. Where nobody tells them apart all count, without the probe's own connection.
    """
    seen = view.snapshot["endpoints"].get(endpoint) or {}
    probe, flow = seen.get("probe") or {}, seen.get("flow") or {}
    live = (seen.get("waiting") or {}).get("live")
    queue = max((probe.get("queue") or 0) - (probe.get("result") == "no_answer"), seen.get("queue") or 0, 0)
    return {"busy": max(probe.get("accepted") or 0, seen.get("accepted") or 0), "waiting": queue if live is None else live,
            "arrived": flow.get("arrived") or 0, "answered": flow.get("answered") or 0}


def verb(view: View, arguments: Dict[str, Any], endpoint: str, workers: int) -> Tuple[str, List[str]]:
    """(reload or restart, notes on it): a restart drops the queue, where it is asked for and so many workers would not take it up at once."""
    seen = view.snapshot["endpoints"].get(endpoint) or {}
    if not arguments.get("drop_backlog") or (seen.get("queue") or 0) <= workers:
        return "reload", []
    waiting = seen["waiting"]
    return "restart", ["a restart drops the queue, in which %d requests whose clients have gone stand before the others; "
                       "it costs up to %d requests that wait and %d that workers serve for a client who is still there" % (
                           waiting["dead"], waiting["live"], max(0, (seen.get("accepted") or 0) - (seen.get("abandoned") or 0)))]
