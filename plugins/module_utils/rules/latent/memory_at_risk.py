# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Pools whose workers together need more memory than there is, and workers that hold more and more of it."""

from typing import TYPE_CHECKING, Dict, List, NamedTuple, Optional, Sequence, Tuple

from ...parse.nginx.sites import sites_of
from ...plan.memory_room import budget_of, cost_of, is_measured, mib, most_workers, reserve
from ...plan.sizing import fit
from ...work.step import Refusal
from ..model import NOWHERE, Remedy, evidence
from .capacity_at_risk import CAUSE, confidence_of, directive, settings_of
from .model import LatentRule, Risk, risk
from .served import Served, served_pools

if TYPE_CHECKING:
    from ....plugin_utils.shapes.capacity import Capacity, PoolUse
    from ....plugin_utils.shapes.finding import Evidence
    from ....plugin_utils.shapes.risks_capacity import WorkerGrowth
    from ....plugin_utils.shapes.snapshot import Snapshot

MOST_NAMED = 5
LEAST_LEFT = 4  # a pool is not cut down to less than this part of its workers
# Of workers that grow. A worker that has warmed up stays as it is. So the first third may be small, but the
# second must be smaller than the last one as well.
LEAST_WORKERS = 4
FEW = 6  # workers: of fewer each must hold more than the one before it
WORK_SPREAD = 2.0  # times the work of the least busy worker
LEAST_CPU = 5.0  # seconds of the busiest: of less, the clock's ticks tell no order, and the ages decide
GROWTH = 1.15
LEAST_GROWTH_KB = 4 * 1024
IN_STEP = 0.8  # rank correlation of work and memory
AT_PEAK = (
    0.9  # of the most that the worker ever held: memory that was once needed, and is free again, is none
)


class _Need(NamedTuple):
    pool: "PoolUse"
    workers: int
    cost: int  # bytes of each


class _Growth(NamedTuple):
    """Of workers that hold more the more they work."""

    by: str  # what they are put in order by
    least: "WorkerGrowth"  # who did least
    most: "WorkerGrowth"


def _needs(facts: "Capacity") -> List[_Need]:
    """The dearest that can run at a time: process.max bounds the pools of a master together."""
    left: Dict[str, int] = {}
    needs = []
    costs = [(cost_of(facts, pool), number) for number, pool in enumerate(facts["pools"])]
    for cost, number in sorted(costs, reverse=True):
        pool = facts["pools"][number]
        room = left.get(pool["config"], pool["process_max"] or most_workers(pool))
        workers = min(most_workers(pool), room)
        if pool["process_max"]:
            left[pool["config"]] = room - workers
        needs.append(_Need(pool, workers, cost))
    return needs


def _remedy(facts: "Capacity", needs: Sequence[_Need], served: Sequence[Served]) -> List[Remedy]:
    """The pool that takes the most becomes smaller, if that alone is enough."""
    by_key = {(each.master["config"], each.pool["name"]): each for each in served}
    for need in sorted(needs, key=lambda each: -each.workers * each.cost):
        key = (need.pool["config"], need.pool["pool"])
        if key not in by_key:
            continue
        try:
            sizing = fit(facts, key)
        except Refusal:
            continue
        if sizing.value * LEAST_LEFT >= most_workers(need.pool):
            return [Remedy("memory_fit", by_key[key].arguments)]
    return []


def _budget_proof(facts: "Capacity", left: int) -> "Evidence":
    text = "%s (%s), of which other services hold %s: %s are left for workers"
    limit, others = facts["limit_bytes"] or 0, facts["others_bytes"] or 0
    path = facts.get("limit_file") or "/proc/meminfo"
    return evidence("memory", text % (mib(limit), facts["limit_from"], mib(others), mib(left)), path)


def _exceeding(facts: "Capacity", served: Sequence[Served]) -> List[Risk]:
    needs = [need for need in _needs(facts) if need.workers]
    # What sizing leaves free for what grows between two looks is no part of the risk.
    left = budget_of(facts) + reserve(facts["limit_bytes"] or 0)
    total = sum(need.workers * need.cost for need in needs)
    if not needs or total <= left:
        return []
    needs.sort(key=lambda need: -need.workers * need.cost)
    measured = all(is_measured(need.pool) for need in needs)
    proof = [_budget_proof(facts, max(0, left))]
    for need in needs[:MOST_NAMED]:
        text = "pool %s: at most %d workers of %s each (%d measured) are %s"
        sizes = (need.pool["pool"], need.workers, mib(need.cost), len(need.pool["uss_kb"]))
        proof.append(evidence("memory", text % (sizes + (mib(need.workers * need.cost),))))
    if len(needs) > MOST_NAMED:
        proof.append(evidence("memory", "and %d pools more" % (len(needs) - MOST_NAMED)))
    workers = sum(need.workers for need in needs)
    summary = "%d workers of %d pool%s may take %s together, and %s are there for them."
    names = (workers, len(needs), "" if len(needs) == 1 else "s", mib(total), mib(max(0, left)))
    largest = (needs[0].pool["config"], needs[0].pool["pool"])
    own = next((each for each in served if (each.master["config"], each.pool["name"]) == largest), None)
    return [
        risk(
            "pools_exceed_memory",
            summary % names,
            proof,
            remedy=_remedy(facts, needs, served),
            confidence="likely" if measured else "possible",
            place=own.place if own else NOWHERE,
            servers=sites_of([route for each in served for route in each.routes]),
        )
    ]


