# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How many workers a site gets beside the pools that are there."""

from typing import Any, Dict

from ansible_collections.webmedic.php_fpm.plugins.module_utils.site.size import (
    ASSUMED,
    LEAST,
    Wish,
    settings_of,
    size_site,
)
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.plan.capacity import (
    CONFIG,
    MIB,
    a_host,
    a_pool,
)


def sized(host: Any, workers: int = 0, process_max: int = 0, pm: str = "dynamic") -> Dict[str, Any]:
    return dict(size_site(host, Wish(CONFIG, "shop", pm, workers, process_max)))


class TestNewSite:
    def test_memory_that_other_pools_leave_decides(self) -> None:
        small, large = (sized(a_host(mib, cores=64, pools=[a_pool()])) for mib in (1024, 4096))
        assert small["bound"] == large["bound"] == "memory"
        assert LEAST < small["max_children"] < large["max_children"]

    def test_a_greedy_neighbour_leaves_less(self) -> None:
        alone = sized(a_host(4096, cores=64, pools=[a_pool(max_children=5)]))
        beside = sized(a_host(4096, cores=64, pools=[a_pool(max_children=50)]))
        assert beside["max_children"] < alone["max_children"]

    def test_a_worker_counts_with_what_is_assumed(self) -> None:
        words = " ".join(sized(a_host(4096, cores=64, pools=[a_pool(mib=10)]))["explain"])
        assert "one worker takes %d MiB (assumed" % (ASSUMED // MIB) in words

    def test_a_dearer_worker_of_the_host_counts_instead(self) -> None:
        assert "one worker takes 90 MiB" in " ".join(sized(a_host(4096, pools=[a_pool(mib=90)]))["explain"])

    def test_the_cpus_decide_where_memory_is_plenty(self) -> None:
        size = sized(a_host(1 << 16, cores=2, pools=[a_pool()]))
        assert (size["bound"], size["max_children"]) == ("cpu", 16)

    def test_process_max_leaves_what_the_others_do_not_take(self) -> None:
        size = sized(a_host(1 << 16, cores=8, pools=[a_pool(max_children=4)]), process_max=10)
        assert (size["bound"], size["max_children"]) == ("process.max", 6)

    def test_where_nothing_fits_it_gets_the_least_and_warns(self) -> None:
        size = sized(a_host(300, pools=[a_pool(max_children=50, mib=20)]))
        assert size["max_children"] == LEAST
        assert "lower pm.max_children of another one" in size["warning"]

    def test_where_memory_is_unknown_it_gets_the_least(self) -> None:
        host = a_host(4096, pools=[a_pool()])
        host["limit_bytes"] = None
        assert sized(host)["max_children"] == LEAST

    def test_there_is_no_warning_where_all_fits(self) -> None:
        assert sized(a_host(4096, pools=[a_pool()]))["warning"] is None


class TestSiteThatIsThere:
    def test_its_number_stays(self) -> None:
        size = sized(a_host(8192, cores=64, pools=[a_pool(), a_pool("shop", 9, 20)]))
        assert (size["bound"], size["max_children"]) == ("kept", 9)

    def test_it_shrinks_where_it_does_not_fit_any_more(self) -> None:
        size = sized(a_host(1024, cores=64, pools=[a_pool(), a_pool("shop", 40, 60)]))
        assert size["bound"] == "memory" and size["max_children"] < 20

    def test_a_person_decides(self) -> None:
        size = sized(a_host(1024, pools=[a_pool(), a_pool("shop", 9, 20)]), workers=200)
        assert (size["bound"], size["max_children"]) == ("asked", 200)
        assert size["warning"]

    def test_its_pool_of_another_php_is_not_beside_it(self) -> None:
        old = dict(a_pool("shop", 9, 20), config="/etc/php/7.4/fpm/php-fpm.conf")
        size = sized(a_host(2048, cores=64, pools=[a_pool(), old]))
        assert (size["bound"], size["max_children"]) == ("kept", 9)


class TestSettings:
    def test_an_ondemand_pool_has_no_spare_workers(self) -> None:
        assert settings_of(7, "ondemand") == [["pm.max_children", "7"]]

    def test_a_dynamic_pool_has_numbers_that_php_fpm_accepts(self) -> None:
        for most in range(1, 60):
            rows = {key: int(value) for key, value in settings_of(most, "dynamic")}
            low, start = rows["pm.min_spare_servers"], rows["pm.start_servers"]
            assert 0 < low <= start <= rows["pm.max_spare_servers"] <= rows["pm.max_children"] == most
