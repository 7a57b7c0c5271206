# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The answer of a host in one sentence."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.reports import report
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.terminal import sentence
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.plugin_utils.remediations import remedied
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.plugin_utils.results import (
    NOW,
    answer,
    finding,
    missing,
)
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.plugin_utils.tables import HOSTILE

STOPPED = "PHP-FPM is not running: stopped (fpm_not_running/stopped), shop.example (80)"


@pytest.fixture(autouse=True)
def _zone(utc: None) -> None:
    """Times are shown in the zone of the one who reads."""


def sentence_of(result: dict[str, Any]) -> str:
    return sentence.of(report.read(result), NOW)


class TestDiagnosis:
    """What diagnosis_info returns as its msg."""

    def test_it_has_cause_site_since_and_count(self) -> None:
        assert sentence_of(answer("failing", finding())) == (
            "failing: %s, since 14:13:17, 10 min ago, 3 requests lost" % STOPPED
        )

    def test_the_worst_comes_first(self) -> None:
        mild = finding("worker_oom_killed", "cgroup", severity="warning")
        over = finding("reload_interrupted", None, state="recovered")
        shown = sentence_of(answer("failing", over, mild, finding()))
        assert shown.startswith("failing: " + STOPPED) and shown.endswith("; and 2 more findings")

    @pytest.mark.parametrize(
        "result, shown",
        [
            (answer(), "healthy: every route from nginx leads to a PHP worker that answers"),
            (answer("not_applicable"), "not applicable: no route leads from nginx to PHP-FPM here"),
            (
                answer("recovered", finding(state="recovered", since=None, count=0)),
                "recovered: %s, is over" % STOPPED,
            ),
            (
                answer("unknown", missing=[missing("nginx_log", "/var/log/x", "Permission denied", "root")]),
                "unknown: missing nginx_log /var/log/x: Permission denied (needs root)",
            ),
            (
                answer(
                    "degraded", missing=[missing("cause_of_losses", "unix:/x", "nothing shows why", None)]
                ),
                "degraded: nothing shows why",
            ),
            (answer("unknown"), "unknown"),
        ],
    )
    def test_each_status_reads_well(self, result: dict[str, Any], shown: str) -> None:
        assert sentence_of(result) == shown

    @pytest.mark.parametrize("evil", HOSTILE)
    def test_no_text_of_a_host_acts_on_the_terminal(self, evil: str) -> None:
        hostile = finding(site=evil, sites=[evil], servers=[], pool=evil, unit=evil)
        for result in (
            answer("failing", hostile),
            answer("unknown", missing=[missing("x", evil, evil, evil)]),
        ):
            assert sentence_of(result).isprintable() and len(sentence_of(result)) < 600


class TestRemediation:
    """What the module remediation returns as its msg."""

    def test_what_was_mended(self) -> None:
        assert sentence_of(remedied("done")) == (
            "recovered: 1 of 1 finding fixed; 1 of 1 host answers again, 1.2 s after the diagnosis"
        )

    @pytest.mark.parametrize(
        "result, words",
        [("would", "would fix 1 of 1 finding"), ("escalated", "0 of 1 finding fixed")],
    )
    def test_what_is_still_wrong_comes_first(self, result: str, words: str) -> None:
        shown = sentence_of(remedied(result))
        assert shown.startswith("failing: " + STOPPED) and words in shown
