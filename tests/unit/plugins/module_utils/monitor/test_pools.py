# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When a pool is saturated, and how old its oldest request is."""

from typing import Any, Dict, Optional

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.monitor.pools import (
    Pool,
    oldest,
    pools_of,
    still,
)
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.linux.sock_rows import Sock
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.linux.sock_table import Load
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.php_fpm.status import Status

LISTENER = [Sock("unix", "listen", "/run/a.sock")]
KEY = "unix:/run/a.sock"


def master(most: Optional[int] = 2, process_max: int = 0) -> Any:
    pools = [
        {"name": name, "endpoint": KEY if name == "www" else None, "pm": "static", "max_children": most}
        for name in ("www", "blog")
    ]
    return {"config": "c", "process_max": process_max, "pools": [dict(pool, status=None) for pool in pools]}


def seen(
    queue: Optional[int], accepted: int, workers: Optional[Dict[str, int]] = None, **options: Any
) -> Pool:
    load = Load(LISTENER, queue, 511, accepted)
    count = {"www": 2} if workers is None else workers
    return pools_of(master(**options), count, {KEY: load}, {})[0]


class TestSaturated:
    def test_all_are_busy_and_somebody_waits(self) -> None:
        pool = seen(3, 2)
        assert (pool.saturated, pool.busy, pool.queue, pool.backlog) == (True, 2, 3, 511)

    def test_near_miss_all_are_busy_and_nobody_waits(self) -> None:
        assert seen(0, 2).saturated is False

    def test_near_miss_somebody_waits_while_one_is_free(self) -> None:
        assert seen(3, 1).saturated is False

    def test_decoy_more_workers_can_still_be_made(self) -> None:
        assert seen(3, 2, most=5).saturated is False

    def test_not_where_process_max_forbids_them(self) -> None:
        assert seen(3, 2, {"www": 2, "blog": 4}, most=5, process_max=6).saturated is True

    def test_keep_alive_pins_no_more_workers_than_there_are(self) -> None:
        assert seen(3, 9).busy == 2

    def test_where_the_limit_is_unknown_those_that_run_count(self) -> None:
        assert seen(3, 2, most=None).saturated is True

    def test_where_the_queue_is_unknown_it_is_no_gap(self) -> None:
        assert seen(None, 2).saturated is True

    def test_a_pool_without_workers_is_not(self) -> None:
        assert seen(3, 0, {}).saturated is False

    def test_a_pool_that_does_not_listen_says_nothing(self) -> None:
        blog = pools_of(master(), {}, {}, {})[1]
        assert blog.saturated is blog.busy is blog.queue is None

    def test_the_page_knows_better_who_is_busy(self) -> None:
        page = Status("www", 1, 1, 0, 0.0, None)
        pools = pools_of(master(), {"www": 2}, {KEY: Load(LISTENER, 3, 511, 2)}, {"www": page})
        assert pools[0].busy == 1 and pools[0].saturated is False


class TestStill:
    @pytest.mark.parametrize("first,second,both", [(3, 3, True), (3, 0, False), (0, 3, False)])
    def test_only_what_both_looks_saw(self, first: int, second: int, both: bool) -> None:
        assert still([seen(first, 2)], [seen(second, 2)])[0].saturated is both


class TestOldest:
    def test_a_connection_is_at_least_as_old_as_we_know_it(self) -> None:
        load = Load(LISTENER, served=[7, 8], clients=[9, 0])
        age, known = oldest(load, None, {"8": 70.0, "5": 1.0}, 100.0)
        assert age == 30.0 and known == {"7": 100.0, "8": 70.0, "9": 100.0}

    def test_without_a_request_it_is_nothing(self) -> None:
        assert oldest(Load(LISTENER, served=[], clients=[]), None, {"5": 1.0}, 100.0) == (0.0, {})

    def test_the_page_knows_it(self) -> None:
        load = Load(LISTENER, served=[7])
        assert oldest(load, Status("www", 1, 1, 0, 0.0, 41.5), {"7": 1.0}, 100.0)[0] == 41.5

    def test_a_clock_that_was_set_back_makes_nobody_younger_than_new(self) -> None:
        assert oldest(Load(LISTENER, served=[7]), None, {"7": 500.0}, 100.0) == (0.0, {"7": 100.0})
