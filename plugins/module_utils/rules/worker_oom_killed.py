# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Cause 6: the OOM killer took a worker in the middle of a request."""

from typing import Any, Dict, List, Optional

from .case import CUT_OFF, Case, near, span
from .model import Clear, Match, Remedy, Unclear, evidence, finding, sample

CAUSE = "worker_oom_killed"
KILLED = frozenset(("fpm-exit-sigkill",))
# The ring buffer's clock drifts against the wall clock, and nginx and php-fpm stamp whole seconds.
SAME_MOMENT = 5.0
WORDS = {"global": "the host ran out of memory", "cgroup": "its memory cgroup reached its limit", "systemd_oomd": "systemd-oomd judged its cgroup"}


def _kills(case: Case) -> List[Dict[str, Any]]:
    return [kill for kill in case.snapshot["oom"]["kills"] if kill["fpm"] and kill["ours"]]


def examine(case: Case) -> Any:
    kills = _kills(case)
    deaths = case.pool_events(KILLED)
    moments = [at for event in deaths for at in event["times"]]
    mine = [kill for kill in kills if any(abs(kill["at"] - at) <= SAME_MOMENT for at in moments) or near(case.lost(CUT_OFF), [kill["at"]], SAME_MOMENT)]
    if not mine:
        if moments and any(entry["what"] == "kernel_log" for entry in case.snapshot["missing"]):
            return Unclear("kernel_log", "a worker was killed with SIGKILL, and the kernel's log could not be read to tell by whom")
        return Clear("no OOM kill hit a worker of this host in the window")
    owner = next((owner for owner in case.owners if any(event["pool"] == owner.pool["name"] for event in deaths)), case.owners[0] if case.owners else None)
    lost = near(case.lost(CUT_OFF), [kill["at"] for kill in mine], SAME_MOMENT)
    _first, count = span(lost)
    last = mine[-1]
    limit = _limit(last)
    proof = [evidence(last["source"], last["text"], at=last["at"])] + [sample(event) for event in deaths[:1]] + ([sample(lost[0].event)] if lost else [])
    arguments = {"config": owner.master["config"], "pool": owner.pool["name"], "unit": owner.master["unit"]} if owner else {}
    return Match(finding(
        CAUSE, last["kind"], "The OOM killer took %s of pool %s: %s%s." % (
            "a worker" if len(mine) == 1 else "%d workers" % len(mine), owner.pool["name"] if owner else "?", WORDS[last["kind"]], limit or ""),
        proof, severity="warning", sites=case.sites, site=case.sites[0], endpoint=case.key, pool=owner.pool["name"] if owner else None,
        unit=owner.master["unit"] if owner else None, since=mine[0]["at"], count=count,
        remedy=[Remedy("memory_fit", arguments)] if owner else []), lost)


def _limit(kill: Dict[str, Any]) -> Optional[str]:
    return " of %d MiB" % (kill["limit_kb"] // 1024) if kill.get("limit_kb") else None
