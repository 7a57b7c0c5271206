# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Cause 6: the OOM killer took a worker in the middle of a request."""

from typing import Any, Dict, List, Optional

from ..signatures.lookup import meaning_of, meanings
from .case import CUT_OFF, Case, Owner, Seen, near, reconfigured, within
from .model import Clear, Remedy, Unclear, evidence, sample

CAUSE = "worker_oom_killed"
KILLED = meanings("killed")
# The ring's clock drifts, and logs stamp whole seconds.
SAME_MOMENT = 5.0
WORDS = {
    "global": "the host ran out of memory",
    "cgroup": "its memory cgroup reached its limit",
    "systemd_oomd": "systemd-oomd judged its cgroup",
}

# Of the kernel's clock, where one kill and one death of the window stand alone.
DRIFT = 120.0


def _beside(kill: dict, events: List[dict], seconds: float = SAME_MOMENT) -> bool:
    return any(abs(kill["at"] - at) <= seconds for event in events for at in event["times"])


def _all_deaths(seen: Seen) -> List[float]:
    return sorted(at for event in seen.said if meaning_of(event) in KILLED for at in event["times"])


def _placed(kill: dict, case: Case) -> Optional[bool]:
    """Whether the victim's cgroup is a master's of this endpoint, None unknown: its name says nothing."""
    masters = [owner.master for owner in case.owners]
    if any(
        (kill["unit"] and kill["unit"] == master["unit"]) or master["pid"] in kill.get("masters", [])
        for master in masters
    ):
        return True
    return None if kill.get("vague", True) else False


def _died(kill: dict, deaths: List[dict], own_pids: bool) -> bool:
    """Whether php-fpm's own log lost this victim: by its pid or, where the kernel counts otherwise, by its
    time.
    """
    if kill["pid"] and own_pids:
        return _beside(kill, deaths, DRIFT) and any(kill["pid"] in event["pids"] for event in deaths)
    return _beside(kill, deaths)


def examine(case: Case) -> Any:
    oom, deaths = case.snapshot["oom"], case.pool_events(KILLED)
    everyone = case.seen.once(_all_deaths)
    found: Dict[str, List[dict]] = {"certain": [], "likely": [], "possible": []}
    for kill in oom["kills"]:
        placed = _placed(kill, case)
        if not kill["fpm"] or kill["ours"] is False or placed is False:
            continue
        if _died(kill, deaths, oom.get("own_pids", False)):
            found["certain" if placed else "likely" if kill["ours"] or oom["counter"] else "possible"].append(
                kill
            )
        elif (
            kill["ours"]
            and not within(everyone, kill["at"], SAME_MOMENT)
            and (near(case.lost(CUT_OFF), [kill["at"]], SAME_MOMENT) or _beside(kill, deaths, DRIFT))
        ):
            found["possible"].append(kill)
    proven = found["certain"] + found["likely"]
    mine = proven or found["possible"]
    if not mine:
        if deaths and "kernel_log" in case.seen.blind:
            return Unclear(
                "kernel_log",
                "a worker was killed with SIGKILL, and the kernel's log could not be read to tell by whom",
            )
        return Clear("no OOM kill hit a worker of this host in the window")
    sure = next(word for word in found if found[word])
    owner = next(
        (owner for owner in case.owners if any(event["pool"] == owner.pool["name"] for event in deaths)),
        case.owner,
    )
    moments = [kill["at"] for kill in mine] + (
        []
        if all(_beside(kill, deaths) for kill in mine)
        else [at for event in deaths for at in event["times"]]
    )
    lost = near(case.lost(CUT_OFF), moments, SAME_MOMENT)
    last = mine[-1]
    # The worker may have been idle; without nginx's log that cannot be told.
    hurt = lost or "nginx_log" in case.seen.blind
    state = (
        "recovered" if owner and reconfigured(owner.master, last["at"]) else "active" if hurt else "latent"
    )
    proof = [evidence(last["source"], last["text"], at=last["at"])] + [
        sample(event) for event in deaths[:1] + [loss.event for loss in lost[:1]]
    ]
    words = "The OOM killer took %s of pool %s: %s%s." % (
        "a worker" if len(mine) == 1 else "%d workers" % len(mine),
        owner.pool["name"] if owner else "?",
        WORDS[last["kind"]],
        " of %d MiB" % (last["limit_kb"] // 1024) if last.get("limit_kb") else "",
    )
    return case.match(
        CAUSE,
        last["kind"],
        words,
        proof,
        lost,
        owner,
        severity="warning",
        confidence=sure,
        state=state,
        since=mine[0]["at"],
        remedy=_remedy(owner, mine, case.snapshot["memory"].get("limit_bytes")) if owner and proven else [],
    )


def _remedy(owner: Owner, kills: List[dict], limit: Optional[int]) -> List[Remedy]:
    """Fewer workers; a limit for each where one took half of all; swap where it helps."""
    peak = max((kill["anon_rss_kb"] or 0 for kill in kills), default=0)
    place = dict(owner.place, peak_kb=peak or None)
    alone = [Remedy("memory_limit_set", place)] if not limit or 2048 * peak > limit else []
    return (
        [Remedy("memory_fit", place)]
        + alone
        + ([Remedy("swap_add", {"path": "/swapfile"})] if kills[-1]["kind"] == "global" else [])
    )
