# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How many workers: the table of docs/sizing.md, and laws that hold on a grid of hosts."""

import itertools
import math
import os
import re
from typing import Any, Dict, List, Optional, Sequence

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.php_fpm.conf import parse_fpm_conf
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.php_fpm.pools import pool_facts, refusals
from ansible_collections.webmedic.php_fpm.plugins.module_utils.plan import memory_room, sizing
from ansible_collections.webmedic.php_fpm.plugins.module_utils.plan.memory_room import MIB
from ansible_collections.webmedic.php_fpm.plugins.module_utils.plan.sizing import (
    Sizing,
    fair_share,
    fit,
    process_max,
    size,
)
from ansible_collections.webmedic.php_fpm.plugins.module_utils.verdict.step import Refusal
from ansible_collections.webmedic.php_fpm.tests.unit.places import ROOT

PAGE = os.path.join(ROOT, "docs", "sizing.md")
CONFIG = "/etc/php/8.2/fpm/php-fpm.conf"
WWW = (CONFIG, "www")


def a_pool(
    name: str = "www",
    max_children: int = 2,
    mib: float = 30,
    shared: int = 0,
    measured: Optional[int] = None,
    **more: Any,
) -> Dict[str, Any]:
    """measured: all of them, unless told."""
    seen = max_children if measured is None else measured
    facts = {
        "config": CONFIG,
        "pool": name,
        "pm": "static",
        "max_children": max_children,
        "start_servers": None,
        "min_spare": None,
        "max_spare": None,
        "process_max": 0,
        "workers": seen,
        "measured": seen,
        "uss_kb": [int(mib * 1024)] * seen,
        "rss_kb": [int((mib + shared) * 1024)] * seen,
        "shared_kb": shared * 1024,
        "cpu_share": 0.5,
    }
    return dict(facts, **more)


def a_host(
    limit: int = 1024,
    others: int = 100,
    cores: Optional[float] = 4,
    pools: Sequence[Dict[str, Any]] = (),
    **more: Any,
) -> Dict[str, Any]:
    """Sizes in MiB."""
    facts = {
        "limit_bytes": limit * MIB,
        "limit_from": "MemTotal",
        "mem_total": limit * MIB,
        "others_bytes": others * MIB,
        "cores": cores,
        "pools": list(pools) or [a_pool()],
        "unlisted": [],
        "missing": [],
    }
    return dict(facts, **more)


def busy(waiting: int = 10, served: int = 2, arrived: int = 0, answered: int = 0) -> Dict[str, int]:
    return {"busy": served, "waiting": waiting, "arrived": arrived, "answered": answered}


def table() -> List[List[str]]:
    with open(PAGE, encoding="utf-8") as stream:
        rows = [
            [cell.strip() for cell in line.strip().strip("|").split("|")]
            for line in stream
            if line.startswith("|")
        ]
    return [row for row in rows if len(row) == 11 and row[0].isdigit()]


def test_the_page_has_its_table() -> None:
    """The test of its rows would be empty, and green, if it were not found. Every bound has a row."""
    assert len(table()) >= 8
    assert {"memory", "cpu", "demand", "process.max", "refused"} <= {row[9] for row in table()}


@pytest.mark.parametrize("row", table(), ids=" ".join)
def test_the_page_shows_what_the_code_says(row: List[str]) -> None:
    limit, others, shared, other_pools, cores, now, each, requests, value, bound, guide = row
    rest = [
        a_pool("other%d" % number, int(most), float(mib))
        for number, (most, mib) in enumerate(re.findall(r"(\d+) x (\d+)", other_pools))
    ]
    cap = re.search(r"of (\d+)", now)
    mine = a_pool(
        "www", int(now.split()[0]), float(each), int(shared), process_max=int(cap.group(1)) if cap else 0
    )
    facts = a_host(int(limit), int(others), float(cores), [mine] + rest)
    served, waiting, arrived, answered = [
        int(number or 0) for number in re.findall(r"^(\d+) \+ (\d+)(?:, (\d+) : (\d+))?$", requests)[0]
    ]
    if bound == "refused":
        with pytest.raises(Refusal):
            size(facts, WWW, busy(waiting, served, arrived, answered))
        return
    found = size(facts, WWW, busy(waiting, served, arrived, answered))
    assert (str(found.value), found.bound, str(found.guide)) == (value, bound, guide)


def loaded(settings: Dict[str, str], pm: str) -> Dict[str, Any]:
    """The pool as php-fpm's own rules read it; fails where php-fpm would refuse it."""
    text = "[www]\nlisten = /run/php/php.sock\nuser = www-data\npm = %s\n%s" % (
        pm,
        "".join("%s = %s\n" % pair for pair in sorted(settings.items())),
    )
    conf = parse_fpm_conf(CONFIG, lambda path: text, lambda pattern: [], "/usr")
    pools = [pool_facts(section, "/usr") for section in conf.pools]
    assert refusals(conf, pools) == []
    return pools[0]


