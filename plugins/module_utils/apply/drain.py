# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a full queue drains, by the trend: while a crowd stays, a queue that is served well enough need not be empty."""

from typing import Any, Dict, Optional

from ..collect.host import Host

# Of findings with these causes a queue is what is wrong.
QUEUES = ("max_children_exhausted", "listen_backlog_full")
REACHED = ("ok", "full", "timeout")
LEAST_SECONDS = 3.0  # of which answers are counted before they are compared


class Drain:
    """One finding's queue. Made before anything is changed: the snapshot shows how many waited, came and were answered."""

    def __init__(self, host: Host, snapshot: Dict[str, Any], finding: Dict[str, Any]) -> None:
        before = snapshot["endpoints"].get(finding["endpoint"]) or {}
        flow = before.get("flow") or {"seconds": 0.0, "answered": 0}
        self.host = host
        self.queue = before.get("queue") or 0
        self.rate = flow["answered"] / flow["seconds"] if flow["seconds"] else 0.0  # answers per second
        self.answered, self.seconds = 0, 0.0
        self.began: Optional[float] = None

    def complaint(self, facts: Dict[str, Any]) -> Optional[str]:
        """facts: of the endpoint, see collect_endpoints(). None when a request got through, or when more are answered per second than before and
        who comes now waits shorter; else what is still wrong. Asked again and again: it adds up what it is shown."""
        connect, probe, flow = facts.get("connect") or {}, facts.get("probe") or {}, facts.get("flow")
        if probe.get("result") == "answered":
            return None  # it stood in the queue as any visitor does
        if connect.get("result") not in REACHED:
            return str(connect.get("error") or connect.get("result"))
        now = self.host.monotonic()
        self.began = now if self.began is None else self.began
        if flow:
            self.answered, self.seconds = self.answered + flow["answered"], self.seconds + flow["seconds"]
        if now - self.began < LEAST_SECONDS or not self.seconds:
            return "%s requests wait, and nobody is answered yet" % facts.get("queue")
        rate = self.answered / self.seconds
        # Who comes last waits for all before it: queue / rate.
        if rate > self.rate and (facts.get("queue") or 0) * self.rate <= self.queue * rate:
            return None
        return "%.1f requests a second are answered, %.1f before, and %s wait in the queue, %d before" % (rate, self.rate, facts.get("queue"), self.queue)
