# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The metrics, and what a run saw as samples of them. Pure."""

from typing import Dict, Iterable, Iterator, List, Mapping, Optional

from .exposition import Family, Sample
from .pools import Pool

QUEUE = "webmedic_pool_accept_queue"
QUEUE_LIMIT = "webmedic_pool_accept_queue_limit"
WORKERS = "webmedic_pool_workers"
MAX_CHILDREN = "webmedic_pool_max_children"
SATURATED = "webmedic_pool_saturated"
OLDEST = "webmedic_pool_oldest_request_seconds"
UP = "webmedic_fpm_up"
STARTS = "webmedic_fpm_starts_total"
USED = "webmedic_memory_used_bytes"
BUDGET = "webmedic_memory_budget_bytes"
KILLS = "webmedic_oom_kills_total"
MISSING = "webmedic_missing"
SKIPPED = "webmedic_log_skipped_bytes_total"
LAST_RUN = "webmedic_last_run_timestamp_seconds"
CPU = "webmedic_last_run_cpu_seconds"

FAMILIES = [
    Family(*row.split(" ", 2))
    for row in """
webmedic_pool_accept_queue gauge Connections that wait for a worker, from the kernel's socket table.
webmedic_pool_accept_queue_limit gauge Connections that may wait before the kernel refuses more.
webmedic_pool_workers gauge Workers of a pool by state: busy, idle, or unknown where neither can be told.
webmedic_pool_max_children gauge Workers that the pool may have (pm.max_children).
webmedic_pool_saturated gauge 1 where all workers that the pool may have are busy and requests wait.
webmedic_pool_oldest_request_seconds gauge Age of the oldest request, at least.
webmedic_pool_max_children_reached_total counter Times that php-fpm says so.
webmedic_pool_worker_exits_total counter Workers that ended, by signal or exit code.
webmedic_fpm_up gauge 1 where the php-fpm of a configuration runs.
webmedic_fpm_starts_total counter Times that another master process was seen for a configuration.
webmedic_memory_used_bytes gauge Memory in use under the tightest limit, without file cache.
webmedic_memory_budget_bytes gauge That limit: of a control group, or the memory of the host.
webmedic_oom_kills_total counter Processes of this host that the kernel killed for want of memory.
webmedic_site_responses_total counter Answers of a site by status; other is all but 499, 500, 502, 503, 504.
webmedic_log_skipped_bytes_total counter Bytes of a log that were not read: more was written than a run reads.
webmedic_missing gauge 1 for each thing that could not be seen; metrics that need it are not there.
webmedic_last_run_timestamp_seconds gauge When the script ended its last run.
webmedic_last_run_cpu_seconds gauge CPU that this run took.
""".strip().splitlines()
]


def _some(name: str, labels: Mapping[str, str], value: Optional[float]) -> Iterator[Sample]:
    if value is not None:
        yield Sample(name, labels, float(value))


def of_pool(pool: Pool, oldest: Optional[float]) -> Iterator[Sample]:
    labels = {"config": pool.config, "pool": pool.name}
    yield from _some(QUEUE, labels, pool.queue)
    yield from _some(QUEUE_LIMIT, labels, pool.backlog)
    yield from _some(MAX_CHILDREN, labels, pool.max_children)
    yield from _some(SATURATED, labels, pool.saturated)
    yield from _some(OLDEST, labels, oldest)
    if pool.busy is None:
        states = {"unknown": pool.workers} if pool.workers else {}
    else:
        states = {"busy": pool.busy, "idle": pool.workers - pool.busy}
    for state, count in states.items():
        yield Sample(WORKERS, dict(labels, state=state), count)


def of_host(samples: Iterable[Sample], host: str) -> List[Sample]:
    return [Sample(sample.name, dict(sample.labels, host=host), sample.value) for sample in samples]


def missing(entries: Iterable[Mapping[str, object]]) -> Iterator[Sample]:
    """Why stands in no label: it would be a new series each time."""
    seen: Dict[str, str] = {}
    for entry in entries:
        what, path = str(entry["what"]), str(entry["path"] or "")
        seen.setdefault(what + "\0" + path, what)
    for key in sorted(seen)[:200]:
        what, _nul, path = key.partition("\0")
        yield Sample(MISSING, {"what": what, "path": path}, 1)
