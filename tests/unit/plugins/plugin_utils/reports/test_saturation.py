# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How near a pool is to its limit, where a snapshot tells, and unknown where none does."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.reports import report
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.reports.saturation import (
    loads,
    nearness,
    saturation,
)
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.hosts import FILES, fixture
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.plugin_utils.results import NOW, answer

CONFIG, SOCKET = "/etc/php/8.2/fpm/php-fpm.conf", "unix:/run/php/php8.2-fpm.sock"


def seen(busy: list[bool | None], limit: Any = 10, queue: Any = 0, backlog: Any = 100) -> dict[str, Any]:
    pool = {"name": "www", "endpoint": SOCKET, "max_children": limit}
    return {
        "fpm": {"masters": [{"config": CONFIG, "pools": [pool]}]},
        "workers": [{"config": CONFIG, "pool": "www", "busy": state} for state in busy],
        "endpoints": {SOCKET: {"queue": queue, "backlog": backlog}},
    }


def made(snapshot: Any) -> report.Report:
    return report.build({"a": answer(snapshot=snapshot)}, 900, NOW, keep_snapshot=True)


def trend_of(before: Any, after: Any) -> str:
    ((load,), _unknown) = saturation(made(before), made(after))
    return load["trend"]


class TestTrend:
    @pytest.mark.parametrize(
        ("before", "after", "trend"),
        [
            (seen([True] * 2), seen([True] * 8), "nearer"),
            (seen([True] * 8), seen([True] * 2), "farther"),
            (seen([True] * 8), seen([True] * 8, limit=8), "nearer"),
            (seen([True] * 2), seen([True] * 3), "same"),
            (seen([True] * 10), seen([True] * 10, queue=50), "nearer"),
            (seen([True] * 2, limit=None), seen([True] * 8), "unknown"),
            (seen([True, None]), seen([True] * 8), "unknown"),
        ],
    )
    def test_of_one_pool(self, before: Any, after: Any, trend: str) -> None:
        assert trend_of(before, after) == trend

    def test_a_pool_that_was_not_there(self) -> None:
        bare = {"fpm": {"masters": []}, "workers": [], "endpoints": {}}
        (load,), _unknown = saturation(made(bare), made(seen([True])))
        assert load["before"] is None and load["trend"] == "unknown"
        assert load["after"] == {"busy": 1, "max_children": 10, "queue": 0, "backlog": 100}

    def test_the_nearest_to_its_limit_stands_first(self) -> None:
        two = {"a": answer(snapshot=seen([True])), "b": answer(snapshot=seen([True] * 9))}
        both = report.build(two, 900, NOW, keep_snapshot=True)
        assert [load["host"] for load in saturation(both, both)[0]] == ["b", "a"]


class TestUnknown:
    @pytest.mark.parametrize("snapshot", [None, {}, {"fpm": 1}, {**seen([True]), "endpoints": [1]}])
    def test_without_a_snapshot_that_can_be_read(self, snapshot: Any) -> None:
        assert saturation(made(snapshot), made(seen([True]))) == ([], ["a"])
        assert saturation(made(seen([True])), made(snapshot)) == ([], ["a"])

    def test_a_backlog_of_nothing_divides_nothing(self) -> None:
        assert nearness({"busy": 1, "max_children": 0, "queue": 1, "backlog": 0}) is None
        assert nearness({"busy": 1, "max_children": 2, "queue": 1, "backlog": 0}) == 0.5


class TestRealHosts:
    def test_every_saved_snapshot_tells_its_pools(self) -> None:
        for path in FILES:
            snapshot = fixture(path)["snapshot"]
            pools = loads(made(snapshot)["hosts"]["a"])
            assert pools is not None, path
            assert len(pools) == len(
                {
                    (master["config"], pool["name"], pool["endpoint"])
                    for master in snapshot["fpm"]["masters"]
                    for pool in master["pools"]
                }
            ), path
