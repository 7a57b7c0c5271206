# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How many workers a pool may have, and what is refused."""

import math
from typing import Any, Dict, Optional

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.number import MIB
from ansible_collections.webmedic.php_fpm.plugins.module_utils.plan import memory_room, sizing
from ansible_collections.webmedic.php_fpm.plugins.module_utils.plan.sizing import (
    fair_share,
    fit,
    process_max,
    size,
)
from ansible_collections.webmedic.php_fpm.plugins.module_utils.work.step import Refusal
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.plan.capacity import (
    CONFIG,
    WWW,
    a_host,
    a_master,
    a_pool,
    busy,
    loaded,
)


class TestCost:
    """what a worker counts with"""

    def test_the_largest_of_a_few_workers_counts(self) -> None:
        mixed = a_pool(max_children=4, uss_kb=[10 * 1024, 10 * 1024, 10 * 1024, 100 * 1024])
        assert size(a_host(1024, pools=[mixed]), WWW, busy(100, 4)).inputs["cost"] == 100 * MIB

    def test_a_fresh_worker_counts_with_the_least_cost(self) -> None:
        assert size(a_host(pools=[a_pool(mib=0.14)]), WWW, busy()).inputs["cost"] == memory_room.LEAST_COST

    def test_workers_that_measure_almost_the_same_cost_the_same(self) -> None:
        assert {
            size(a_host(pools=[a_pool(mib=mib)]), WWW, busy()).inputs["cost"] for mib in (29.1, 29.6, 30)
        } == {30 * MIB}

    def test_too_few_workers_count_with_the_dearest_of_the_host(self) -> None:
        cold = a_pool("cold", 10, 5, measured=1)
        dear = a_pool("dear", 2, 60)
        assert (
            size(a_host(2048, cores=64, pools=[a_pool(), cold, dear]), WWW, busy(500)).inputs["ceilings"]
            == 10 * 60 * MIB + 2 * 60 * MIB
        )

    @pytest.mark.parametrize("most, least", [(1, 1), (2, 2), (4, 2), (5, 3), (8, 4), (9, 4), (200, 4)])
    def test_enough_workers_must_have_been_measured(self, most: int, least: int) -> None:
        assert memory_room.needed(most) == least
        size(
            a_host(8192, cores=64, pools=[a_pool(max_children=most, mib=5, measured=least)]),
            WWW,
            busy(10, most),
        )
        with pytest.raises(Refusal, match="could be measured"):
            size(
                a_host(8192, cores=64, pools=[a_pool(max_children=most, mib=5, measured=least - 1)]),
                WWW,
                busy(10, most),
            )


