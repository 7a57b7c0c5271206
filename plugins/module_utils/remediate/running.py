# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The requests that run while an action is taken: how many it cuts, and a moment in which it cuts none.

A restart of php-fpm ends the requests of all its pools, and those that wait. A reload ends those that run,
unless the master has loaded a process_control_timeout. To write one now is too late: the old master ends its
workers by the old one.
"""

import contextlib
import threading
from typing import TYPE_CHECKING, Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from ..collect.endpoint.endpoints import collect_endpoints
from ..collect.host import Host
from ..collect.linux.processes import Process, processes
from ..work.step import REMEDIATE, Refused, Step
from .nginx_errors import lost_since

if TYPE_CHECKING:
    from ...plugin_utils.shapes.endpoint import Endpoint
    from ...plugin_utils.shapes.nginx import Nginx
    from ...plugin_utils.shapes.php_fpm import Master

PAUSE = 0.1  # seconds between two looks
AFTERMATH = 2.0  # seconds: a reload has only begun when its command is over
# The call read, of x86_64 and of the generic table: in it a worker whose connection is kept alive waits for
# the next request.
_READ = frozenset(("0", "63"))


class _Gap(NamedTuple):
    """A command that cuts requests."""

    seen: int  # requests that ran, or waited, right before it
    reached: List[str]  # endpoints at which nginx found php-fpm then
    began: float  # epoch seconds
    ended: float  # epoch seconds


def _waits_for_its_client(host: Host, pid: int) -> bool:
    words = (host.text("/proc/%d/syscall" % pid) or "").split()
    return (
        len(words) > 1
        and words[0] in _READ
        and (host.readlink("/proc/%d/fd/%d" % (pid, int(words[1], 16))) or "").startswith("socket:")
    )


def _waiting(place: "Endpoint") -> Tuple[int, int]:
    """(connections in the queue with a client, or all where that is unknown; those whose client has gone)."""
    known = place.get("waiting")
    if known is None or known["live"] is None:
        return place["queue"] or 0, (known["dead"] or 0) if known else 0
    return known["live"], known["dead"] or 0


def loaded_grace(master: "Master") -> float:
    """Seconds that its running requests may go on after a reload, as it has loaded them; 0.0: none, or not
    known.
    """
    return master["process_control_timeout"] or 0.0 if master["config_newer"] is False else 0.0


def places_of(host: Host, masters: "Sequence[Master]", more: Sequence[str] = ()) -> "Dict[str, Endpoint]":
    """The endpoints of all pools. more: those that their files do not name."""
    keys = [pool["endpoint"] for master in masters for pool in master["pools"] if pool["endpoint"]]
    keys += more
    # By a host of its own: what it cannot see is not missing in the snapshot.
    return collect_endpoints(Host(), list(dict.fromkeys(keys)), None, processes(host), 0.0)


class Requests(NamedTuple):
    served: int
    waiting: int
    behind: int  # of those that wait: behind some whose clients have gone


def requests_of(host: Host, masters: "Sequence[Master]", found: "Dict[str, Endpoint]") -> Requests:
    """In all pools. found: their endpoints."""
    places = found.values()
    served = sum(max(0, (place["accepted"] or 0) - (place.get("abandoned") or 0)) for place in places)
    idle = sum(_waits_for_its_client(host, proc.pid) for proc in workers_of(host, masters)) if served else 0
    waits = [_waiting(place) for place in places]
    return Requests(
        max(0, served - idle),
        sum(live for live, _dead in waits),
        sum(live for live, dead in waits if dead),
    )


def workers_of(host: Host, masters: "Sequence[Master]") -> List[Process]:
    pids = {master["pid"] for master in masters}
    return [proc for proc in processes(host) if proc.ppid in pids]


class Running:
    """masters, nginx: of the snapshot; none where nothing is counted. max_cut, quiet_wait: plan/policy.py."""

    def __init__(
        self,
        host: Host,
        masters: "Sequence[Master]" = (),
        max_cut: int = 0,
        quiet_wait: float = 0.0,
        nginx: "Optional[Nginx]" = None,
        prefix: str = REMEDIATE,
    ) -> None:
        self.host, self.masters, self.nginx = host, masters, nginx
        self.max_cut, self.quiet_wait, self.prefix = max_cut, quiet_wait, prefix
        self._begin()

    def _begin(self) -> None:
        self._over = 0  # requests whose grace was over
        self._gaps: List[_Gap] = []

    def _mine(self, step: Step) -> "List[Master]":
        return [master for master in self.masters if step.cuts and master["unit"] == step.cuts]

    def _workers(self, step: Step) -> List[Process]:
        return workers_of(self.host, self._mine(step))

    def grace(self, step: Step) -> float:
        """Seconds that running requests may go on after a reload, as the masters have loaded it."""
        loaded = [loaded_grace(master) for master in self._mine(step)]
        return min(loaded, default=0.0) if not _restarts(step) else 0.0

    def look(self, step: Step) -> Requests:
        """In all pools of the unit."""
        masters = self._mine(step)
        return requests_of(self.host, masters, places_of(self.host, masters))

    def refusal(self, step: Step) -> Optional[Refused]:
        """Waits for a quiet moment. Why the action is not begun: there is none, and too many requests run."""
        self._begin()
        if not self._mine(step) or self.grace(step):
            return None
        deadline = self.host.monotonic() + self.quiet_wait
        while True:
            now = self.look(step)
            # Where others have given up waiting, those behind them are lost with or without a restart.
            lost = now.served + (now.waiting - now.behind if _restarts(step) else 0)
            # Each worker takes the next of those who wait: no moment will be quiet.
            if not lost or now.waiting or self.host.monotonic() >= deadline:
                break
            self.host.sleep(PAUSE)
        if lost <= self.max_cut:
            return None
        why = "%d requests run in the pools of %s, and would be cut: %smax_cut=%d allows no more"
        return Refused("max_cut", why % (lost, step.cuts, self.prefix, self.max_cut))

    def _watch(self, step: Step, until: float) -> None:
        """Counts the workers who are cut: still there when their grace is over."""
        workers = {proc.pid for proc in self._workers(step)}
        while workers and self.host.monotonic() < until - PAUSE:
            self.host.sleep(PAUSE)
            workers &= {proc.pid for proc in self._workers(step)}
        self._over += sum(not _waits_for_its_client(self.host, pid) for pid in workers)

    @contextlib.contextmanager
    def counted(self, step: Step) -> Iterator[None]:
        """Around a command of the step: what it cuts counts."""
        grace = self.grace(step)
        if grace:
            # Beside the command: systemctl may not come back before the new master is ready.
            watch = threading.Thread(target=self._watch, args=(step, self.host.monotonic() + grace))
            watch.start()
            yield
            watch.join()
        elif self._mine(step):
            now = self.look(step)
            seen = now.served + (now.waiting if _restarts(step) else 0)
            reached = [
                key
                for key, place in places_of(self.host, self._mine(step)).items()
                if place.get("listening") and place.get("inode_matches") is not False
            ]
            began = self.host.now()
            yield
            self._gaps.append(_Gap(seen, reached, began, self.host.now() + AFTERMATH))
        else:
            yield

    @property
    def cut(self) -> int:
        """How many requests the action has cut: those that were seen to run. It is more if nginx logged more:
        it logs who came during a restart.
        """
        return self._over + sum(max(gap.seen, self._lost(gap)) for gap in self._gaps)

    def _lost(self, gap: _Gap) -> int:
        """Requests that nginx lost at endpoints that it reached before. Of many of one kind, an event keeps
        only the newest times.
        """
        lost = 0
        for event in lost_since(self.host, self.nginx, gap.began) or [] if self.nginx else []:
            if event["endpoint"] in gap.reached:
                whole = event["last"] <= gap.ended
                lost += event["count"] if whole else sum(at <= gap.ended for at in event["times"])
        return lost


def _restarts(step: Step) -> bool:
    return any("restart" in command.do for command in step.commands)