def spent(facts: Dict[str, Any], value: int) -> int:
    """What all workers of all pools may hold together, with what others hold and the reserve."""
    own = [value if pool["pool"] == "www" else pool["max_children"] for pool in facts["pools"]]
    costs = [max(pool["uss_kb"] or [0]) * 1024 for pool in facts["pools"]]
    shared = sum(pool["shared_kb"] for pool in facts["pools"]) * 1024
    return (
        facts["others_bytes"]
        + shared
        + memory_room.reserve(facts["limit_bytes"])
        + sum(count * cost for count, cost in zip(own, costs))
    )


def applied(facts: Dict[str, Any], found: Sizing) -> Dict[str, Any]:
    """The host once the settings are in force and all workers have started."""
    mine = facts["pools"][0]
    now = loaded(dict(found.settings), mine["pm"])
    values = {key: now[key] for key in ("max_children", "start_servers", "min_spare", "max_spare")}
    changed = dict(
        mine, measured=found.value, workers=found.value, uss_kb=[mine["uss_kb"][-1]] * found.value, **values
    )
    return dict(facts, pools=[changed] + facts["pools"][1:])


def grid(currents: Sequence[int]) -> List[Dict[str, Any]]:
    hosts = []
    modes = ("static", "dynamic", "ondemand")
    for limit, number, mib, pm, current in itertools.product(
        (256, 512, 1024, 4096), (1, 2, 3, 4), (5, 12, 40, 90), modes, currents
    ):
        spare = (
            {"min_spare": max(1, current // 3), "max_spare": current, "start_servers": max(1, current // 2)}
            if pm == "dynamic"
            else {}
        )
        mine = a_pool("www", current, mib, 20, pm=pm, **spare)
        rest = [a_pool("other%d" % one, 2 + one, mib / 2.0, measured=one) for one in range(number - 1)]
        hosts.append(a_host(limit, limit // 8, 2, [mine] + rest))
    return hosts


def test_a_larger_pool_is_accepted_fits_and_is_the_same_at_a_second_look() -> None:
    sized, refused = 0, 0
    for facts in grid((1, 2, 5, 14)):
        demand = busy(9, facts["pools"][0]["max_children"])
        try:
            found = size(facts, WWW, demand)
        except Refusal:
            refused += 1
            continue
        sized += 1
        assert found.value > facts["pools"][0]["max_children"]
        assert found.value == int(dict(found.settings)["pm.max_children"])
        assert found.value <= min(found.inputs["memory"], found.inputs["cpu"], found.inputs["demand"])
        assert spent(facts, found.value) <= facts["limit_bytes"]
        assert size(facts, WWW, dict(demand)) == found
        later = applied(facts, found)
        with pytest.raises(Refusal):
            size(later, WWW, demand)
        with pytest.raises(Refusal, match="fit already"):
            fit(later, WWW)
    assert sized > 100 and refused > 100


def test_a_smaller_pool_is_accepted_and_is_the_largest_that_fits() -> None:
    lowered, refused = 0, 0
    for facts in grid((6, 30, 90)):
        cost = facts["pools"][0]["uss_kb"][0] * 1024
        for peak in (None, 3 * cost):
            try:
                found = fit(facts, WWW, peak)
            except Refusal:
                refused += 1
                continue
            lowered += 1
            extra = (peak or cost) - cost
            assert 1 <= found.value < facts["pools"][0]["max_children"]
            assert spent(facts, found.value) + extra <= facts["limit_bytes"]
            # The pools that were not observed count with the most expensive worker: at least the room that
            # the code names is full.
            assert (found.value + 1) * cost + extra > found.inputs["room"]
            with pytest.raises(Refusal):
                fit(applied(facts, found), WWW, peak)
    assert lowered > 100 and refused > 100


def test_memory_bound_is_the_largest_that_fits() -> None:
    found = size(a_host(1024, 100, 64, [a_pool(mib=30, shared=50)]), WWW, busy(500))
    room = 1024 - math.ceil(1024 * 0.05) - 100 - 50
    assert (found.bound, found.value) == ("memory", room // 30)


@pytest.mark.parametrize("waiting", [5, 6, 9, 10])
def test_two_looks_at_a_host_under_load_agree(waiting: int) -> None:
    assert size(a_host(pools=[a_pool(max_children=4)]), WWW, busy(waiting, 2)).value == (
        16 if waiting > 4 else 8
    )


@pytest.mark.parametrize("arrived, answered", [(5, 0), (5, 1), (6, 1), (8, 2), (10, 2), (10, 1)])
def test_looks_at_a_crowd_that_stays_agree_however_its_arrivals_fall(arrived: int, answered: int) -> None:
    """Five visitors every two seconds, pages of four seconds, two workers: looks of three seconds at what
    needs ten workers.
    """
    found = {
        size(a_host(2048, cores=2), WWW, busy(live, 2, arrived, answered)).value for live in (10, 15, 20)
    }
    assert found == {16}


def test_those_who_come_decide_where_few_wait() -> None:
    """A queue of one place refuses the others at once."""
    found = size(a_host(4096, cores=8), WWW, busy(1, 2, 8, 1))
    assert (found.value, found.inputs["coming"]) == (32, 16)
    assert "8 came while 1 were answered, which takes 16 workers" in " ".join(found.explain)


def test_the_highest_worker_of_a_few_counts_and_not_the_average() -> None:
    mixed = dict(a_pool(max_children=4), uss_kb=[10 * 1024, 10 * 1024, 10 * 1024, 100 * 1024])
    assert size(a_host(1024, pools=[mixed]), WWW, busy(100, 4)).inputs["cost"] == 100 * MIB


def test_a_fresh_worker_counts_with_what_it_will_come_to() -> None:
    assert size(a_host(pools=[a_pool(mib=0.14)]), WWW, busy()).inputs["cost"] == memory_room.LEAST_COST


def test_workers_that_measure_almost_the_same_cost_the_same() -> None:
    assert {
        size(a_host(pools=[a_pool(mib=mib)]), WWW, busy()).inputs["cost"] for mib in (29.1, 29.6, 30)
    } == {30 * MIB}


def test_other_pools_count_with_their_ceiling_even_when_idle() -> None:
    alone = size(a_host(cores=64, pools=[a_pool()]), WWW, busy(500))
    beside = size(
        a_host(cores=64, pools=[a_pool(), a_pool("rare", 10, 30, pm="ondemand", measured=0)]), WWW, busy(500)
    )
    assert beside.value == alone.value - 10


def test_a_pool_hardly_observed_counts_with_the_most_expensive_worker() -> None:
    cold = dict(a_pool("cold", 10, 5, measured=1), workers=1)
    dear = a_pool("dear", 2, 60)
    assert (
        size(a_host(2048, cores=64, pools=[a_pool(), cold, dear]), WWW, busy(500)).inputs["ceilings"]
        == 10 * 60 * MIB + 2 * 60 * MIB
    )


@pytest.mark.parametrize("limit, kept", [(256, 16), (320, 16), (1024, 52), (4096, 205), (65536, 3277)])
def test_the_reserve_grows_with_the_limit(limit: int, kept: int) -> None:
    assert math.ceil(memory_room.reserve(limit * MIB) / MIB) == kept


@pytest.mark.parametrize("most, least", [(1, 1), (2, 2), (4, 2), (5, 3), (8, 4), (9, 4), (200, 4)])
def test_enough_workers_must_have_been_measured(most: int, least: int) -> None:
    assert memory_room.needed(most) == least
    size(
        a_host(8192, cores=64, pools=[a_pool(max_children=most, mib=5, measured=least)]), WWW, busy(10, most)
    )
    with pytest.raises(Refusal, match="could be measured"):
        size(
            a_host(8192, cores=64, pools=[a_pool(max_children=most, mib=5, measured=least - 1)]),
            WWW,
            busy(10, most),
        )


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
def test_what_is_not_known_or_cannot_be_gained_is_refused(facts: Dict[str, Any], why: str) -> None:
    with pytest.raises(Refusal) as caught:
        size(facts, WWW, busy())
    assert why in str(caught.value)


def test_a_small_share_of_a_core_still_allows_four_workers() -> None:
    found = size(a_host(cores=0.25), WWW, busy())
    assert (found.value, found.bound) == (4, "cpu")


def test_a_pool_with_free_workers_is_refused() -> None:
    with pytest.raises(Refusal, match="2 requests served and 0 waiting"):
        size(a_host(pools=[a_pool(max_children=8)]), WWW, busy(0, 2))


def test_a_person_is_told_the_method_the_bound_and_the_guides_number() -> None:
    found = size(a_host(512, 100, 2, [a_pool(shared=20)]), WWW, busy())
    assert found.explain == [
        "pm.max_children of pool www: 2 -> 12, bound by memory",
        (
            "memory: 512 MiB (MemTotal) - 26 MiB kept free - 100 MiB of other services - 20 MiB shared by "
            "the workers = 366 MiB, "
            "one worker takes 30 MiB (p95 of 2 measured): 12 workers"
        ),
        "cpu: 2 cores: 16 workers",
        "demand: 2 requests served and 10 waiting, with a quarter on top: 16 workers",
        (
            "for comparison, (total - a quarter) / average RSS: 7 workers; it counts shared memory once for "
            "each, and no limit"
        ),
    ]


def test_the_guides_shares_give_the_guides_example() -> None:
    assert sizing.settings(a_pool(pm="dynamic"), 150) == [
        ("pm.max_children", "150"),
        ("pm.start_servers", "30"),
        ("pm.min_spare_servers", "15"),
        ("pm.max_spare_servers", "45"),
    ]


@pytest.mark.parametrize("value", [1, 2, 3, 9, 10])
@pytest.mark.parametrize("least, most", [(None, None), (8, None), (None, 1)])
def test_spare_servers_are_set_where_none_were(value: int, least: Optional[int], most: Optional[int]) -> None:
    loaded(dict(sizing.settings(a_pool(pm="dynamic", min_spare=least, max_spare=most), value)), "dynamic")


@pytest.mark.parametrize("pm", ["static", "ondemand"])
def test_other_modes_get_no_spare_keys(pm: str) -> None:
    assert sizing.settings(a_pool(pm=pm), 150) == [("pm.max_children", "150")]


def test_spare_servers_are_made_smaller_only_where_max_children_forces_it() -> None:
    generous = a_pool(pm="dynamic", max_children=20, min_spare=8, max_spare=16, start_servers=12)
    assert [text for _key, text in sizing.settings(generous, 40)] == ["40", "12", "8", "16"]
    assert [text for _key, text in sizing.settings(generous, 6)] == ["6", "6", "6", "6"]
    assert [text for _key, text in sizing.settings(generous, 10)] == ["10", "10", "8", "10"]


def test_a_killed_worker_counts_as_one_of_its_size() -> None:
    facts = a_host(512, 100, pools=[a_pool(max_children=20)])
    assert fit(facts, WWW).value == 12
    assert fit(facts, WWW, 200 * MIB).value == 1 + (512 - 26 - 100 - 200) // 30
    assert fit(facts, WWW, 20 * MIB).value == 12
    assert "one of them with the 200 MiB of the worker that was killed" in fit(facts, WWW, 200 * MIB).explain
    assert not [line for line in fit(facts, WWW, 20 * MIB).explain if "killed" in line]


def test_no_number_of_workers_helps_against_one_that_takes_all() -> None:
    with pytest.raises(
        Refusal,
        match="no number of workers of pool www fits, one alone takes 500 MiB: a script or its memory_limit",
    ):
        fit(a_host(512, 100, pools=[a_pool(max_children=20)]), WWW, 500 * MIB)


def test_what_fits_already_is_left_alone() -> None:
    with pytest.raises(Refusal, match="all 12 workers of pool www fit already"):
        fit(a_host(512, 100, pools=[a_pool(max_children=12)]), WWW)
    assert fit(a_host(512, 100, pools=[a_pool(max_children=13)]), WWW).value == 12


def test_fewer_workers_need_no_word_on_the_cpu() -> None:
    assert fit(a_host(512, 100, None, [a_pool(max_children=20)]), WWW).bound == "memory"


def test_a_fair_share_is_that_of_the_workers_that_fit() -> None:
    assert fair_share(a_host(512, 100, pools=[a_pool(max_children=4)]), WWW) // MIB == 96
    assert fair_share(a_host(512, 100, pools=[a_pool(max_children=20, mib=50)]), WWW) // MIB == 55


def test_a_fair_share_too_small_for_an_application_is_refused() -> None:
    with pytest.raises(Refusal, match="too little for a memory_limit"):
        fair_share(a_host(512, 100, pools=[a_pool(max_children=20, mib=10)]), WWW)


def a_master(process_max: int, *counts: int) -> Dict[str, Any]:
    return {
        "config": CONFIG,
        "process_max": process_max,
        "pools": [{"name": "p%d" % number, "max_children": count} for number, count in enumerate(counts)],
    }


def test_process_max_lets_every_pool_reach_its_own_limit() -> None:
    facts = a_host(pools=[a_pool("p0", 5), a_pool("p1", 7)])
    assert process_max(facts, a_master(4, 5, 7)) == 12
    assert process_max(facts, a_master(0, 5, 7)) == 0
    assert (
        process_max(
            dict(facts, unlisted=[[CONFIG, "p0_status"], ["/other", "p1_status"], [CONFIG, "gone"]]),
            a_master(4, 5, 7),
        )
        == 14
    )


def test_process_max_is_not_raised_beyond_memory() -> None:
    facts = a_host(512, pools=[a_pool("p0", 5), a_pool("p1", 12)])
    with pytest.raises(Refusal, match="process.max = 4 keeps the pools from taking"):
        process_max(facts, a_master(4, 5, 12))
    assert process_max(facts, a_master(17, 5, 12)) == 17
