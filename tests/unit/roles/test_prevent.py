# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role prevent keeps its promises on paper: nothing is done unasked, and what went wrong stops the
rest.
"""

from __future__ import annotations

import os
from typing import Any

import pytest
import yaml
from ansible_collections.webmedic.php_fpm.plugins.action.prevention import complaint
from ansible_collections.webmedic.php_fpm.plugins.modules import prevention
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.plugin_utils.results import ROOT

ROLE = os.path.join(ROOT, "roles", "prevent")


def read(*path: str) -> str:
    with open(os.path.join(*path), encoding="utf-8") as stream:
        return stream.read()


def load(*path: str) -> Any:
    return yaml.safe_load(read(*path))


OPTIONS = load(ROLE, "meta", "argument_specs.yml")["argument_specs"]["main"]["options"]
DEFAULTS = load(ROLE, "defaults", "main.yml")
TASKS = load(ROLE, "tasks", "main.yml")
(PLAY,) = load(ROOT, "playbooks", "prevent.yml")
OF_MODULE = yaml.safe_load(prevention.DOCUMENTATION)["options"]


class TestVariables:
    def test_each_is_documented_with_its_default(self) -> None:
        assert {name: option["default"] for name, option in OPTIONS.items()} == DEFAULTS

    def test_each_is_used_and_in_the_readme(self) -> None:
        tasks, readme = read(ROLE, "tasks", "main.yml"), read(ROLE, "README.md")
        assert [name for name in OPTIONS if name not in tasks or "| `%s` |" % name not in readme] == []

    def test_they_are_as_cautious_as_the_module(self) -> None:
        own = {name: option["default"] for name, option in OF_MODULE.items()}
        assert set(own) <= set(TASKS[0]["webmedic.php_fpm.prevention"])
        assert {name: DEFAULTS["prevent_" + name] for name in own} == own


class TestPromises:
    def test_nothing_is_done_unasked(self) -> None:
        assert (DEFAULTS["prevent_policy"], DEFAULTS["prevent_max_cut"]) == ([], 0)
        assert DEFAULTS["prevent_max_disruption"] == "reload"

    def test_the_first_host_goes_alone_and_stops_the_rest(self) -> None:
        assert "else [1, '100%']" in PLAY["serial"] and "default(0)" in PLAY["max_fail_percentage"]
        assert "ansible.builtin.fail" in TASKS[-2] and "ansible.builtin.fail" in TASKS[-1]

    def test_the_report_is_out_before_a_host_fails(self) -> None:
        assert TASKS[0]["ignore_errors"] and TASKS[0]["ignore_unreachable"]
        assert TASKS[1]["webmedic.php_fpm.fleet_report"]["risks"] is True


class TestPolicy:
    """A name that does not exist must not look like a fleet without that risk."""

    @pytest.mark.parametrize(
        "policy, words",
        [
            ([], ""),
            ([{"cause": "restart_at_risk"}], ""),
            ([{"cause": "restart_at_risk", "reason": "reload_cuts"}], ""),
            ([{"cause": "restart_at_risks"}], "there is no cause restart_at_risks"),
            (
                [{"cause": "restart_at_risk", "reason": "x"}],
                "has no reason x; it has config_differs",
            ),
            ([{"cause": "restart_at_risk", "reason": None}], ""),
            (None, ""),
            ("exposed", "policy is no list: exposed, and takes {cause: ID} or"),
            (["exposed"], "an entry is exposed, and takes {cause: ID} or {cause: ID, reason: ID}"),
            ([{"reason": "log_level"}], "an entry is {'reason': 'log_level'}, and takes"),
            ([{"cause": "exposed", "raeson": "tcp_reachable"}], "'raeson': 'tcp_reachable'"),
            ([{"cause": "fpm_not_running"}], "fpm_not_running is no risk, see the playbook remediate"),
            ([{"cause": "exposd"}], "there is no cause exposd; risks have capacity_at_risk, "),
        ],
    )
    def test_what_is_refused_before_any_host_is_asked(self, policy: Any, words: str) -> None:
        message = complaint(policy)
        assert words in message and bool(words) == bool(message)
