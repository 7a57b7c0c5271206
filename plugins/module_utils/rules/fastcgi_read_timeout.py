# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Cause 5: workers are free, but a script runs longer than nginx waits for its first byte."""

from typing import Any, List

from ..signatures.lookup import meanings
from .case import BROKEN_OFF, Case, Owner, reconfigured, span
from .model import Clear, Loss, Remedy, Unclear, evidence, sample

CAUSE = "fastcgi_read_timeout"
# A timeout while nginx still sends the request is fastcgi_send_timeout's.
TIMED_OUT = BROKEN_OFF | meanings("timed_out")
SLOW = meanings("slow_script", "terminated")
SETTLE = 30.0  # a dynamic pool starts its workers by ones and twos at first (fpm_process_ctl.c)
# A line of a log, or one slow request, is no reason to change a site.
ENOUGH, SPREAD = 5, 60.0


def _goes_on(case: Case, owner: Owner, lost: List[Loss]) -> bool:
    """Whether nginx's lines, which www-data may write on Debian, are many, and php-fpm bears them out."""
    since, count = span(lost)
    if count < ENOUGH or since is None or lost[-1].at - since < SPREAD:
        return False
    place = (owner.master["config"], owner.pool["name"])
    busy = any(
        worker["busy"] for worker in case.snapshot["workers"] if (worker["config"], worker["pool"]) == place
    )
    return busy or bool(case.pool_events(SLOW))


def _only_here(case: Case, route: dict) -> bool:
    """Whether a timeout beside this fastcgi_pass is one location's of one server. nginx logs the server's
    name alone: two may share it.
    """
    own = [one for one in case.routes if one["site"] == route["site"]]
    shared = [
        one
        for one in case.snapshot["nginx"]["routes"]
        if (one["file"], one["line"]) == (route["file"], route["line"])
    ]
    return len(own) == len(shared) == 1


def examine(case: Case) -> Any:
    lost = case.lost(TIMED_OUT)
    if not lost:
        return Clear("no request timed out on %s" % case.key)
    if not case.answers or case.answers_late:
        return Unclear(
            "live_probe",
            "requests timed out on %s, and no free worker answered to tell a slow script from a full pool"
            % case.key,
        )
    hit = dict.fromkeys(loss.site or "default" for loss in lost)
    sites = list(hit)
    route = case.route_of(lost[-1].site)
    timeout = route["read_timeout"]
    # A static pool that was full says no word of it: with more workers by now, or another timeout, it is over
    # all the same.
    began = lost[-1].at - timeout["seconds"]
    changed = reconfigured(case.snapshot["nginx"], began) or any(
        reconfigured(one.master, began - SETTLE) for one in case.running
    )
    owner = case.owner
    where = (
        "by default"
        if timeout["file"] is None
        else "in %s:%s (%s)" % (timeout["file"], timeout["line"], timeout["context"])
    )
    proof = [
        sample(lost[-1].event),
        evidence(
            "nginx",
            "fastcgi_read_timeout is %g s" % timeout["seconds"],
            path=timeout["file"],
            line=timeout["line"],
        ),
        evidence(
            "nginx",
            "a timeout of location %s alone stands here" % route["location"],
            path=route["file"],
            line=route["line"],
        ),
        evidence(
            "probe",
            "a worker of %s answered in %.1f ms with %d requests in the queue"
            % (case.key, case.probe.get("ms") or 0, case.endpoint.get("queue") or 0),
        ),
    ]
    mine = [loss for loss in lost if loss.site in [route["site"]] + route["server_names"]]
    remedy = []
    if owner and _goes_on(case, owner, mine) and _only_here(case, route):
        remedy = [
            Remedy(
                "read_timeout_set",
                {
                    "file": route["file"],
                    "line": route["line"],
                    "location": route["location"],
                    "site": route["site"],
                    "seconds": timeout["seconds"],
                    "terminate": owner.pool["terminate_timeout"],
                },
            )
        ]
    words = "A script of %s runs longer than fastcgi_read_timeout, %g s, set %s; workers are free." % (
        ", ".join(sites[:5]) + (" and %d more" % (len(sites) - 5) if sites[5:] else ""),
        timeout["seconds"],
        where,
    )
    return case.match(
        CAUSE,
        "slow_script",
        words,
        proof,
        lost,
        owner,
        state="recovered" if changed else "active",
        severity="warning",
        confidence="likely",
        remedy=remedy,
        servers=[site for site in case.servers if site["name"] in hit],
    )
