# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Kills by the OOM killer, and whether they hit a worker of an endpoint."""

from typing import TYPE_CHECKING, List, NamedTuple, Optional, Sequence

from ...parse.timestamps import RING_DRIFT
from ...signatures.lookup import meaning_of, meanings
from ...signatures.php_fpm import WORKER_ENDED
from ..case import CUT_OFF, KILLED, Case
from ..losses.cured import fits_memory
from ..model import (
    Cause,
    Confidence,
    Match,
    Reason,
    Remedy,
    State,
    but_nearest,
    evidence,
    first_line,
    near,
    sample,
    times_of,
    within,
)
from ..seen import Owner, Seen
from .ends import is_in_cgroup

if TYPE_CHECKING:
    from ....plugin_utils.shapes.logs import Event
    from ....plugin_utils.shapes.memory import Kill

MOST_DRIFT = 120.0  # of the kernel's clock, where one kill and one death of the window stand alone
OTHER_ENDS = (WORKER_ENDED | meanings("terminated")) - KILLED
# By the reason's id: who ran out of memory.
WORDS = {
    "global": "the host ran out of memory",
    "cgroup": "its memory cgroup reached its limit",
    "systemd_oomd": "systemd-oomd judged its cgroup",
}


class Kills(NamedTuple):
    """Kills that may have hit a worker of this endpoint, all of one confidence."""

    confidence: Confidence
    kills: List["Kill"]


def _beside(kill: "Kill", events: Sequence["Event"], seconds: float = RING_DRIFT) -> bool:
    return any(abs(kill["at"] - at) <= seconds for at in times_of(events))


def _all_deaths(seen: Seen) -> List[float]:
    return times_of(event for event in seen.fpm_events if meaning_of(event) in KILLED)


def _died(kill: "Kill", deaths: Sequence["Event"], own_pids: bool) -> bool:
    """Whether php-fpm's own log lost this victim: by its pid or, where the kernel counts otherwise, by its
    time.
    """
    if kill["pid"] and own_pids:
        return _beside(kill, deaths, MOST_DRIFT) and any(kill["pid"] in event["pids"] for event in deaths)
    return _beside(kill, deaths)


def _confidence(kill: "Kill", case: Case, deaths: Sequence["Event"]) -> Optional[Confidence]:
    """How sure it is that the kill hit a worker of this endpoint; None: it did not."""
    oom, in_cgroup = case.snapshot["oom"], is_in_cgroup(kill, case)
    if not kill["fpm"] or kill["ours"] is False or in_cgroup is False:
        return None
    if _died(kill, deaths, oom.get("own_pids", False)):
        if in_cgroup:
            return "certain"
        return "likely" if kill["ours"] or oom["counter"] else "possible"
    if not kill["ours"] or within(case.seen.once(_all_deaths), kill["at"], RING_DRIFT):
        return None
    hit = near(case.lost(CUT_OFF, perhaps=True), [kill["at"]], RING_DRIFT) or _beside(
        kill, deaths, MOST_DRIFT
    )
    return "possible" if hit else None


def _kills(case: Case, deaths: Sequence["Event"]) -> Kills:
    """The most certain ones. Where any is more than possible, the others do not count."""
    judged = [(_confidence(kill, case, deaths), kill) for kill in case.snapshot["oom"]["kills"]]
    certain = [kill for confidence, kill in judged if confidence == "certain"]
    likely = [kill for confidence, kill in judged if confidence == "likely"]
    if certain or likely:
        return Kills("certain" if certain else "likely", certain + likely)
    return Kills("possible", [kill for confidence, kill in judged if confidence == "possible"])


def _swap_added(case: Case, kill: "Kill") -> Optional[int]:
    """KiB, since the machine's memory ran out."""
    then, now = kill.get("swap_kb"), case.snapshot["memory"].get("swap_total")
    more = now // 1024 - then if then is not None and now else 0
    return more if more > 0 else None


def _state(case: Case, owner: Optional[Owner], kills: Sequence["Kill"], lost: bool) -> State:
    """The worker may have been idle; without nginx's log that cannot be told."""
    if fits_memory(case, owner, kills) or _swap_added(case, kills[-1]):
        return "recovered"
    return "active" if lost or case.unheard or "nginx_log" in case.seen.blind else "latent"


def _remedy(owner: Owner, kills: List["Kill"], limit: Optional[int]) -> List[Remedy]:
    """Fewer workers; a limit for each where one took half of all; swap where it helps. limit: bytes."""
    peak = max((kill["anon_rss_kb"] or 0 for kill in kills), default=0)
    place = dict(owner.arguments, peak_kb=peak or None)
    remedy = [Remedy("memory_fit", place)]
    if not limit or 2048 * peak > limit:
        remedy.append(Remedy("memory_limit_set", place))
    if kills[-1]["kind"] == "global":
        remedy.append(Remedy("swap_add", {"path": "/swapfile"}))
    return remedy


def _reason(case: Case, judged: Kills, deaths: Sequence["Event"]) -> Reason:
    kills, last = judged.kills, judged.kills[-1]
    names = {event["pool"] for event in deaths}
    owner = next((owner for owner in case.owners if owner.pool["name"] in names), case.owner)
    moments = [kill["at"] for kill in kills]
    if not all(_beside(kill, deaths) for kill in kills):
        moments += times_of(deaths)
    lost = but_nearest(
        near(case.lost(CUT_OFF, perhaps=True), moments, RING_DRIFT), times_of(case.fpm_events(OTHER_ENDS))
    )
    limit_kb = last.get("limit_kb")
    words = "The OOM killer took %s of %s: %s%s." % (
        "a worker" if len(kills) == 1 else "%d workers" % len(kills),
        "pool %s" % owner.pool["name"] if owner else case.key,
        WORDS[last["kind"]],
        " of %d MiB" % (limit_kb // 1024) if limit_kb else "",
    )
    proof = [evidence(last["source"], last["text"], at=last["at"])]
    proof += [sample(event) for event in deaths[:1]] + first_line(lost)
    added = _swap_added(case, last)
    if added:
        proof.append(evidence("memory", "the host has %d MiB more swap than it had then" % (added // 1024)))
    remedy: List[Remedy] = []
    if owner and judged.confidence != "possible":
        remedy = _remedy(owner, kills, case.snapshot["memory"].get("limit_bytes"))
    return Reason(
        words,
        proof,
        lost,
        remedy,
        judged.confidence,
        _state(case, owner, kills, bool(lost)),
        place=owner.place if owner else None,
        since=kills[0]["at"],
    )


def killed(cause: Cause, case: Case) -> Optional[Match]:
    deaths = case.fpm_events(KILLED)
    judged = _kills(case, deaths)
    if not judged.kills:
        return None
    return Match(cause, judged.kills[-1]["kind"], _reason(case, judged, deaths))
