# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an action cuts: counted over all pools of its unit, waited out where that helps, and left to a person
above the limit.
"""

from typing import Any, Dict, List, Optional, Tuple

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.linux.processes import Process
from ansible_collections.webmedic.php_fpm.plugins.module_utils.remediate import running as subject
from ansible_collections.webmedic.php_fpm.plugins.module_utils.remediate.running import Running
from ansible_collections.webmedic.php_fpm.plugins.module_utils.work.step import Command, Step
from ansible_collections.webmedic.php_fpm.tests.unit.support import FakeHost

UNIT = "php8.2-fpm.service"
RELOAD = Step("unit_reload", UNIT, [], [], [Command(["systemctl", "reload", UNIT], [])], cuts=UNIT)
RESTART = Step("unit_restart", UNIT, [], [], [Command(["systemctl", "restart", UNIT], [])], cuts=UNIT)


def master(timeout: float = 0.0, newer: bool = False, unit: str = UNIT) -> Dict[str, Any]:
    return {
        "unit": unit,
        "pid": 35,
        "process_control_timeout": timeout,
        "config_newer": newer,
        "pools": [{"endpoint": "unix:/run/php/a.sock"}, {"endpoint": "unix:/run/php/b.sock"}],
    }


def place(accepted: Optional[int] = 0, queue: Optional[int] = 0, **more: Any) -> Dict[str, Any]:
    return dict({"accepted": accepted, "queue": queue}, **more)


class Pools:
    """What two pools serve, look after look; the last goes on. workers: pids, look after look."""

    def __init__(
        self,
        monkeypatch: Any,
        *looks: Any,
        workers: Any = ((36, 37),),
        calls: Optional[Dict[int, str]] = None,
    ) -> None:
        self.looks, self.workers = list(looks), list(workers)
        texts = {"/proc/%d/syscall" % pid: text for pid, text in (calls or {}).items()}
        self.host = FakeHost(texts, links={"/proc/%d/fd/5" % pid: "socket:[9]" for pid in calls or {}})
        self.now = 0.0
        monkeypatch.setattr(self.host, "monotonic", lambda: self.now)
        monkeypatch.setattr(self.host, "sleep", self.sleep)
        monkeypatch.setattr(subject, "collect_endpoints", self.look)
        monkeypatch.setattr(
            subject,
            "processes",
            lambda _host: [
                Process(pid, 35, "php-fpm8.2", "php-fpm: pool a", None, 33, 33, [33], 1.0)
                for pid in self.next(self.workers)
            ],
        )

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    @staticmethod
    def next(values: List[Any]) -> Any:
        return values.pop(0) if len(values) > 1 else values[0]

    def look(self, _host: Any, keys: List[str], *_more: Any) -> Dict[str, Any]:
        assert keys == ["unix:/run/php/a.sock", "unix:/run/php/b.sock"]
        return dict(zip(keys, self.next(self.looks)))

    def running(self, *masters: Dict[str, Any], max_cut: int = 3, quiet_wait: float = 2.0) -> Running:
        return Running(self.host, masters or [master()], max_cut, quiet_wait)


class TestLook:
    def test_all_pools_of_the_unit_count(self, monkeypatch: Any) -> None:
        assert Pools(monkeypatch, [place(3), place(4)]).running().look(RELOAD) == (7, 0, 0)

    @pytest.mark.parametrize(
        "seen, counted",
        [
            ([place(4, abandoned=3), place(0)], (1, 0, 0)),
            ([place(1, 9, waiting={"live": 2, "dead": 7}), place(0)], (1, 2, 2)),
            ([place(None, None), place(2)], (2, 0, 0)),
        ],
    )
    def test_a_request_whose_client_has_gone_is_no_loss(
        self, monkeypatch: Any, seen: Any, counted: Tuple[int, int, int]
    ) -> None:
        assert Pools(monkeypatch, seen).running().look(RELOAD) == counted

    def test_a_connection_kept_alive_without_a_request_is_no_loss(self, monkeypatch: Any) -> None:
        """The system calls of real workers: one waits for the next request of its connection, one sleeps in a
        script.
        """
        calls = {
            36: "0 0x5 0x7ffd13492748 0x8 0xffffffff 0x1 0x0 0x7ffd13492728 0x7f75bd2822ad\n",
            37: "230 0x1 0x0 0x7ffd\n",
        }
        assert Pools(monkeypatch, [place(2), place(0)], calls=calls).running().look(RELOAD) == (1, 0, 0)


class TestQuietMoment:
    def test_it_waits_until_nothing_runs(self, monkeypatch: Any) -> None:
        pools = Pools(monkeypatch, [place(9), place(1)], [place(2), place(0)], [place(0), place(0)])
        running = pools.running()
        assert running.refusal(RELOAD) is None and 0 < pools.now < 2
        with running.counted(RELOAD):
            pass
        assert running.cut == 0

    def test_a_busy_host_is_left_to_a_person_above_the_limit(
        self,
        monkeypatch: Any,
    ) -> None:
        pools = Pools(monkeypatch, [place(2), place(2)])
        refused = pools.running().refusal(RELOAD)
        assert (
            pools.now >= 2
            and refused
            and refused.kind == "max_cut"
            and "4 requests run in the pools of %s" % UNIT in refused.why
            and "remediate_max_cut=3" in refused.why
        )
        running = Pools(monkeypatch, [place(2), place(1)]).running()
        assert running.refusal(RELOAD) is None
        with running.counted(RELOAD):
            pass
        assert running.cut == 3

    def test_none_comes_while_others_wait_for_a_worker(self, monkeypatch: Any) -> None:
        pools = Pools(monkeypatch, [place(2, 5), place(0)])
        assert pools.running().refusal(RELOAD) is None and pools.now == 0


class TestWaiting:
    def test_only_a_restart_loses_those_who_wait(self, monkeypatch: Any) -> None:
        pools = Pools(monkeypatch, [place(2, 5), place(0)])
        assert pools.running().refusal(RELOAD) is None
        assert "7 requests" in str(pools.running().refusal(RESTART))

    def test_those_behind_abandoned_requests_stop_no_restart(
        self,
        monkeypatch: Any,
    ) -> None:
        running = Pools(monkeypatch, [place(2, 90, waiting={"live": 15, "dead": 75}), place(0)]).running()
        assert running.refusal(RESTART) is None
        with running.counted(RESTART):
            pass
        assert running.cut == 17


class TestCut:
    def test_what_nginx_lost_counts_where_php_fpm_was_reached(self, monkeypatch: Any) -> None:
        """As nginx's error log has them: three at a pool that answered, one of them later. The others are of
        the pool that is mended, which failed before too.
        """
        for step in (RESTART, RELOAD):
            pools = Pools(
                monkeypatch, [place(1, listening=True), place(0, listening=True, inode_matches=False)]
            )
            now = pools.host.now()
            lost = [
                {
                    "endpoint": "unix:/run/php/a.sock",
                    "count": 3,
                    "last": now + 9,
                    "times": [now, now + 1, now + 9],
                },
                {"endpoint": "unix:/run/php/b.sock", "count": 9, "last": now, "times": [now] * 9},
            ]
            monkeypatch.setattr(subject, "lost_since", lambda *_arguments, lost=lost: lost)
            running = Running(pools.host, [master()], 3, 2.0, {"workers": []})
            with running.counted(step):
                pass
            assert running.cut == 2

    @pytest.mark.parametrize("step", [RELOAD._replace(cuts=None), RELOAD._replace(cuts="php8.3-fpm.service")])
    def test_near_miss_a_step_that_cuts_nothing_of_ours(self, monkeypatch: Any, step: Step) -> None:
        running = Pools(monkeypatch, [place(9), place(9)]).running()
        assert running.refusal(step) is None
        with running.counted(step):
            pass
        assert running.cut == 0


class TestGrace:
    def test_a_loaded_one_spares_a_reload_the_wait(self, monkeypatch: Any) -> None:
        """One worker is done within it, the other is cut when it is over."""
        pools = Pools(monkeypatch, [place(9), place(9)], workers=[(36, 37), (36, 37), (37,)])
        running = pools.running(master(timeout=5.0))
        assert running.refusal(RELOAD) is None and pools.now == 0
        with running.counted(RELOAD):
            pass
        assert running.cut == 1 and 4.5 < pools.now <= 5

    @pytest.mark.parametrize(
        "masters, step",
        [([master(5.0, True)], RELOAD), ([master(5.0)], RESTART), ([master(5.0), master()], RELOAD)],
    )
    def test_near_miss_one_that_is_not_loaded_or_for_a_restart(
        self, monkeypatch: Any, masters: Any, step: Step
    ) -> None:
        assert Pools(monkeypatch, [place(9), place(9)]).running(*masters).refusal(step)
