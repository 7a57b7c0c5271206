# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reasons of cause 5: requests timed out, and a free worker answered."""

from typing import TYPE_CHECKING, Dict, List, Optional, Sequence

from ...signatures.nginx import TIMED_OUT
from ...signatures.php_fpm import SLOW
from ..case import Case, reconfigured, touched
from ..losses.revisits import of_pools
from ..model import Loss, Match, Reason, Remedy, evidence, sample, span
from .fastcgi_read_timeout import ANY_TIMEOUT, CAUSE

if TYPE_CHECKING:
    from ....plugin_utils.shapes.finding import Evidence
    from ....plugin_utils.shapes.nginx import Route
    from .held import Held

# A line of a log, or one slow request, is no reason to change a site.
ENOUGH = 5
SPREAD = 60.0  # seconds
MOST_NAMED = 5  # sites in the summary


def _goes_on(case: Case, lost: Sequence[Loss]) -> bool:
    """Whether nginx's lines are many and php-fpm confirms them: on Debian www-data may write such lines."""
    since, count = span(lost)
    if count < ENOUGH or since is None or lost[-1].at - since < SPREAD:
        return False
    workers = case.workers(case.owner) if case.owner else []
    return any(worker["busy"] for worker in workers) or bool(case.fpm_events(SLOW))


def _only_here(case: Case, route: "Route") -> bool:
    """Whether a timeout beside this fastcgi_pass is one location's of one server. nginx logs the server's
    name alone: two may share it.
    """
    own = [other for other in case.routes if other["site"] == route["site"]]
    line = (route["file"], route["line"])
    shared = [other for other in case.snapshot["nginx"]["routes"] if (other["file"], other["line"]) == line]
    return len(own) == len(shared) == 1


def _routes_of(case: Case, sites: Sequence[str]) -> List["Route"]:
    """The first route of each site."""
    by_name: Dict[str, Route] = {}
    for route in case.routes:
        for name in [route["site"]] + route["server_names"]:
            by_name.setdefault(name, route)
    return [by_name.get(site, case.routes[0]) for site in sites]


def _all_of(case: Case, site: str) -> Sequence["Route"]:
    """All routes of a site, by any of its names."""
    return [route for route in case.routes if site in [route["site"]] + route["server_names"]] or case.routes


def _is_over(case: Case, began: float, sites: Sequence[str]) -> bool:
    """began: epoch seconds of the last request that timed out. sites: that lost some."""
    lost = case.lost(ANY_TIMEOUT)
    if not reconfigured(case.snapshot["nginx"], began):
        return False
    from ..losses.cured import timeout_raised

    return all(
        timeout_raised(case, _all_of(case, site), [loss for loss in lost if (loss.site or "default") == site])
        for site in sites
    )


def _remedy(case: Case, route: "Route", lost: Sequence[Loss]) -> List[Remedy]:
    """lost: all that timed out on the endpoint."""
    names = [route["site"]] + route["server_names"]
    of_route = [loss for loss in lost if loss.site in names and loss.meaning in TIMED_OUT]
    if not case.owner or not _goes_on(case, of_route) or not _only_here(case, route):
        return []
    arguments = {
        "file": route["file"],
        "line": route["line"],
        "location": route["location"],
        "site": route["site"],
        "seconds": route["read_timeout"]["seconds"],
        "terminate": case.owner.pool["terminate_timeout"],
    }
    return [Remedy("read_timeout_set", arguments)]


def _proof(case: Case, route: "Route", last: Loss) -> List["Evidence"]:
    timeout, location = route["read_timeout"], route["location"]
    answered = (case.key, case.probe.get("ms") or 0, case.endpoint.get("queue") or 0)
    set_here = "fastcgi_read_timeout is %g s" % timeout["seconds"]
    stands_here = "a timeout of location %s alone stands here" % location
    return [
        sample(last.event),
        evidence("nginx", set_here, timeout["file"], timeout["line"]),
        evidence("nginx", stands_here, route["file"], route["line"]),
        evidence("probe", "a worker of %s answered in %.1f ms with %d requests in the queue" % answered),
    ]


def _doubt(case: Case, route: "Route", last: Loss) -> List["Evidence"]:
    """What may have mended it."""
    path = route["read_timeout"]["file"]
    if not reconfigured(case.snapshot["nginx"], last.at) or not path:
        return []
    if not touched(case.snapshot, [path], last.at):
        return []
    words = "nginx has loaded a change of %s since; nothing shows that the timeout was shorter before" % path
    return [evidence("file", words, path)]


def _summary(route: "Route", sites: Sequence[str]) -> str:
    timeout = route["read_timeout"]
    names = ", ".join(sites[:MOST_NAMED])
    if len(sites) > MOST_NAMED:
        names += " and %d more" % (len(sites) - MOST_NAMED)
    where = "by default"
    if timeout["file"] is not None:
        where = "in %s:%s (%s)" % (timeout["file"], timeout["line"], timeout["context"])
    words = "A script of %s runs longer than fastcgi_read_timeout, %g s, set %s; workers are free."
    return words % (names, timeout["seconds"], where)


def _holder(case: Case) -> Optional["Held"]:
    """By what the workers that serve a request are held, where that was looked at."""
    if not case.running or not case.snapshot.get("waits"):
        return None
    from .waiting import held_requests

    return held_requests(case, case.running[0])


def _reason(case: Case) -> Reason:
    lost = case.lost(ANY_TIMEOUT)
    sites = list(dict.fromkeys(loss.site or "default" for loss in lost))
    route = _routes_of(case, [lost[-1].site or "default"])[0]
    began = lost[-1].at - route["read_timeout"]["seconds"]
    outcomes = of_pools(case, [loss.event for loss in lost], began)
    over = any(each.over for each in outcomes) or _is_over(case, began, sites)
    seen = [piece for each in outcomes for piece in each.proof]
    return Reason(
        _summary(route, sites),
        _proof(case, route, lost[-1]) + seen + ([] if over else _doubt(case, route, lost[-1])),
        lost,
        _remedy(case, route, lost),
        "likely",
        "recovered" if over else "active",
        servers=[site for site in case.servers if site["name"] in sites],
    )


def _held(case: Case) -> Optional[Match]:
    """Now, whatever was loaded since."""
    holder = _holder(case)
    if holder is None or case.owner is None:
        return None
    reason = _reason(case)
    words = "%s It is held by" % reason.summary
    return holder.match(CAUSE, case, case.owner, words, reason._replace(state="active"))


def slow_script(case: Case) -> Match:
    return _held(case) or Match(CAUSE, "slow_script", _reason(case))
