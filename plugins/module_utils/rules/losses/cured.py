# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether what requests were lost to is seen to be gone: by the setting that is in force now.

Where the log names the value that was in force, that one is compared. Else a setting counts as raised that
is above the program's default, and whose file was changed later and has been loaded.
"""

from typing import TYPE_CHECKING, Callable, Dict, Iterable, Optional, Sequence

from ...parse.number import to_bytes
from ...parse.timestamps import SAME_MOMENT
from ...signatures.lookup import meaning_of, meanings
from ..case import Case, reconfigured, touched
from ..model import Loss
from .seen import Owner

if TYPE_CHECKING:
    from ....plugin_utils.shapes.logs import Event
    from ....plugin_utils.shapes.memory import Kill
    from ....plugin_utils.shapes.nginx import Nginx, Route
    from ....plugin_utils.shapes.snapshot import Snapshot

TIMEOUT = 60.0  # seconds: nginx's default
HEADER = 8192  # bytes: nginx's default is a page of memory, 4 or 8 KiB
BACKLOG = 511  # php-fpm's default
FILES = 1024  # that systemd, and Linux, let a program have open by default
SLACK = 1.0  # seconds between a timeout and what an access log says of it
TIMED_OUT = meanings("gateway_timeout")


def changed(nginx: "Nginx", path: Optional[str], at: float) -> bool:
    """Whether nginx has loaded a later change of this file."""
    changes = nginx.get("changes") or []
    return reconfigured(nginx, at) and any(each["path"] == path and each["at"] > at for each in changes)


def waited(case: Case, loss: Loss) -> Optional[float]:
    """Seconds for which nginx waited, by an access log."""
    access = case.snapshot.get("access")
    for event in access["events"] if access else []:
        near = abs(event["last"] - loss.at) <= SAME_MOMENT and event["site"] in (None, loss.site)
        if near and meaning_of(event) in TIMED_OUT and "seconds" in event["detail"]:
            return event["detail"]["seconds"]
    return None


def timeout_raised(case: Case, route: "Route", last: Loss) -> bool:
    """last: of the requests that timed out there."""
    nginx, timeout, then = case.snapshot["nginx"], route["read_timeout"], waited(case, last)
    started = nginx["master"]["started_at"] if nginx["master"] else 0.0
    most = last.at - started if then is None else then
    if then is not None or timeout["seconds"] > most + SLACK:
        return timeout["seconds"] > most + SLACK and reconfigured(nginx, last.at - most)
    began, file = last.at - TIMEOUT, timeout["file"]
    raised = file is not None and timeout["seconds"] > TIMEOUT
    return raised and reconfigured(nginx, began) and touched(case.snapshot, [file], began)


def may_run_longer(case: Case, last: "Event") -> bool:
    """last: by which php-fpm tells that it ended requests, after how many seconds the newest one."""
    seconds = last["detail"].get("seconds")
    owners = [owner for owner in case.running if owner.pool["name"] == last["pool"]]
    limits = [owner.pool["terminate_timeout"] for owner in owners]
    return bool(seconds and owners) and all(
        reconfigured(owner.master, last["last"]) and (not limit or limit > (seconds or 0.0))
        for owner, limit in zip(owners, limits)
    )


def buffers_enlarged(case: Case, lost: Sequence[Loss]) -> bool:
    """Of each location of these sites, as the log does not tell which one it was."""
    nginx, sites = case.snapshot["nginx"], {loss.site or "" for loss in lost}
    large = {
        (buffer["at"]["file"], buffer["at"]["line"])
        for buffer in case.snapshot["logs"].get("header_buffers") or []
        if buffer["bytes"] > HEADER and changed(nginx, buffer["file"], lost[-1].at)
    }
    routes = [(route["file"], route["line"]) for route in case.routes if route["site"] in sites]
    return bool(routes) and large.issuperset(routes)


def queue_enlarged(case: Case, lost: Sequence[Loss]) -> bool:
    """By what the socket itself says."""
    last, owner = lost[-1], case.owner
    backlog = case.endpoint.get("backlog") or 0
    files = (owner.pool["file"], owner.master["config"]) if owner else ()
    return (
        owner is not None
        and backlog > BACKLOG
        and reconfigured(owner.master, last.at)
        and bool(case.snapshot.get("changed_files"))
        and touched(case.snapshot, files, last.at)
    )


def connections_raised(snapshot: "Snapshot", events: Iterable["Event"]) -> bool:
    """nginx names how many it had, but for open files."""
    nginx, has = snapshot["nginx"], snapshot["logs"].get("connections") or 0
    files = snapshot["logs"].get("open_files")

    def is_raised(event: "Event") -> bool:
        had = event["detail"].get("value")
        if had is None:
            return bool(files and files["number"] > FILES and changed(nginx, files["file"], event["last"]))
        return 0 < had < has and reconfigured(nginx, event["last"])

    return all(map(is_raised, events))


def more_connections(case: Case, lost: Sequence[Loss]) -> bool:
    return connections_raised(case.snapshot, [loss.event for loss in lost])


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


def is_over(case: Case, cause: str, lost: Sequence[Loss], events: Sequence["Event"]) -> bool:
    """Of a cause in lost_requests.py. events: php-fpm's beside the losses."""
    if events:
        newest = max(events, key=lambda event: event["last"])
        return cause == "request_terminated" and may_run_longer(case, newest)
    look = _OF_CAUSE.get(cause)
    return look is not None and look(case, lost)


_OF_CAUSE: Dict[str, Callable[[Case, Sequence[Loss]], bool]] = {
    "response_header_too_big": buffers_enlarged,
    "listen_backlog_full": queue_enlarged,
    "nginx_limit": more_connections,
}
