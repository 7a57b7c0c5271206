# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether what requests were lost to is seen to be gone: by the setting that is in force now.

The value that was in force is compared, where a log names it. Else the finding stays, with the doubt: a
large value may be an old one. Its file may have been changed for another reason. What shows that it helped
are the same requests, where they come since (revisits.py): but not of a queue, which is full at times alone.
"""

from typing import TYPE_CHECKING, Iterable, Optional, Sequence

from ...parse.number import to_bytes
from ...parse.timestamps import LOG_SECOND, SAME_MOMENT
from ...signatures.lookup import meaning_of, meanings
from ...signatures.nginx import TIMED_OUT
from ..case import Case, logged_as, reconfigured, touched
from ..model import Loss, evidence, newest_of
from ..seen import Owner
from .revisits import Outcome, since_reload

if TYPE_CHECKING:
    from ....plugin_utils.shapes.logs import Event
    from ....plugin_utils.shapes.memory import Kill
    from ....plugin_utils.shapes.nginx import Nginx, Route
    from ....plugin_utils.shapes.snapshot import Snapshot

HEADER = 8192  # bytes: nginx's default is a page of memory, 4 or 8 KiB
BACKLOG = 511  # php-fpm's default
SLACK = 1.0  # seconds between a timeout and what an access log says of it
MANY = 2  # more than the only one
LATE_ANSWER = meanings("gateway_timeout")
TERMINATED = meanings("terminated")


def changed(nginx: "Nginx", path: str, at: float) -> bool:
    """Whether nginx has loaded a later change of this file."""
    changes = nginx.get("changes") or []
    return reconfigured(nginx, at) and any(each["path"] == path and each["at"] > at for each in changes)


def _near(events: Iterable["Event"], at: float) -> int:
    """How many of their lines are of this moment. Of an event the newest times alone are kept."""
    count = 0
    for event in events:
        cut = event["count"] > len(event["times"]) and min(event["times"]) > at - SAME_MOMENT
        if cut and event["first"] <= at + SAME_MOMENT:
            return MANY
        count += sum(abs(time - at) <= SAME_MOMENT for time in event["times"])
    return count


def waited(case: Case, loss: Loss) -> Optional[float]:
    """Seconds for which nginx waited, by an access log: by the only such line of that moment. A visitor may
    choose what stands beside it.
    """
    access, logged = case.snapshot.get("access"), case.snapshot["logs"]["events"]
    answers = [event for event in (access["events"] if access else []) if meaning_of(event) in LATE_ANSWER]
    lines = [event for event in logged if event["source"] == "nginx" and meaning_of(event) in TIMED_OUT]
    if _near(answers, loss.at) != 1 or _near(lines, loss.at) > 1:
        return None
    places, sites = [None, *logged_as(case.key, case.endpoint)], (None, loss.site)
    for event in answers:
        here = event["site"] in sites and event["endpoint"] in places
        paths = {each["detail"].get("uri") for each in (event, loss.event)} - {None}
        if here and len(paths) < 2 and abs(event["last"] - loss.at) <= SAME_MOMENT:
            return event["detail"].get("seconds")
    return None


def timeout_raised(case: Case, routes: Sequence["Route"], lost: Sequence[Loss]) -> bool:
    """routes: all of a site, as the log does not tell which one timed out. lost: the site's."""
    nginx, last = case.snapshot["nginx"], lost[-1]
    started = nginx["master"]["started_at"] if nginx["master"] else 0.0
    most = last.at - started if started <= last.at else float("inf")
    # The last one tells of the others, too, where all ran into the same timeout.
    then = waited(case, last) if len(routes) == 1 or last.event["count"] == len(lost) == 1 else None
    most = most if then is None else min(most, then)
    # By the access log alone it may be another timeout.
    if not reconfigured(nginx, last.at + LOG_SECOND) or any(loss.meaning not in TIMED_OUT for loss in lost):
        return False
    return all(route["read_timeout"]["seconds"] > most + SLACK for route in routes)


