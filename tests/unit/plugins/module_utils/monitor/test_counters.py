# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Counters go on where the last run left them, and never back."""

from typing import Dict, List

from ansible_collections.webmedic.php_fpm.plugins.module_utils.monitor import counters, store
from ansible_collections.webmedic.php_fpm.plugins.module_utils.monitor.counters import Counters


def value(of: Counters, name: str = "a_total") -> List[float]:
    return [sample.value for sample in of.samples() if sample.name == name]


class TestAdd:
    def test_it_goes_on_after_a_restart_of_the_script(self) -> None:
        first = Counters([], {})
        first.add("a_total", {"pool": "x"}, 3)
        second = Counters(first.kept(), {})
        second.add("a_total", {"pool": "x"}, 2)
        assert value(second) == [5]

    def test_it_never_goes_back(self) -> None:
        series = Counters([], {})
        series.add("a_total", {}, 3)
        series.add("a_total", {}, -2)
        assert value(series) == [3]

    def test_there_is_an_end_to_new_series(self, monkeypatch: object) -> None:
        series = Counters([], {})
        for number in range(counters.MOST_SERIES + 5):
            series.add("a_total", {"pool": str(number)}, 1)
        series.add("a_total", {"pool": "0"}, 1)
        assert len(series.values) == counters.MOST_SERIES and max(value(series)) == 2


class TestFollow:
    def test_what_was_before_the_first_look_is_not_ours(self) -> None:
        raw: Dict[str, float] = {}
        series = Counters([], raw)
        for count in (468, 468, 470):
            series.follow("a_total", {}, "kills", count)
        assert value(series) == [2] and raw == {"kills": 470}

    def test_after_a_restart_of_the_other_side_all_is_new(self) -> None:
        series = Counters([], {"reached www": 7})
        series.follow("a_total", {}, "reached www", 2)
        assert value(series) == [2]


class TestForget:
    def test_a_pool_that_is_gone_takes_its_series_along(self) -> None:
        series = Counters([], {})
        series.add("a_total", {"pool": "stays"}, 1)
        series.add("a_total", {"pool": "gone"}, 1)
        series.forget(lambda name, labels: labels.get("pool") != "gone")
        assert [sample.labels for sample in series.samples()] == [{"pool": "stays"}]


class TestState:
    def test_it_comes_back_as_it_was(self) -> None:
        state = store.fresh(100.0)
        state["positions"] = {"/var/log/a": {"device": 1, "inode": 2, "offset": 3}}
        assert store.load(store.dump(state), 100.0) == state

    def test_one_that_cannot_be_read_is_begun_anew(self) -> None:
        for data in (None, b"", b"{", b"[]", b'{"version": 1}', b"\xff", b"[" * 100000):
            assert store.load(data, 100.0) == store.fresh(100.0)

    def test_after_a_boot_counts_stay_and_pids_do_not(self) -> None:
        state = store.fresh(100.0)
        state["counters"] = [{"name": "a_total", "labels": {}, "value": 3.0}]
        state["raw"] = {"kills": 5.0}
        state["connections"] = {"x": {"1": 2.0}}
        kept = store.load(store.dump(state), 9000.0)
        assert kept["counters"] == state["counters"]
        assert not kept["raw"] and not kept["connections"] and kept["boot_at"] == 9000.0
