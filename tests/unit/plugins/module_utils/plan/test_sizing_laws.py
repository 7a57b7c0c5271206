# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Laws of the sizes that hold on a grid of hosts."""

import itertools
from typing import Any, Dict, List, Sequence

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.plan import memory_room
from ansible_collections.webmedic.php_fpm.plugins.module_utils.plan.sizing import (
    Sizing,
    fit,
    size,
)
from ansible_collections.webmedic.php_fpm.plugins.module_utils.work.step import Refusal
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.plan.capacity import (
    WWW,
    a_host,
    a_pool,
    busy,
    loaded,
)


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


def applied(facts: Dict[str, Any], result: Sizing) -> Dict[str, Any]:
    """The host once the settings are in force and all workers have started."""
    mine = facts["pools"][0]
    now = loaded(dict(result.settings), mine["pm"])
    values = {key: now[key] for key in ("max_children", "start_servers", "min_spare", "max_spare")}
    changed = dict(
        mine,
        measured=result.value,
        workers=result.value,
        uss_kb=[mine["uss_kb"][-1]] * result.value,
        **values,
    )
    return dict(facts, pools=[changed] + facts["pools"][1:])


def grid(currents: Sequence[int]) -> List[Dict[str, Any]]:
    hosts = []
    modes = ("static", "dynamic", "ondemand")
    for limit, pools, mib, pm, current in itertools.product(
        (256, 512, 1024, 4096), (1, 2, 3, 4), (5, 12, 40, 90), modes, currents
    ):
        spare = (
            {"min_spare": max(1, current // 3), "max_spare": current, "start_servers": max(1, current // 2)}
            if pm == "dynamic"
            else {}
        )
        mine = a_pool("www", current, mib, 20, pm=pm, **spare)
        rest = [
            a_pool("other%d" % number, 2 + number, mib / 2.0, measured=number) for number in range(pools - 1)
        ]
        hosts.append(a_host(limit, limit // 8, 2, [mine] + rest))
    return hosts


class TestLaws:
    def test_a_larger_pool_fits_at_a_second_look_too(self) -> None:
        sized, refused = 0, 0
        for facts in grid((1, 2, 5, 14)):
            demand = busy(9, facts["pools"][0]["max_children"])
            try:
                result = size(facts, WWW, demand)
            except Refusal:
                refused += 1
                continue
            sized += 1
            assert result.value > facts["pools"][0]["max_children"]
            assert result.value == int(dict(result.settings)["pm.max_children"])
            assert result.value <= min(result.inputs["memory"], result.inputs["cpu"], result.inputs["demand"])
            assert spent(facts, result.value) <= facts["limit_bytes"]
            assert size(facts, WWW, dict(demand)) == result
            later = applied(facts, result)
            with pytest.raises(Refusal):
                size(later, WWW, demand)
            with pytest.raises(Refusal, match="fit already"):
                fit(later, WWW)
        assert sized > 100 and refused > 100

    def test_a_smaller_pool_is_the_largest_that_fits(self) -> None:
        lowered, refused = 0, 0
        for facts in grid((6, 30, 90)):
            cost = facts["pools"][0]["uss_kb"][0] * 1024
            for peak in (None, 3 * cost):
                try:
                    result = fit(facts, WWW, peak)
                except Refusal:
                    refused += 1
                    continue
                lowered += 1
                extra = (peak or cost) - cost
                assert 1 <= result.value < facts["pools"][0]["max_children"]
                assert spent(facts, result.value) + extra <= facts["limit_bytes"]
                # The pools that were not observed count with the most expensive worker: at least the room
                # that the code names is full.
                assert (result.value + 1) * cost + extra > result.inputs["room"]
                with pytest.raises(Refusal):
                    fit(applied(facts, result), WWW, peak)
        assert lowered > 100 and refused > 100