def connections_raised(snapshot: "Snapshot", events: Iterable["Event"]) -> bool:
    """nginx names how many it had, but for open files: of those it is not known."""
    nginx, has = snapshot["nginx"], snapshot["logs"].get("connections") or 0

    def is_raised(event: "Event") -> bool:
        return 0 < (event["detail"].get("value") or 0) < has and reconfigured(nginx, event["last"])

    return all(map(is_raised, events))


def fits_memory(case: Case, owner: Optional[Owner], kills: Sequence["Kill"]) -> bool:
    """Whether all workers fit the limit by now, each as large as the one that was killed, or as its pool's
    memory_limit lets it become. Or whether the limit of that time was raised.
    """
    last, limit = kills[-1], case.snapshot["memory"].get("limit_bytes")
    had = (last.get("limit_kb") or 0) * 1024
    if last["kind"] == "cgroup" and had and limit and limit > had:
        return True
    peak = 1024 * max(kill["anon_rss_kb"] or 0 for kill in kills)
    if owner is None or not peak or not limit or not reconfigured(owner.master, last["at"]):
        return False
    if not touched(case.snapshot, (owner.pool["file"], owner.master["config"]), last["at"]):
        return False
    pools = owner.master["pools"]
    if any(pool["max_children"] is None for pool in pools):
        return False
    each = {pool["name"]: min(peak, to_bytes(pool["memory_limit"]) or peak) for pool in pools}
    return sum((pool["max_children"] or 0) * each[pool["name"]] for pool in pools) <= limit


def _unsure(setting: str, paths: Iterable[str]) -> Outcome:
    """paths: of files with a larger value than the program's default, changed since."""
    words = "a change of %s is loaded since; nothing shows that %s was smaller before"
    return Outcome(False, [evidence("file", words % (path, setting), path) for path in dict.fromkeys(paths)])


def _by_buffers(case: Case, lost: Sequence[Loss]) -> Outcome:
    nginx, routes = case.snapshot["nginx"], [(route["file"], route["line"]) for route in case.routes]
    paths = [
        buffer["file"]
        for buffer in case.snapshot["logs"].get("header_buffers") or []
        if (buffer["at"]["file"], buffer["at"]["line"]) in routes
        and buffer["bytes"] > HEADER
        and changed(nginx, buffer["file"], lost[-1].at)
    ]
    outcome = since_reload([loss.event for loss in lost], nginx)
    return outcome if paths and outcome.over else _unsure("fastcgi_buffer_size", paths)


def _by_backlog(case: Case, lost: Sequence[Loss]) -> Outcome:
    owner, at, known = case.owner, lost[-1].at, case.snapshot.get("changed_files") or {}
    if not owner or (case.endpoint.get("backlog") or 0) <= BACKLOG or not reconfigured(owner.master, at):
        return Outcome(False, [])
    files = (owner.pool["file"], owner.master["config"])
    return _unsure("listen.backlog", [path for path in files if known.get(path, at) > at])


def _by_limit(case: Case, _lost: Sequence[Loss]) -> Outcome:
    """php-fpm tells that it ended requests, after how many seconds the newest one."""
    last = newest_of(case.fpm_events(TERMINATED))
    seconds = last["detail"].get("seconds") or 0.0
    owners = [owner for owner in case.running if owner.pool["name"] == last["pool"]]
    longer = [
        reconfigured(owner.master, last["last"]) and not 0 < owner.pool["terminate_timeout"] <= seconds
        for owner in owners
    ]
    return Outcome(bool(seconds and longer) and all(longer), [])


def _by_connections(case: Case, lost: Sequence[Loss]) -> Outcome:
    return Outcome(connections_raised(case.snapshot, [loss.event for loss in lost]), [])


# Of causes in lost_requests.py, with the doubt.
CURES = {
    "listen_backlog_full": _by_backlog,
    "nginx_limit": _by_connections,
    "request_terminated": _by_limit,
    "response_header_too_big": _by_buffers,
}
