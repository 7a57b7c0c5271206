# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Why a host with a status that is not accepted fails."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.webmedic.php_fpm.plugins.filter.complaint import complaint as filtered
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.answers import complaints
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.reports import report
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.plugin_utils.results import (
    answer,
    finding,
    missing,
    unreachable,
)

FAILING = ["failing"]


def entries(**results: Any) -> Any:
    return {name: report.host_entry(result) for name, result in results.items()}


def of(result: Any, fail_on: Any = ("failing",), accept_unseen: bool = False) -> str:
    return complaints.complaint(report.host_entry(result), complaints.refused(fail_on, accept_unseen))


class TestComplaint:
    def test_it_has_the_cause_and_the_fix(self) -> None:
        words = of(answer("failing", finding()))
        assert words.startswith("failing: PHP-FPM is not running") and "(fpm_not_running/stopped)" in words
        assert "Fix: systemctl start php8.2-fpm.service" in words

    def test_what_is_active_and_critical_comes_first(self) -> None:
        old = finding("worker_oom_killed", "cgroup", state="recovered")
        small = finding("client_abort", None, severity="warning")
        words = of(answer("failing", old, small, finding()))
        assert "(fpm_not_running/stopped)" in words and "And 2 more, see the report." in words

    def test_a_host_that_was_not_seen_says_what_it_needs(self) -> None:
        assert of(answer("unknown", missing=[missing("procs", None, "no root", "root")])) == (
            "unknown: procs could not be seen: no root. It needs root."
        )
        assert of(unreachable("No route to host")) == "unreachable: No route to host"

    def test_no_text_of_a_host_is_a_template(self) -> None:
        evil = "{{ x }}{% y %}{# z #}\x1b[2J"
        words = of(answer("failing", finding(summary=evil)))
        assert not {"{{", "{%", "{#"} & {words[at : at + 2] for at in range(len(words))}
        assert words.isprintable()


class TestRefused:
    def test_without_a_status_there_is_no_gate(self) -> None:
        assert complaints.refused([], False) == ()

    def test_what_could_not_be_seen_closes_every_gate(self) -> None:
        assert complaints.refused(FAILING, False) == ("failing", "unreachable", "unknown")

    def test_near_miss_the_user_accepts_it(self) -> None:
        assert complaints.refused(["failing", "unknown"], True) == ("failing", "unknown")

    def test_a_host_without_an_entry_was_not_looked_at(self) -> None:
        hosts = entries(a=answer())
        assert complaints.complaints(hosts, ["a", "b"], FAILING, False) == {
            "b": "unknown: it was not looked at"
        }
        assert complaints.complaints(hosts, ["a", "b"], FAILING, True) == {}

    def test_in_brief_the_worst_come_first(self) -> None:
        hosts = entries(a=unreachable(), b=answer("failing", finding()), c=answer("failing"))
        assert complaints.in_brief(hosts, "abc") == "2 failing: b, c; 1 unreachable: a"


class TestFilter:
    def test_it_says_the_same_of_a_result(self) -> None:
        result = answer("failing", finding())
        assert filtered(result, FAILING) == of(result)
        assert filtered(answer(), FAILING) == ""
        assert filtered(unreachable(), FAILING, True) == ""

    def test_an_unknown_status_is_an_error(self) -> None:
        with pytest.raises(AnsibleFilterError, match="there is no status failng"):
            filtered(answer(), ["failng"])
