# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Pools that exceed the memory together, and workers that grow."""

from typing import Any, Callable, Dict, List, Sequence

import pytest
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.hosts import Host, a_host
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.latent.capacity_parts import (
    grown,
    memory,
    of_capacity,
    risks,
    the_risk,
    used,
)

EXCEED = [("capacity_at_risk", "pools_exceed_memory")]
GROW = [("capacity_at_risk", "workers_grow")]


def one_pool(workers: int = 30, own_mib: int = 20, **more: Any) -> Host:
    """Of 512 MiB others hold 100, and what is shared takes 24."""
    host = a_host().with_pool(max_children=workers)
    limits = {key: more.pop(key) for key in ("limit", "others") if key in more}
    return of_capacity(host, memory_of=memory(used(host, 4, own_mib, **more), **limits))


def two_pools(first: int, second: int, **more: Any) -> Host:
    """Pools of 20 MiB workers, of which the second serves nobody."""
    host = a_host()
    pools = [
        used(host, 4, 20, max_children=first, **more),
        used(host, 4, 20, "idle", max_children=second, shared_kb=0, **more),
    ]
    return of_capacity(host, memory_of=memory(*pools))


def working(*sizes: float, **more: Any) -> Host:
    """Workers in the order of their work, with so many MiB each."""
    host = a_host().with_pool(max_requests=more.pop("max_requests", 0))
    rows = [grown(host, 10.0 * (number + 1), size, **more) for number, size in enumerate(sizes)]
    return of_capacity(host, workers=rows)


LEAK = (20.0, 35.0, 50.0, 65.0, 80.0, 95.0)
HITS: Dict[str, Callable[[], Host]] = {
    "pools_exceed_memory": one_pool,
    "workers_grow": lambda: working(*LEAK),
}


class TestExceeding:
    def test_hit_the_numbers_are_told(self) -> None:
        found = the_risk(one_pool())
        assert found["summary"].startswith("30 workers of 1 pool may take 600 MiB together, and 388 MiB are")
        assert (found["confidence"], found["pool"]) == ("likely", "www")
        assert "of which other services hold 100 MiB" in found["evidence"][0]["text"]

    def test_hit_the_largest_pool_can_be_made_to_fit(self) -> None:
        remedy = the_risk(one_pool())["remedy"]
        assert [(each["action"], each["arguments"]["pool"]) for each in remedy] == [("memory_fit", "www")]

    def test_near_miss_one_pool_alone_cannot_make_room(self) -> None:
        found = the_risk(two_pools(5, 60))
        assert found["remedy"] == [], "what is idle is no pool of a site's, and takes all"

    def test_hit_two_pools_that_fit_alone(self) -> None:
        assert risks(two_pools(12, 12)) == EXCEED
        assert risks(two_pools(12, 5)) == []

    @pytest.mark.parametrize(("workers", "expected"), [(19, []), (20, EXCEED)])
    def test_near_miss_up_to_the_last_worker(self, workers: int, expected: List[Any]) -> None:
        """388 MiB are left for workers of 20: what sizing leaves free beside them is no risk."""
        assert risks(one_pool(workers)) == expected

    def test_near_miss_process_max_bounds_the_pools(self) -> None:
        assert risks(two_pools(30, 30, process_max=19)) == []
        assert risks(two_pools(30, 30, process_max=40)) == EXCEED

    def test_hit_too_few_workers_were_measured_to_be_sure(self) -> None:
        host = a_host().with_pool(max_children=60)
        found = the_risk(of_capacity(host, memory_of=memory(used(host, 1, 20))))
        assert found["confidence"] == "possible"

    @pytest.mark.parametrize("facts", [{"limit": None}, {"others": None}, {"uss_kb": []}])
    def test_near_miss_a_number_is_not_known(self, facts: Any) -> None:
        assert risks(one_pool(**facts)) == []

    def test_decoy_an_idle_pool_of_small_workers(self) -> None:
        assert risks(one_pool(40, 2)) == [], "a worker counts with 4 MiB at least"


class TestGrowing:
    def test_hit_it_tells_the_first_and_the_last(self) -> None:
        found = the_risk(working(*LEAK))
        assert "95 MiB by now" in found["summary"] and found["confidence"] == "likely"
        assert "holds 20 MiB" in found["evidence"][1]["text"]

    @pytest.mark.parametrize("sizes", [(12, 30, 48, 70), (12, 30, 48, 70, 95), (10, 14, 30, 28, 55, 60, 90)])
    def test_hit_few_and_not_quite_in_order(self, sizes: Sequence[float]) -> None:
        assert risks(working(*sizes)) == GROW

    def test_hit_by_age_where_all_worked_as_much(self) -> None:
        host = working(*LEAK)
        for number, row in enumerate(host["risks"]["capacity"]["workers"]):
            row.update(cpu_seconds=10.0, age=100.0 * (number + 1))
        assert risks(host) == GROW

    def test_hit_by_age_where_the_clock_is_too_coarse(self) -> None:
        """As measured on a host of the lab, whose oldest workers had computed as good as the same."""
        host = working(3.3, 9.0, 22.6, 24.9, 27.9)
        seen = [(0.03, 23.2), (0.09, 56.9), (0.29, 92.6), (0.49, 98.8), (0.48, 104.0)]
        for row, (cpu, age) in zip(host["risks"]["capacity"]["workers"], seen):
            row.update(cpu_seconds=cpu, age=age)
        assert risks(host) == GROW

    @pytest.mark.parametrize(
        "sizes",
        [
            (5, 40, 41, 42, 41, 42),  # one has just started
            (5, 6, 40, 41, 40, 42),
            (40, 41, 40, 42, 41, 40),
            (20, 22, 23, 24, 25, 26),  # by little
            (60, 20, 50, 30, 70, 40),  # by chance
            (12, 48, 30, 70),
            (12, 30, 70),  # of three nothing can be told
            (),
        ],
    )
    def test_near_miss_they_do_not_grow(self, sizes: Sequence[float]) -> None:
        assert risks(working(*sizes)) == []

    def test_near_miss_what_they_needed_once_is_free_again(self) -> None:
        assert risks(working(*LEAK, peak_kb=400 * 1024)) == []

    def test_near_miss_they_are_replaced(self) -> None:
        assert risks(working(*LEAK, max_requests=500)) == []

    def test_near_miss_all_did_the_same(self) -> None:
        assert risks(working(*LEAK, cpu_seconds=10.0)) == []

    def test_decoy_workers_of_another_pool(self) -> None:
        assert risks(working(*LEAK, pool="other")) == []
