# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The verdict, and the sentence that says it."""

from typing import Any, Dict, List

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.ahead import judgement
from ansible_collections.webmedic.php_fpm.plugins.module_utils.ahead import look as subject
from ansible_collections.webmedic.php_fpm.plugins.module_utils.ahead.problems import KINDS, problem
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.ahead.parts import fpm, web
from ansible_collections.webmedic.php_fpm.tests.unit.support import FakeHost

MISSING: List[Any] = [{"what": "nginx_test", "path": None, "why": "only root can", "needs": "root"}]
WORST = problem("config_refused", fpm(), "php-fpm refuses it.")
WARNING = problem("start_refused", fpm(), "It would also stop another.", severity="warning")
INFO = problem("config_not_loaded", fpm(), "The files are newer.")


class TestVerdict:
    @pytest.mark.parametrize(
        "problems, missing, verdict",
        [
            ([], [], "fine"),
            ([INFO], [], "fine"),
            ([], MISSING, "unknown"),
            ([INFO], MISSING, "unknown"),
            ([WARNING], [], "risky"),
            ([WARNING, WORST], MISSING, "fails"),
        ],
    )
    def test_of(self, problems: Any, missing: Any, verdict: str) -> None:
        assert judgement.verdict_of(problems, missing) == verdict

    def test_the_worst_comes_first_and_a_boot_after_a_restart(self) -> None:
        at_boot = problem("unit_disabled", fpm(), "x")
        assert judgement.worst_first([INFO, at_boot, WARNING, WORST]) == [WORST, at_boot, WARNING, INFO]

    @pytest.mark.parametrize(
        "problems, words",
        [
            ([WORST], "php-fpm refuses it."),
            ([WORST, INFO], "php-fpm refuses it."),
            ([WORST, WARNING], "php-fpm refuses it. There is one more problem."),
            ([WORST, WARNING, WARNING], "php-fpm refuses it. There are 2 more problems."),
        ],
    )
    def test_the_message_has_the_worst(self, problems: Any, words: str) -> None:
        assert judgement.message(judgement.verdict_of(problems, []), problems, []) == words

    def test_the_message_of_unknown_says_why(self) -> None:
        assert "only root can" in judgement.message("unknown", [], MISSING)


class TestFix:
    def test_nobody_is_told_to_reload_what_would_fail(self) -> None:
        ordered = judgement.mended_first([WORST, INFO])
        assert "Reload" in INFO["fix"] and "Mend the other problems first" in ordered[1]["fix"]
        assert judgement.mended_first([INFO]) == [INFO]


class TestKinds:
    @pytest.mark.parametrize("kind", sorted(KINDS))
    @pytest.mark.parametrize("unit", ["php8.2-fpm.service", None])
    def test_each_has_a_cure_in_plain_words(self, kind: str, unit: Any) -> None:
        for service in (fpm(), web()):
            made = problem(kind, service._replace(unit=unit), "x")
            assert "%" not in made["fix"] and (made["fix"] or unit) and "None" not in made["fix"]


class TestMissing:
    def missed(self, config: Any, start: Any, systemd: bool = True, **service: Any) -> List[str]:
        host = FakeHost()
        subject._miss_tests(host, fpm()._replace(**service), [config, start], True, systemd)
        return [entry["what"] for entry in host.missing]

    NOT, PASSED = subject.Tried("not_run", "x"), subject.Tried("passed")

    @pytest.mark.parametrize(
        "config, start, missed",
        [
            (PASSED, PASSED, []),
            (NOT, NOT, ["fpm_test"]),
            (PASSED, NOT, ["fpm_start"]),
            (subject.Tried("refused", "x"), NOT, []),
        ],
    )
    def test_what_was_not_tried_is_named(self, config: Any, start: Any, missed: List[str]) -> None:
        assert self.missed(config, start) == missed

    def test_a_host_without_systemd_has_no_start_to_try(self) -> None:
        assert self.missed(self.PASSED, self.NOT, systemd=False) == []

    def test_a_masked_unit_has_no_start_to_try(self) -> None:
        masked: Dict[str, Any] = {"load": "masked", "enabled": "masked"}
        assert self.missed(self.PASSED, self.NOT, state=masked) == []
