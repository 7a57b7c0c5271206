# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A run: what is seen of a host, whose titles are believed, and what goes on when a part fails."""

from typing import Any, Dict, List, Optional

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.linux import processes as titles
from ansible_collections.webmedic.php_fpm.plugins.module_utils.monitor import (
    configured,
    log_counts,
    main,
    metrics,
    processes,
    resources,
    sockets,
    store,
    watched,
)
from ansible_collections.webmedic.php_fpm.plugins.module_utils.monitor.exposition import Sample
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.linux.sock_rows import Sock
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.linux.sock_table import Load
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.collect.hosts.locked import lock
from ansible_collections.webmedic.php_fpm.tests.unit.support import FakeHost

CONFIG, KEY = "/etc/php/8.2/fpm/php-fpm.conf", "unix:/run/a.sock"
MASTER, TICKS = 100, 5000


def proc(pid: int, ppid: int, title: str, ticks: int = TICKS, comm: str = "php-fpm8.2") -> Dict[str, str]:
    numbers = ["S", str(ppid), *["0"] * 17, str(ticks), "0", "0", "0"]
    base = "/proc/%d/" % pid
    return {base + "stat": "%d (%s) %s\n" % (pid, comm, " ".join(numbers)), base + "cmdline": title + "\0"}


def host_with(*extra: Dict[str, str]) -> FakeHost:
    files = {"/etc/pool.conf": "x"}
    files.update(proc(MASTER, 1, "php-fpm: master process (%s)" % CONFIG))
    for pid in (101, 102):
        files.update(proc(pid, MASTER, "php-fpm: pool www"))
    for more in extra:
        files.update(more)
    return FakeHost(files, root=False)


def seen_before(host: FakeHost, **more: Any) -> Any:
    pool = {"name": "www", "endpoint": KEY, "pm": "static", "max_children": 2, "status": None}
    master = {
        "config": CONFIG,
        "unit": "php8.2-fpm.service",
        "pid": MASTER,
        "ticks": TICKS,
        "error_log": None,
        "process_max": 0,
        "pools": [pool],
    }
    return {
        "at": host.now(),
        "files": {"/etc/pool.conf": watched.fingerprint(host, "/etc/pool.conf")},
        "found": {"/etc/*.conf": ["/etc/pool.conf"]},
        "others": [],
        "masters": [master],
        "logs": [],
        "missing": [],
        **more,
    }


@pytest.fixture(name="loads")
def fixture_loads(monkeypatch: Any) -> Dict[str, Load]:
    table = {KEY: Load([Sock("unix", "listen", "/run/a.sock")], 0, 511, 0)}
    monkeypatch.setattr(sockets, "loads", lambda host, keys: {key: table[key] for key in keys})
    return table


def run(host: FakeHost, before: Optional[Any] = None) -> List[Sample]:
    state = store.fresh(host.now())
    state["watched"] = before or seen_before(host)
    return main.run(host, state)


def value(samples: List[Sample], name: str, **labels: str) -> Optional[float]:
    wanted = set(labels.items())
    return next(
        (sample.value for sample in samples if sample.name == name and wanted <= set(sample.labels.items())),
        None,
    )


class TestWorkers:
    def test_only_the_masters_own_children_count(self, loads: Any) -> None:
        forged = [proc(200, 1, "php-fpm: pool www"), proc(201, 199, "php-fpm: pool www", comm="fpm")]
        host = host_with(*forged)
        samples = run(host, seen_before(host, others=[200, 201]))
        assert value(samples, "webmedic_pool_workers", state="idle") == 2

    def test_a_pool_full_twice_is_saturated(self, loads: Dict[str, Load]) -> None:
        loads[KEY] = loads[KEY]._replace(queue=4, accepted=2)
        host = host_with()
        samples = run(host)
        assert value(samples, "webmedic_pool_saturated", pool="www") == 1
        assert value(samples, "webmedic_pool_accept_queue", pool="www") == 4

    def test_near_miss_full_for_a_moment(self, loads: Dict[str, Load], monkeypatch: Any) -> None:
        calm, full = loads[KEY], loads[KEY]._replace(queue=4, accepted=2)
        answers = [full, calm]
        monkeypatch.setattr(sockets, "loads", lambda host, keys: {KEY: answers.pop(0)})
        assert value(run(host_with()), "webmedic_pool_saturated", pool="www") == 0

    def test_a_kept_title_leaves_its_masters_pools_out(self, loads: Any, monkeypatch: Any) -> None:
        monkeypatch.setattr(titles, "KEPT_SECONDS", (0.2,))
        samples = run(lock(host_with(), ["/proc/102/cmdline"]))
        assert value(samples, "webmedic_pool_workers", pool="www") is None
        assert value(samples, metrics.UP, config=CONFIG) == 1
        assert value(samples, metrics.MISSING, what="fpm_workers") == 1


