# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a full queue drains, by its trend: while a crowd stays, it need not become empty."""

from typing import TYPE_CHECKING, Optional

from ..collect.host import Host
from ..parse.fastcgi import PROMPT_MS

if TYPE_CHECKING:
    from ...plugin_utils.shapes.endpoint import Endpoint
    from ...plugin_utils.shapes.finding import Finding
    from ...plugin_utils.shapes.snapshot import Snapshot

# Causes of which a full queue is what is wrong.
QUEUES = ("max_children_exhausted", "listen_backlog_full")
REACHED = ("ok", "full", "timeout")
# Seconds that new workers get to empty the queue: some pools start one a second, and each takes a request
# before it answers any.
SETTLING = 20.0
STEADY = 4.0  # seconds that nobody waits: after a restart the queue is empty, and may fill again


class Drain:
    """The queue of a finding. Made before anything is changed: the snapshot shows how it was."""

    def __init__(self, host: Host, snapshot: "Snapshot", finding: "Finding") -> None:
        before = snapshot["endpoints"].get(finding["endpoint"] or "")
        flow = before.get("flow") if before else None
        self.host = host
        self.queue = (before["queue"] or 0) if before else 0
        # answers per second
        self.rate = flow["answered"] / flow["seconds"] if flow and flow["seconds"] else 0.0
        self.answered, self.seconds = 0, 0.0
        self.began: Optional[float] = None
        self.empty_since: Optional[float] = None

    def problem(self, facts: "Optional[Endpoint]") -> Optional[str]:
        """None once nobody has waited for some seconds. After a while less is enough: a request gets through
        the queue. Or more are answered each second than before, and who comes now waits shorter.

        facts: of the endpoint. What they count is added up over the calls.
        """
        if facts is None:
            return "it was not dialled"
        connect, probe, flow = facts["connect"], facts["probe"], facts.get("flow")
        answered, queue = probe["result"] == "answered", facts["queue"] or 0
        if connect["result"] not in REACHED:
            return connect["error"] or connect["result"]
        now = self.host.monotonic()
        self.began = now if self.began is None else self.began
        if answered and not queue and (probe["ms"] or 0) <= PROMPT_MS:
            self.empty_since = now if self.empty_since is None else self.empty_since
            return None if now - self.empty_since >= STEADY else "nobody waits, but not for long"
        self.empty_since = None
        if flow:
            self.answered, self.seconds = self.answered + flow["answered"], self.seconds + flow["seconds"]
        if now - self.began < SETTLING or not answered and not self.seconds:
            return "%d requests wait, and nobody comes through at once" % queue
        if answered:
            return None  # it stood in the queue as any visitor does
        rate = self.answered / self.seconds
        # Who comes last waits for all before it: queue / rate.
        if rate > self.rate and queue * self.rate <= self.queue * rate:
            return None
        return "%.1f requests a second are answered, %.1f before, and %d wait in the queue, %d before" % (
            rate,
            self.rate,
            queue,
            self.queue,
        )
