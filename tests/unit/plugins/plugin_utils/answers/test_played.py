# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plays that cannot be reported on get an error, and no report."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.answers import played
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.plugin_utils.results import answer

OTHER = SimpleNamespace(_uuid="other")


def task(strategy: str = "ansible.builtin.linear", once: bool = True, **play: Any) -> Any:
    found = SimpleNamespace(strategy=strategy, **play)
    return SimpleNamespace(_uuid="task", run_once=once, get_play=lambda: found, _parent=None)


def inside(made: Any, *rescues: list[Any], section: str = "block") -> Any:
    """The task within blocks, the innermost first. section: of the outermost block."""
    child = made
    for number, rescue in enumerate(rescues):
        parent = SimpleNamespace(
            _uuid="block %d" % number, block=[], rescue=list(rescue), always=[], _parent=None
        )
        getattr(parent, section if number == len(rescues) - 1 else "block").append(
            SimpleNamespace(_uuid=child._uuid)
        )
        child._parent = parent
        child = parent
    return made


def hosts(*names: str) -> dict[str, Any]:
    return {"ansible_play_hosts_all": list(names)}


class TestOnce:
    @pytest.mark.parametrize(
        "strategy",
        ["free", "host_pinned", "ansible.builtin.free", "mitogen_free", "mitogen.x.mitogen_host_pinned"],
    )
    def test_a_strategy_without_a_common_step_is_refused(self, strategy: str) -> None:
        with pytest.raises(played.NotReported, match="set strategy: ansible.builtin.linear"):
            played.check_once(task(strategy), hosts("a", "b"))

    def test_without_run_once_it_is_refused(self) -> None:
        with pytest.raises(played.NotReported, match="set run_once: true"):
            played.check_once(task(once=False), hosts("a", "b"))

    @pytest.mark.parametrize("strategy", ["linear", "ansible.builtin.linear", "debug", "mitogen_linear"])
    def test_near_miss_strategies_that_honour_it(self, strategy: str) -> None:
        played.check_once(task(strategy), hosts("a", "b"))

    def test_near_miss_one_host_has_its_own_step_anyway(self) -> None:
        played.check_once(task("free", once=False), hosts("a"))


class TestResults:
    def test_answers_of_a_loop_are_refused(self) -> None:
        looped = {"results": [answer(), answer()], "msg": "All items completed", "changed": False}
        with pytest.raises(played.NotReported, match="results of a loop"):
            played.check_results({"a": answer(), "b": looped}, "seen")

    def test_the_answer_of_another_host_is_refused(self) -> None:
        with pytest.raises(played.NotReported, match="seen of a is the answer of b"):
            played.check_results({"a": {**answer(), "delegated_to": "b"}}, "seen")

    @pytest.mark.parametrize("results", [{}, {"a": None, "b": None}])
    def test_no_answer_of_any_host_is_refused(self, results: Any) -> None:
        with pytest.raises(played.NotReported, match="no host has the variable seen"):
            played.check_results(results, "seen")

    def test_near_miss_some_hosts_dropped_out(self) -> None:
        played.check_results({"a": None, "b": answer(), "c": {"unreachable": True}}, "seen")

    def test_near_miss_delegated_to_itself(self) -> None:
        played.check_results({"a": {**answer(), "delegated_to": "a"}}, "seen")


class TestStopsRollout:
    def test_nothing_in_the_play_says_what_else_to_do(self) -> None:
        assert played.stops_rollout(inside(task(max_fail_percentage=None), [], []))

    @pytest.mark.parametrize("percentage", [0, 0.0, 30])
    def test_near_miss_max_fail_percentage_does(self, percentage: float) -> None:
        assert not played.stops_rollout(task(max_fail_percentage=percentage))

    def test_near_miss_a_rescue_does_however_far_outside(self) -> None:
        assert not played.stops_rollout(inside(task(max_fail_percentage=None), [], [OTHER]))

    def test_near_miss_a_static_import_is_not_in_the_list(self) -> None:
        made = inside(task(max_fail_percentage=None), [], [OTHER])
        role = made._parent
        role._parent = SimpleNamespace(_uuid="import", _parent=role._parent)
        assert not played.stops_rollout(made)

    @pytest.mark.parametrize("section", ["rescue", "always"])
    def test_nothing_rescues_what_stands_there(self, section: str) -> None:
        made = inside(task(max_fail_percentage=None), [], [OTHER], section=section)
        assert played.stops_rollout(made)