class TestWatched:
    def test_strangers_cannot_make_it_look_at_each_run(self) -> None:
        """Anybody can start what is called like php-fpm."""
        host = host_with()
        table, now = processes.look(host), host.now()
        assert watched.holds(host, table, seen_before(host, others=[7], at=now - watched.STRANGERS + 1))
        assert not watched.holds(host, table, seen_before(host, others=[7], at=now - watched.STRANGERS))

    @pytest.mark.parametrize(
        "more",
        [
            {"at": 0.0},
            {"files": {"/etc/pool.conf": [1.0, 1.0, 1.0]}},
            {"files": {"/etc/none": [1.0, 1.0, 1.0]}},
            {"found": {"/etc/*.conf": []}},
            {"found": {"/etc/*.d": ["/etc/gone.d"]}},
        ],
    )
    def test_what_changed_is_read_anew(self, more: Any) -> None:
        host = host_with()
        assert watched.holds(host, processes.look(host), seen_before(host))
        assert not watched.holds(host, processes.look(host), seen_before(host, **more))

    def test_another_master_with_the_same_pid_is_another(self) -> None:
        host = host_with(proc(MASTER, 1, "php-fpm: master process (%s)" % CONFIG, ticks=TICKS + 1))
        assert not watched.holds(host, processes.look(host), seen_before(host))

    def test_a_master_keeps_what_it_has_loaded(self) -> None:
        host = host_with()
        master: Any = {"config": CONFIG, "pid": MASTER, "config_newer": True}
        table = processes.look(host)
        assert configured._master(master, {}, table, seen_before(host)) == seen_before(host)["masters"][0]


class TestParts:
    @pytest.mark.parametrize(
        "module,name", [(log_counts, "count_answers"), (log_counts, "count_deaths"), (resources, "kills")]
    )
    def test_one_that_fails_costs_no_other(
        self, module: Any, name: str, loads: Any, monkeypatch: Any
    ) -> None:
        def fail(*_words: Any) -> None:
            raise ValueError("odd")

        monkeypatch.setattr(module, name, fail)
        samples = run(host_with())
        assert value(samples, "webmedic_pool_saturated", pool="www") == 0
        assert value(samples, "webmedic_missing", what="collector_failed") == 1

    def test_a_state_that_nobody_can_go_on_from_is_begun_anew(self, monkeypatch: Any, capsys: Any) -> None:
        def run_once(_host: Any, state: Any) -> List[Sample]:
            return [Sample("a", {}, float(len(state["counters"][0:0]) + state["raw"].get("x", 0)))]

        monkeypatch.setattr(main, "run", run_once)
        state: Any = dict(store.fresh(5.0), counters=None)
        samples, after = main._from(FakeHost(), state)
        assert after == store.fresh(5.0) and samples == [Sample("a", {}, 0.0)]
        assert "begun anew" in capsys.readouterr().err


class TestStarts:
    def test_another_master_is_a_start(self, loads: Any) -> None:
        host = host_with()
        state = store.fresh(host.now())
        state["watched"] = seen_before(host)
        assert value(main.run(host, state), "webmedic_fpm_starts_total") == 0
        changed = host_with(proc(MASTER, 1, "php-fpm: master process (%s)" % CONFIG, ticks=TICKS + 9))
        state["watched"]["masters"][0]["ticks"] = TICKS + 9
        assert value(main.run(changed, state), "webmedic_fpm_starts_total") == 1