def _ranks(values: Sequence[float]) -> List[float]:
    """Equal ones share the middle of their ranks."""
    ordered = sorted(values)
    return [ordered.index(value) + (ordered.count(value) - 1) / 2.0 for value in values]


def _in_step(first: Sequence[float], second: Sequence[float]) -> float:
    """Spearman's rank correlation."""
    ranks, others = _ranks(first), _ranks(second)
    middle = (len(ranks) - 1) / 2.0
    above = sum((a - middle) * (b - middle) for a, b in zip(ranks, others))
    spread = sum((a - middle) ** 2 for a in ranks) * sum((b - middle) ** 2 for b in others)
    return above / spread**0.5 if spread else 0.0


def _middle(values: Sequence[float]) -> float:
    ordered = sorted(values)
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2.0


def _thirds(sizes: Sequence[float]) -> Tuple[float, float, float]:
    """Medians of three parts; of few the first, the one in the middle of the rest, the last."""
    part = max(1, len(sizes) // 3)
    return _middle(sizes[:part]), _middle(sizes[part:-part]), _middle(sizes[-part:])


def _is_spread(values: Sequence[float]) -> bool:
    return max(values) >= WORK_SPREAD * max(0.01, min(values))


def _growing(workers: "Sequence[WorkerGrowth]") -> Optional[_Growth]:
    if len(workers) < LEAST_WORKERS:
        return None
    by, work = "CPU time", [worker["cpu_seconds"] for worker in workers]
    if max(work) < LEAST_CPU or not _is_spread(work):
        by, work = "age", [worker["age"] for worker in workers]
        if not _is_spread(work):
            return None
    order = sorted(range(len(workers)), key=lambda number: work[number])
    ordered = [workers[number] for number in order]
    sizes = [float(worker["own_kb"]) for worker in ordered]
    young, middle, old = _thirds(sizes)
    if not (old >= GROWTH * middle > GROWTH * young and old - middle >= LEAST_GROWTH_KB):
        return None
    if len(sizes) < FEW and sizes != sorted(sizes) or _in_step(sorted(work), sizes) < IN_STEP:
        return None
    oldest = ordered[-max(1, len(ordered) // 3) :]
    if any(worker["rss_kb"] < AT_PEAK * worker["peak_kb"] for worker in oldest):
        return None
    return _Growth(by, ordered[0], ordered[-1])


def _size_of(worker: "WorkerGrowth") -> str:
    held = mib(worker["own_kb"] * 1024)
    return "after %.0f s of CPU time and %.0f s of life a worker holds %s" % (
        worker["cpu_seconds"],
        worker["age"],
        held,
    )


def _grow(snapshot: "Snapshot") -> List[Risk]:
    seen, settings = snapshot["risks"].get("capacity"), settings_of(snapshot)
    of_pool: Dict[Tuple[str, str], List["WorkerGrowth"]] = {}
    for worker in seen["workers"] if seen else ():
        of_pool.setdefault((worker["config"], worker["pool"]), []).append(worker)
    found: List[Risk] = []
    for each in served_pools(snapshot) if seen else ():
        key = (each.master["config"], each.pool["name"])
        grown = None if each.pool["max_requests"] else _growing(of_pool.get(key, ()))
        if grown is None or key not in settings:
            continue
        text = "pm.max_requests = 0: a worker serves requests without end"
        summary = (
            "Workers of pool %s hold more memory the more they work, %s by now, and none is ever replaced."
        )
        proof = [
            evidence("memory", "of %d workers in the order of their %s:" % (len(of_pool[key]), grown.by)),
            evidence("memory", _size_of(grown.least)),
            evidence("memory", _size_of(grown.most)),
            directive(text, settings[key]["max_requests"], each),
        ]
        found.append(
            risk(
                "workers_grow",
                summary % (each.pool["name"], mib(grown.most["own_kb"] * 1024)),
                proof,
                confidence="possible" if confidence_of(settings[key]) == "likely" else "likely",
                about=each,
            )
        )
    return found


def _too_many(snapshot: "Snapshot") -> List[Risk]:
    seen = snapshot["risks"].get("capacity")
    try:
        return _exceeding(seen["memory"], served_pools(snapshot)) if seen else []
    except Refusal:
        return []  # a number is missing, and the look at memory says which


RULE = LatentRule("memory_at_risk", CAUSE, (_too_many, _grow))
