# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How long a change is waited for, and what decides whether it stays. The looks at the host are given; real
hosts are in integration/harm.py.
"""

from typing import Any, Dict, List, Optional

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.plan.policy import Policy
from ansible_collections.webmedic.php_fpm.plugins.module_utils.remediate import proof as engine
from ansible_collections.webmedic.php_fpm.plugins.module_utils.remediate.pages import SILENT, SLOW, Page
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.remediate.test_compare import (
    BUSY,
    GONE,
    UP,
    A,
    B,
    page,
)
from ansible_collections.webmedic.php_fpm.tests.unit.support import FakeHost

POLICY = Policy(900, 3.0, "medium", [], [], "/", 6.0, 2, 3600, "", "restart", 10, 10.0, "leave")
START = {"id": "unit_start", "arguments": {"unit": "fpm.service"}}
REPOINT = {"id": "fastcgi_pass_repoint", "arguments": {"file": "/etc/nginx/x", "line": 3}}
SHOP, BLOG = ("/etc/nginx/x", 1), ("/etc/nginx/x", 9)


def route(line: int, name: str, *endpoints: str) -> Dict[str, Any]:
    return {
        "site": name,
        "server_names": [name],
        "listen": ["80"],
        "server": {"file": "/etc/nginx/x", "line": line},
        "endpoints": [{"endpoint": key, "down": False} for key in endpoints],
    }


def finding(endpoint: str = A, cause: str = "fpm_not_running") -> Dict[str, Any]:
    return {
        "cause": cause,
        "endpoint": endpoint,
        "site": "shop",
        "state": "active",
        "servers": [{"name": "shop", "listen": "80", "file": "/etc/nginx/x", "line": 1}],
    }


class Clock(FakeHost):
    def __init__(self) -> None:
        super().__init__({"/proc/none": ""})
        self.at = 1000.0

    def now(self) -> float:
        return self.at

    def monotonic(self) -> float:
        return self.at

    def sleep(self, seconds: float) -> None:
        self.at += seconds


class World:
    """looks: the endpoints and pages of one look after the other, the last one for ever. visits: the sites of
    each request for pages.
    """

    def __init__(
        self,
        monkeypatch: Any,
        before: Any,
        *looks: Any,
        still: Any = (),
        routes: Optional[List[Dict[str, Any]]] = None,
    ) -> None:
        self.host, self.left = Clock(), [before] + list(looks)
        self.visits = []  # type: List[Any]
        routes = routes or [route(1, "shop", A), route(9, "blog", B)]
        nginx = {"routes": routes, "workers": [], "master": None, "error_logs": []}
        masters = [
            {"unit": "fpm.service", "config": "/etc/fpm.conf", "pools": [{"endpoint": A}, {"endpoint": B}]}
        ]
        self.snapshot = {
            "nginx": {"routes": [route(1, "shop", A), route(9, "blog", B)]},
            "fpm": {"masters": masters},
            "endpoints": before[0],
        }

        def endpoints(*_arguments: Any) -> Dict[str, Any]:
            if len(self.left) > 1:
                self.left.pop(0)
            endpoints, _pages = self.left[0]
            return dict(endpoints)

        def ask(_host: Any, _nginx: Any, doors: Any, _path: str, _seconds: float) -> Dict[Any, Page]:
            self.visits.append([door.name for door in doors])
            _endpoints, pages = self.left[0]
            return {door.place: pages[door.name] for door in doors if door.name in pages}

        monkeypatch.setattr(engine, "processes", lambda _host: [])
        monkeypatch.setattr(engine, "collect_nginx", lambda _host, _procs: nginx)
        monkeypatch.setattr(engine, "identity_of", lambda _nginx: None)
        monkeypatch.setattr(engine, "collect_endpoints", endpoints)
        monkeypatch.setattr(engine, "ask", ask)
        monkeypatch.setattr(engine, "take", lambda *_arguments: {})
        monkeypatch.setattr(engine, "diagnose", lambda _snapshot: {"findings": list(still)})

    def judge(self, *actions: Dict[str, Any], items: Any = None) -> Any:
        items = items or [finding()]
        self.proof = engine.Proof(self.host, POLICY, self.snapshot, items, actions or (START,), True)
        self.proof.begin()
        return self.proof.problem(items, actions or (START,))


def look(a: Any, b: Any = None, **pages: Page) -> Any:
    return {A: a, B: b or UP}, pages


DEAD = look(GONE, shop=page(502, SILENT, A), blog=page(200))
WELL = look(UP, shop=page(200), blog=page(200))


class TestKept:
    def test_what_helped_is_kept_as_soon_as_it_is_seen(self, monkeypatch: Any) -> None:
        world = World(monkeypatch, DEAD, WELL)
        assert world.judge() is None and world.host.at - 1000.0 < 2 and world.proof.answered_at == 1000.0

    def test_a_neighbour_that_needs_a_moment_is_waited_for(self, monkeypatch: Any) -> None:
        assert World(monkeypatch, DEAD, look(GONE, GONE), look(UP, GONE), WELL).judge() is None

    def test_a_neighbour_that_was_dead_before_may_stay_dead(self, monkeypatch: Any) -> None:
        silent = page(502, SILENT, B)
        assert (
            World(
                monkeypatch,
                look(GONE, GONE, shop=page(502, SILENT, A), blog=silent),
                look(UP, GONE, shop=page(200), blog=silent),
            ).judge()
            is None
        )

    def test_a_page_that_does_not_come_is_asked_for_once(self, monkeypatch: Any) -> None:
        world = World(monkeypatch, DEAD, look(UP, shop=page(None, SLOW), blog=page(200)))
        assert world.judge() is None and world.visits == [["shop", "blog"], ["shop", "blog"]]

    def test_a_full_pool_is_better_than_one_that_is_down(self, monkeypatch: Any) -> None:
        world = World(monkeypatch, DEAD, look(BUSY, shop=page(None, SLOW), blog=page(200)))
        assert world.judge() is None and "no_answer" in world.proof.rest


class TestPutBack:
    def test_what_did_not_help_when_the_time_is_over(self, monkeypatch: Any) -> None:
        world = World(monkeypatch, DEAD)
        assert "missing" in str(world.judge()) and world.host.at >= 1006.0 and world.proof.answered_at is None

    def test_a_neighbour_that_died_does_not_wait_for_the_end(self, monkeypatch: Any) -> None:
        world = World(monkeypatch, DEAD, look(UP, GONE, shop=page(200), blog=page(502, SILENT, B)))
        assert "got worse through it" in str(world.judge()) and world.host.at < 1006.0

    def test_a_repoint_that_gives_500(self, monkeypatch: Any) -> None:
        led = [route(1, "shop", B), route(9, "blog", B)]
        assert "no proof" in str(
            World(monkeypatch, DEAD, look(GONE, shop=page(500), blog=page(200)), routes=led).judge(REPOINT)
        )
        assert (
            World(monkeypatch, DEAD, look(GONE, shop=page(200), blog=page(200)), routes=led).judge(REPOINT)
            is None
        )

    def test_what_is_found_again_at_once_did_not_help(self, monkeypatch: Any) -> None:
        again = dict(finding(cause="worker_oom_killed"), summary="The OOM killer took a worker.")
        item = finding(cause="worker_oom_killed")
        assert "it is still so" in str(World(monkeypatch, WELL, WELL, still=[again]).judge(items=[item]))
        assert (
            World(monkeypatch, WELL, WELL, still=[dict(again, state="recovered")]).judge(items=[item]) is None
        )

    def test_workers_killed_since_unless_a_site_came_back(
        self,
        monkeypatch: Any,
    ) -> None:
        killed = dict(finding(cause="worker_oom_killed"), summary="The OOM killer took a worker.")
        assert "something else is wrong now" in str(
            World(monkeypatch, WELL, WELL, still=[killed]).judge(
                items=[finding(cause="max_children_exhausted")]
            )
        )
        assert World(monkeypatch, DEAD, WELL, still=[killed]).judge() is None


class TestSteps:
    def test_the_next_step_is_compared_with_how_it_is_then(self, monkeypatch: Any) -> None:
        world = World(monkeypatch, DEAD, look(GONE, GONE), look(GONE, GONE))
        assert world.judge() is not None
        world.left = [DEAD]
        world.proof.begin()
        assert engine.best(world.proof.before, [B]) == engine.ANSWERS

    @pytest.mark.parametrize(
        "action, touched",
        [
            (START, [A, B]),
            ({"id": "unit_start", "arguments": {"unit": "other.service"}}, []),
            (REPOINT, [A, B]),
            ({"id": "pool_size_set", "arguments": {"config": "/etc/fpm.conf", "pool": "www"}}, [A, B]),
        ],
    )
    def test_neighbours_are_the_pools_that_an_action_may_disturb(
        self, action: Any, touched: Any, monkeypatch: Any
    ) -> None:
        world = World(monkeypatch, WELL)
        assert engine.Proof(world.host, POLICY, world.snapshot, [], [action], False).near == touched

    def test_no_page_is_asked_for_in_check_mode_or_without_a_path(self, monkeypatch: Any) -> None:
        world = World(monkeypatch, DEAD)
        engine.Proof(world.host, POLICY, world.snapshot, [finding()], [START], False)
        engine.Proof(world.host, POLICY._replace(probe_path=""), world.snapshot, [finding()], [START], True)
        assert world.visits == [[], []]