class TestRoom:
    def test_bound_by_memory_the_largest_number_that_fits(self) -> None:
        result = size(a_host(1024, 100, 64, [a_pool(mib=30, shared=50)]), WWW, busy(500))
        room = 1024 - math.ceil(1024 * 0.05) - 100 - 50
        assert (result.bound, result.value) == ("memory", room // 30)

    def test_other_pools_count_with_their_ceiling_even_when_idle(self) -> None:
        alone = size(a_host(cores=64, pools=[a_pool()]), WWW, busy(500))
        beside = size(
            a_host(cores=64, pools=[a_pool(), a_pool("rare", 10, 30, pm="ondemand", measured=0)]),
            WWW,
            busy(500),
        )
        assert beside.value == alone.value - 10

    @pytest.mark.parametrize("limit, kept", [(256, 16), (320, 16), (1024, 52), (4096, 205), (65536, 3277)])
    def test_the_reserve_grows_with_the_limit(self, limit: int, kept: int) -> None:
        assert math.ceil(memory_room.reserve(limit * MIB) / MIB) == kept


class TestDemand:
    @pytest.mark.parametrize("waiting", [5, 6, 9, 10])
    def test_two_looks_at_a_host_under_load_agree(self, waiting: int) -> None:
        assert size(a_host(pools=[a_pool(max_children=4)]), WWW, busy(waiting, 2)).value == (
            16 if waiting > 4 else 8
        )

    @pytest.mark.parametrize("arrived, answered", [(5, 0), (5, 1), (6, 1), (8, 2), (10, 2), (10, 1)])
    def test_looks_at_a_crowd_that_stays_agree(self, arrived: int, answered: int) -> None:
        """Five visitors every two seconds, pages of four seconds, two workers: looks of three seconds at what
        needs ten workers.
        """
        result = {
            size(a_host(2048, cores=2), WWW, busy(live, 2, arrived, answered)).value for live in (10, 15, 20)
        }
        assert result == {16}

    def test_those_who_come_decide_where_few_wait(self) -> None:
        """A queue of one place refuses the others at once."""
        result = size(a_host(4096, cores=8), WWW, busy(1, 2, 8, 1))
        assert (result.value, result.inputs["coming"]) == (32, 16)
        assert "8 came while 1 were answered, which takes 16 workers" in " ".join(result.explain)

    def test_a_pool_with_free_workers_is_refused(self) -> None:
        with pytest.raises(Refusal, match="2 requests served and 0 waiting"):
            size(a_host(pools=[a_pool(max_children=8)]), WWW, busy(0, 2))


class TestSize:
    @pytest.mark.parametrize(
        "facts, why",
        [
            (
                a_host(
                    limit_bytes=None,
                    missing=[{"what": "memory_limit", "path": "/proc/9/cgroup", "why": "cannot be read"}],
                ),
                "/proc/9/cgroup cannot be read",
            ),
            (a_host(others_bytes=None), "other services"),
            (a_host(cores=None), "CPUs"),
            (a_host(pools=[a_pool("shop")]), "has a pool www"),
            (a_host(pools=[a_pool(), dict(a_pool("odd"), max_children=None)]), "pm.max_children of pool odd"),
            (a_host(200, 190), "of other services"),
            (a_host(cores=0.5, pools=[a_pool(max_children=4)]), "cpu: 0.5 cores: 4 workers"),
            (a_host(pools=[a_pool(process_max=2)]), "process.max: 2"),
        ],
    )
    def test_what_is_unknown_or_no_gain_is_refused(self, facts: Dict[str, Any], why: str) -> None:
        with pytest.raises(Refusal) as caught:
            size(facts, WWW, busy())
        assert why in str(caught.value)

    def test_a_small_share_of_a_core_still_allows_four_workers(self) -> None:
        result = size(a_host(cores=0.25), WWW, busy())
        assert (result.value, result.bound) == (4, "cpu")

    def test_a_person_reads_how_the_number_comes_about(self) -> None:
        result = size(a_host(512, 100, 2, [a_pool(shared=20)]), WWW, busy())
        assert result.explain == [
            "pm.max_children of pool www: 2 -> 12, bound by memory",
            (
                "memory: 512 MiB (MemTotal) - 26 MiB kept free - 100 MiB of other services "
                "- 20 MiB shared by the workers = 366 MiB, "
                "one worker takes 30 MiB (p95 of 2 measured): 12 workers"
            ),
            "cpu: 2 cores: 16 workers",
            "demand: 2 requests served and 10 waiting, with a quarter on top: 16 workers",
            (
                "for comparison, (total - a quarter) / average RSS: 7 workers; "
                "it counts shared memory once for each, and no limit"
            ),
        ]


class TestSettings:
    def test_the_guides_shares_give_the_guides_example(self) -> None:
        assert sizing.settings(a_pool(pm="dynamic"), 150) == [
            ("pm.max_children", "150"),
            ("pm.start_servers", "30"),
            ("pm.min_spare_servers", "15"),
            ("pm.max_spare_servers", "45"),
        ]

    @pytest.mark.parametrize("value", [1, 2, 3, 9, 10])
    @pytest.mark.parametrize("least, most", [(None, None), (8, None), (None, 1)])
    def test_spare_servers_are_set_where_none_were(
        self, value: int, least: Optional[int], most: Optional[int]
    ) -> None:
        loaded(dict(sizing.settings(a_pool(pm="dynamic", min_spare=least, max_spare=most), value)), "dynamic")

    @pytest.mark.parametrize("pm", ["static", "ondemand"])
    def test_other_modes_get_no_spare_keys(self, pm: str) -> None:
        assert sizing.settings(a_pool(pm=pm), 150) == [("pm.max_children", "150")]

    def test_spare_servers_shrink_only_if_max_children_forces_it(self) -> None:
        generous = a_pool(pm="dynamic", max_children=20, min_spare=8, max_spare=16, start_servers=12)
        assert [text for _key, text in sizing.settings(generous, 40)] == ["40", "12", "8", "16"]
        assert [text for _key, text in sizing.settings(generous, 6)] == ["6", "6", "6", "6"]
        assert [text for _key, text in sizing.settings(generous, 10)] == ["10", "10", "8", "10"]


class TestFit:
    """fewer workers"""

    def test_a_killed_worker_counts_as_one_of_its_size(self) -> None:
        facts = a_host(512, 100, pools=[a_pool(max_children=20)])
        assert fit(facts, WWW).value == 12
        assert fit(facts, WWW, 200 * MIB).value == 1 + (512 - 26 - 100 - 200) // 30
        assert fit(facts, WWW, 20 * MIB).value == 12
        assert (
            "one of them with the 200 MiB of the worker that was killed" in fit(facts, WWW, 200 * MIB).explain
        )
        assert not [line for line in fit(facts, WWW, 20 * MIB).explain if "killed" in line]

    def test_no_number_of_workers_helps_against_one_that_takes_all(self) -> None:
        why = "no number of workers of pool www fits, one alone takes 500 MiB: a script or its memory_limit"
        with pytest.raises(Refusal, match=why):
            fit(a_host(512, 100, pools=[a_pool(max_children=20)]), WWW, 500 * MIB)

    def test_what_fits_already_is_left_alone(self) -> None:
        with pytest.raises(Refusal, match="all 12 workers of pool www fit already"):
            fit(a_host(512, 100, pools=[a_pool(max_children=12)]), WWW)
        assert fit(a_host(512, 100, pools=[a_pool(max_children=13)]), WWW).value == 12

    def test_the_number_of_cpus_may_be_unknown(self) -> None:
        assert fit(a_host(512, 100, None, [a_pool(max_children=20)]), WWW).bound == "memory"


class TestFilesInMemory:
    """What an account lays into a tmpfs is no reason to take a pool's workers."""

    @staticmethod
    def pushed(others: int, files: int, workers: int = 20) -> Any:
        return a_host(1024, others, pools=[a_pool(max_children=workers)], files_bytes=files * MIB)

    @pytest.mark.parametrize("change", [fit, fair_share])
    def test_a_pool_that_they_push_out_keeps_its_workers(self, change: Any) -> None:
        with pytest.raises(Refusal, match="beside 600 MiB of tmpfs .* fit 9 workers .* without that 29"):
            change(self.pushed(700, 600), WWW)

    def test_so_does_one_of_which_not_one_fits(self) -> None:
        with pytest.raises(Refusal, match="fit 0 workers of pool www"):
            fit(self.pushed(1020, 900), WWW)

    def test_one_that_fits_in_no_case_is_not_cut_below(self) -> None:
        with pytest.raises(Refusal, match="fit 9 workers of pool www, and without that 29"):
            fit(self.pushed(700, 600, workers=40), WWW)

    def test_a_few_workers_are_not_taken_either(self) -> None:
        with pytest.raises(Refusal, match="fit 9 workers of pool www, and without that 12"):
            fit(self.pushed(700, 90, workers=40), WWW)

    def test_near_miss_few_files_and_too_many_workers(self) -> None:
        assert fit(self.pushed(700, 80, workers=40), WWW).value == 9

    def test_near_miss_others_hold_it_without_files(self) -> None:
        assert fit(self.pushed(700, 0), WWW).value == 9


class TestFairShare:
    def test_it_is_that_of_the_workers_that_fit(self) -> None:
        assert fair_share(a_host(512, 100, pools=[a_pool(max_children=4)]), WWW) // MIB == 96
        assert fair_share(a_host(512, 100, pools=[a_pool(max_children=20, mib=50)]), WWW) // MIB == 55

    def test_too_small_for_an_application_is_refused(self) -> None:
        with pytest.raises(Refusal, match="too little for a memory_limit"):
            fair_share(a_host(512, 100, pools=[a_pool(max_children=20, mib=10)]), WWW)


class TestProcessMax:
    def test_it_lets_every_pool_reach_its_own_limit(self) -> None:
        pools = [a_pool("p0", 5), a_pool("p1", 7)]
        assert process_max(a_host(pools=pools), a_master(4, 5, 7)) == 12
        assert process_max(a_host(pools=pools), a_master(0, 5, 7)) == 0
        unlisted = [[CONFIG, "p0_status"], ["/other", "p1_status"], [CONFIG, "gone"]]
        assert process_max(a_host(pools=pools, unlisted=unlisted), a_master(4, 5, 7)) == 14

    def test_it_is_not_raised_beyond_memory(self) -> None:
        facts = a_host(512, pools=[a_pool("p0", 5), a_pool("p1", 12)])
        with pytest.raises(Refusal, match="process.max = 4 keeps the pools from taking"):
            process_max(facts, a_master(4, 5, 12))
        assert process_max(facts, a_master(17, 5, 12)) == 17
