# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Cause 6: the OOM killer took a worker in the middle of a request."""

from typing import Any, Dict, List, Optional

from .case import CUT_OFF, Case, Owner, Seen, near, reconfigured, span, within
from .model import Clear, Match, Remedy, Unclear, evidence, finding, sample

CAUSE = "worker_oom_killed"
KILLED = frozenset(("fpm-exit-sigkill",))
# The ring buffer's clock drifts against the wall clock, and nginx and php-fpm stamp whole seconds.
SAME_MOMENT = 5.0
WORDS = {"global": "the host ran out of memory", "cgroup": "its memory cgroup reached its limit", "systemd_oomd": "systemd-oomd judged its cgroup"}


# How far the kernel's clock may be off where one kill and one death of the window stand alone.
DRIFT = 120.0


def _beside(kill: Dict[str, Any], events: List[Dict[str, Any]], seconds: float = SAME_MOMENT) -> bool:
    return any(abs(kill["at"] - at) <= seconds for event in events for at in event["times"])


def _all_deaths(seen: Seen) -> List[float]:
    return sorted(at for event in seen.said if event["signature"] in KILLED for at in event["times"])


def _mine(case: Case, deaths: List[Dict[str, Any]]) -> List[Dict[str, Any]]:
    """Kills of this endpoint's workers. php-fpm's log tells the pool; without it, nginx's lines of that moment do.

    ours is None where the victim's cgroup could not be told from another container's: then php-fpm has to have lost a worker too.
    """
    everyone = case.seen.once(_all_deaths)  # by SIGKILL, of any pool
    kills = [kill for kill in case.snapshot["oom"]["kills"] if kill["fpm"] and kill["ours"] is not False]
    found = [kill for kill in kills if _beside(kill, deaths) or (
        kill["ours"] and not within(everyone, kill["at"], SAME_MOMENT) and near(case.lost(CUT_OFF), [kill["at"]], SAME_MOMENT))]
    return found or [kill for kill in kills if kill["ours"] and not within(everyone, kill["at"], SAME_MOMENT) and _beside(kill, deaths, DRIFT)]


def examine(case: Case) -> Any:
    deaths = case.pool_events(KILLED)
    mine = _mine(case, deaths)
    if not mine:
        if deaths and "kernel_log" in case.seen.blind:
            return Unclear("kernel_log", "a worker was killed with SIGKILL, and the kernel's log could not be read to tell by whom")
        return Clear("no OOM kill hit a worker of this host in the window")
    owner = next((owner for owner in case.owners if any(event["pool"] == owner.pool["name"] for event in deaths)), case.owners[0] if case.owners else None)
    sure = all(kill["ours"] for kill in mine) and any(_beside(kill, deaths) or not deaths for kill in mine)
    moments = [kill["at"] for kill in mine] + ([] if sure else [at for event in deaths for at in event["times"]])
    lost = near(case.lost(CUT_OFF), moments, SAME_MOMENT)
    _first, count = span(lost)
    last = mine[-1]
    limit = _limit(last)
    # The worker may have been idle; without nginx's log that cannot be told.
    hurt = lost or "nginx_log" in case.seen.blind
    state = "recovered" if owner and reconfigured(owner.master, last["at"]) else "active" if hurt else "latent"
    proof = [evidence(last["source"], last["text"], at=last["at"])] + [sample(event) for event in deaths[:1]] + ([sample(lost[0].event)] if lost else [])
    return Match(finding(
        CAUSE, last["kind"], "The OOM killer took %s of pool %s: %s%s." % (
            "a worker" if len(mine) == 1 else "%d workers" % len(mine), owner.pool["name"] if owner else "?", WORDS[last["kind"]], limit or ""),
        proof, severity="warning", confidence="certain" if sure else "likely", state=state, sites=case.sites,
        site=case.sites[0], endpoint=case.key, pool=owner.pool["name"] if owner else None,
        unit=owner.master["unit"] if owner else None, since=mine[0]["at"], count=count,
        remedy=_remedy(owner, mine, case.snapshot["memory"].get("limit_bytes")) if owner else []), lost)


def _remedy(owner: Owner, kills: List[Dict[str, Any]], limit: Optional[int]) -> List[Remedy]:
    """Fewer workers; a limit for each where one alone took half of all there is; and swap where swap can help: a cgroup's limit ignores it."""
    peak = max((kill["anon_rss_kb"] or 0 for kill in kills), default=0)
    place = {"config": owner.master["config"], "pool": owner.pool["name"], "unit": owner.master["unit"], "peak_kb": peak or None}
    alone = [Remedy("memory_limit_set", place)] if not limit or 2048 * peak > limit else []
    return [Remedy("memory_fit", place)] + alone + ([Remedy("swap_add", {"path": "/swapfile"})] if kills[-1]["kind"] == "global" else [])


def _limit(kill: Dict[str, Any]) -> Optional[str]:
    return " of %d MiB" % (kill["limit_kb"] // 1024) if kill.get("limit_kb") else None
