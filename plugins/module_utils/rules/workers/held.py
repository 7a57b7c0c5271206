# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""By what workers are held, and how it is seen at one of them."""

from typing import TYPE_CHECKING, Dict, List, NamedTuple, Optional, Tuple

from ..case import Case
from ..model import Cause, Match, Reason, evidence
from ..seen import Owner
from .peers import program_at

if TYPE_CHECKING:
    from ....plugin_utils.shapes.finding import Evidence
    from ....plugin_utils.shapes.waits import Wait, WorkerWait

MOSTLY = 0.6  # of a worker's samples
STILL = 0.5  # share of a CPU: a worker that has more works
WORKS = 0.03  # share of a CPU: a worker that sleeps has less, however long it waits after it
BY_DEFAULT = "nginx's default, "
KEEP_SESSIONS = ("Redis", "Memcached")  # who asks there for a lock asks again every 20 ms or so
DEPENDENCIES = ("peer", "site", "lock", "futex", "remote_file", "program", "output")


class Held(NamedTuple):
    """By what the workers are held, as a reason of the cause that comes of it."""

    reason_id: str  # keepalive_pinned, slow_visitors, self_request, slow_dependency or cpu_starved
    by: str  # in words
    proof: List["Evidence"]
    certain: bool
    seen: bool = True  # at the workers themselves; else only the configuration says so
    instead: Optional[str] = None  # the whole summary, where no worker is held

    @property
    def is_kept(self) -> bool:
        """Whether workers were seen idle on open connections."""
        return self.reason_id == "keepalive_pinned" and self.seen

    def match(self, cause: Cause, case: Case, owner: Owner, summary: str, reason: Reason) -> Match:
        """The reason that stands in the place of another one, with the same losses and no remedy.

        summary: the beginning of a sentence, which ends with what holds them.
        """
        reason = reason._replace(
            summary=self.instead or "%s %s." % (summary, self.by),
            proof=self.proof + list(reason.proof),
            place=owner.place,
            remedy=[],
        )
        if self.is_kept and not case.waiting and not reason.losses:
            # What nginx keeps open serves visitors one after the other.
            reason = reason._replace(severity="warning")
        if not self.certain and reason.confidence == "certain":
            reason = reason._replace(confidence="likely")
        return Match(cause, self.reason_id, reason)


def samples_at(row: "WorkerWait", *kinds: str) -> int:
    return sum(wait["samples"] or 0 for wait in row["waits"] or () if wait["kind"] in kinds)


def main_wait(row: "WorkerWait") -> Optional["Wait"]:
    """The dependency at which a worker mostly is."""
    wait = next((wait for wait in row["waits"] or () if wait["kind"] in DEPENDENCIES), None)
    if wait is None or row["samples"] < 2 or row["cpu"] >= STILL:
        return None
    enough = (wait["samples"] or 0) >= MOSTLY * row["samples"]
    return wait if enough or _asks_again(row, wait) else None


def _asks_again(row: "WorkerWait", wait: "Wait") -> bool:
    """Whether it does nothing but ask and sleep, as who waits for the lock of a session there does."""
    locks = wait["kind"] == "peer" and program_at(wait["on"] or "") in KEEP_SESSIONS
    return locks and row["cpu"] < WORKS and samples_at(row, "peer", "sleep") == row["samples"]


def kept_room(case: Case) -> Tuple[int, List["Evidence"]]:
    """(how many idle connections nginx may keep to the endpoint, the directives). Each of nginx's workers
    keeps as many of each upstream (ngx_http_upstream_keepalive_module).
    """
    workers = len(case.snapshot["nginx"]["workers"])
    upstreams: Dict[Tuple[str, int], int] = {}
    proof: List["Evidence"] = []
    for route in case.routes:
        at = route.get("kept_at")
        if at is None or (at["file"], at["line"]) in upstreams:
            continue
        keeps = route["upstream_keepalive"] or 0
        upstreams[at["file"], at["line"]] = keeps
        words = "keepalive %d in each of nginx's %d workers: up to %d idle connections stay open"
        if "by_default" in at:
            words = BY_DEFAULT + words
        proof.append(evidence("nginx", words % (keeps, workers, keeps * workers), at["file"], at["line"]))
        line = at["keep_conn_line"]
        words = "fastcgi_keep_conn on: an open connection keeps its worker"
        proof.append(evidence("nginx", words, at["keep_conn_file"], line))
    return workers * sum(upstreams.values()), proof
