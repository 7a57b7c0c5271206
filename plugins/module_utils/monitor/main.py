# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""One run of the monitor: look, count, write the metrics. It needs no root, and never writes beside its own
two directories.
"""

import json
import sys
import time
from functools import partial
from typing import TYPE_CHECKING, Dict, List, Optional, Sequence, Tuple, TypeVar

from ..collect.host import Host
from ..parse.php_fpm.status import Status
from . import exposition, log_counts, metrics, processes, resources, sockets, status_pages, store, watched
from .counters import Counters
from .exposition import Sample
from .pools import Pool, oldest, pools_of, still
from .tail import Tail

if TYPE_CHECKING:
    from ...plugin_utils.shapes.monitor import State, Watched, WatchedMaster

METRICS, STATE = "webmedic.prom", "state.json"
AGAIN = 1.0  # seconds until a saturated pool is looked at again
Pages = Dict[Tuple[str, str], Status]
Loads = Dict[str, sockets.Load]
Found = TypeVar("Found")


def _pools(
    host: Host, masters: Sequence["WatchedMaster"], table: processes.Table, pages: Pages
) -> Tuple[List[Pool], Dict[str, sockets.Load]]:
    endpoints = [pool["endpoint"] for master in masters for pool in master["pools"] if pool["endpoint"]]
    loads = sockets.loads(host, list(dict.fromkeys(endpoints)))
    pools: List[Pool] = []
    counts = processes.workers(host, table, [master["pid"] for master in masters if master["pid"]])
    for master in masters:
        workers = counts.get(master["pid"]) if master["pid"] else {}
        if workers is None:
            continue
        mine = {name: page for (config, name), page in pages.items() if config == master["config"]}
        pools += pools_of(master, workers, loads, mine)
    return pools, loads


def _pages(masters: Sequence["WatchedMaster"]) -> Pages:
    wanted = [
        ((master["config"], pool["name"]), pool["status"])
        for master in masters
        for pool in master["pools"]
        if master["pid"] and pool["status"]
    ]
    answers: Pages = {}
    for master in masters:
        mine = [(name, page) for (config, name), page in wanted if config == master["config"] and page]
        answers.update({(master["config"], name): page for name, page in status_pages.ask(mine).items()})
    return answers


def _watched(host: Host, table: processes.Table, state: "State") -> "Watched":
    known = state["watched"]
    if known and watched.holds(host, table, known):
        return known
    # Few runs need to load it.
    from . import configured

    return configured.look(table, known, configured.Recorder())


def _follow_masters(host: Host, masters: Sequence["WatchedMaster"], counters: Counters) -> List[Sample]:
    samples: List[Sample] = []
    for master in masters:
        labels, pid = {"config": master["config"]}, master["pid"]
        samples.append(Sample(metrics.UP, dict(labels, unit=master["unit"] or ""), float(pid is not None)))
        counters.add(metrics.STARTS, labels, 0)
        if pid is None:
            continue
        what = "master " + master["config"]
        before = counters.raw.get(what)
        counters.raw[what] = float(master["ticks"])
        counters.add(metrics.STARTS, labels, float(before not in (None, master["ticks"])))
        bound = _guarded(host, "memory", partial(resources.budget, host, pid))
        if bound:
            samples += [Sample(metrics.USED, labels, bound[0]), Sample(metrics.BUDGET, labels, bound[1])]
    return samples


def _guarded(host: Host, what: str, part: "partial[Found]") -> Optional[Found]:
    """What one part cannot do costs no other part."""
    try:
        return part()
    except Exception as error:
        host.miss("collector_failed", what, "%s: %s" % (type(error).__name__, error))
        return None


def _count(host: Host, state: "State", seen: "Watched", pages: Pages, counters: Counters) -> None:
    """What happened since the last run."""
    masters, tail = seen["masters"], Tail(host, state["positions"])
    _guarded(host, "access_log", partial(log_counts.count_answers, host, tail, seen["logs"], counters))
    read = _guarded(host, "fpm_log", partial(log_counts.count_deaths, host, tail, masters, counters)) or []
    for path, skipped in tail.skipped.items():
        counters.add(metrics.SKIPPED, {"path": path}, skipped)
    for master in masters:
        for pool in master["pools"]:
            labels = {"config": master["config"], "pool": pool["name"]}
            counters.add(log_counts.REACHED, labels, 0)
            page = pages.get((master["config"], pool["name"]))
            if page and master["config"] not in read:
                what = "reached %(config)s %(pool)s" % labels
                counters.follow(log_counts.REACHED, labels, what, page.max_children_reached)
    counters.add(metrics.KILLS, {}, 0)
    pids = [master["pid"] for master in masters if master["pid"]]
    kills = _guarded(host, "oom", partial(resources.kills, host, pids))
    for what, count in (kills or {}).items():
        counters.follow(metrics.KILLS, {}, "kills " + what, count)
    pools = {(master["config"], pool["name"]) for master in masters for pool in master["pools"]}
    sites = {site["site"] for log in seen["logs"] for site in log["sites"]}

    def stays(_name: str, labels: Dict[str, str]) -> bool:
        if "pool" in labels:
            return (labels["config"], labels["pool"]) in pools
        return not labels.get("site") or not sites or labels["site"] in sites

    counters.forget(stays)
    paths = {log["path"] for log in seen["logs"]} | {master["error_log"] for master in masters}
    if seen["logs"]:
        state["positions"] = {path: place for path, place in tail.positions.items() if path in paths}
    state["counters"] = counters.kept()


def _gauges(
    state: "State", seen: "Watched", pools: List[Pool], loads: Loads, pages: Pages, now: float
) -> List[Sample]:
    """The samples of the pools."""
    endpoints = {
        (master["config"], pool["name"]): pool["endpoint"] or ""
        for master in seen["masters"]
        for pool in master["pools"]
    }
    samples: List[Sample] = []
    connections: Dict[str, Dict[str, float]] = {}
    for pool in pools:
        key = endpoints[(pool.config, pool.name)]
        before, page = state["connections"].get(key, {}), pages.get((pool.config, pool.name))
        age, connections[key] = oldest(loads.get(key, sockets.Load([])), page, before, now)
        samples += metrics.of_pool(pool, age)
    state["connections"] = {key: value for key, value in connections.items() if value}
    return samples


def run(host: Host, state: "State") -> List[Sample]:
    """Brings the state up to date. Gives all samples."""
    table = processes.look(host)
    seen = state["watched"] = _watched(host, table, state)
    pages = _pages(seen["masters"])
    pools, loads = _pools(host, seen["masters"], table, pages)
    if any(pool.saturated for pool in pools):
        host.sleep(AGAIN)
        pages = _pages(seen["masters"])
        second, loads = _pools(host, seen["masters"], processes.look(host), pages)
        pools = still(pools, second)
    counters = Counters(state["counters"], state["raw"])
    samples = _gauges(state, seen, pools, loads, pages, host.now())
    samples += _follow_masters(host, seen["masters"], counters)
    _count(host, state, seen, pages, counters)
    return samples + counters.samples() + list(metrics.missing(seen["missing"] + host.missing))


def _from(host: Host, state: "State") -> Tuple[List[Sample], "State"]:
    """A run, with the state after it. One that nobody can go on from is begun anew."""
    try:
        return run(host, state), state
    except Exception as error:
        sys.stderr.write("begun anew: %s: %s\n" % (type(error).__name__, error))
        state = store.fresh(state["boot_at"])
        return run(host, state), state


def main(argv: Optional[Sequence[str]] = None) -> int:
    """argv: the file of the settings, JSON with host, and the directories metrics and state."""
    with open((argv or sys.argv[1:])[0], encoding="utf-8") as stream:
        settings = json.load(stream)
    host = Host()
    boot_at = host.now() - host.boottime()
    home, place = store.Folder(settings["state"]), store.Folder(settings["metrics"])
    try:
        home.lock()
    except OSError:
        sys.stderr.write("another run has not ended\n")
        return 0
    state = store.load(home.read(STATE), boot_at)
    samples, state = _from(host, state)
    samples.append(Sample(metrics.LAST_RUN, {}, host.now()))
    samples.append(Sample(metrics.CPU, {}, time.process_time()))
    text = exposition.text(metrics.FAMILIES, metrics.of_host(samples, settings["host"]))
    # The state first: a count that was shown is never forgotten.
    home.write(STATE, store.dump(state))
    place.write(METRICS, text.encode("utf-8"))
    return 0
