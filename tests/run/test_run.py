# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How our own runners print and count, and what `make test` takes from them."""

from pathlib import Path

import pytest

from tests.integration.fleet import KINDS, wanted_hosts
from tests.run import judges, suite
from tests.run.checks import Check, print_checks

GOOD, BAD = Check("web1", "it answers", None), Check("web2", "it answers", "HTTP 502\nnginx says why")


class TestChecks:
    def test_a_failed_check_says_so_at_the_beginning_of_its_line(self) -> None:
        assert BAD.line.splitlines() == ["FAILED web2: it answers: HTTP 502", "nginx says why"]

    def test_the_last_line_counts_what_passed_and_what_failed(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert print_checks([GOOD, BAD, GOOD]) == 1
        assert judges.by_last_line(1, capsys.readouterr().out) == judges.Counted(2, 1)

    def test_a_runner_that_proves_nothing_has_failed(self) -> None:
        assert print_checks([GOOD]) == 0
        assert print_checks([]) == 1


class TestSuite:
    def test_to_list_the_steps_builds_no_environment_but_ours(self, monkeypatch: pytest.MonkeyPatch) -> None:
        built = set[str]()

        def venv(name: str, _python: str) -> Path:
            built.add(name)
            return suite.env.WORK

        monkeypatch.setattr(suite.env, "venv", venv)
        monkeypatch.setattr(suite.env, "tree", lambda: suite.env.WORK)
        monkeypatch.setattr(suite.awx_collection, "installed", lambda: suite.env.WORK)
        assert [step.name for step in suite.chosen(["ruff", "yamllint"])] == ["ruff", "yamllint"]
        assert "sanity-2.16" in [step.name for step in suite.chosen(["sanity"])]
        assert built == {"dev"}

    def test_a_failure_far_above_the_end_is_shown_cut(self) -> None:
        output = "\n".join(["FAILED web2: " + "x" * 1000, *["noise"] * 100, "the end"])
        shown = suite.failures(output).splitlines()
        assert shown[0] == "    FAILED web2: " + "x" * (suite.LINE - 13)
        assert shown[-1] == "    the end" and shown.count("    noise") == suite.TAIL - 1

    def test_molecule_proves_as_much_as_its_recap_has_scenarios(self) -> None:
        recap = "diagnose    : actions=5  successful=%d  disabled=0  skipped=0  missing=0  failed=%d\n"
        assert judges.by_molecule(0, recap % (5, 0)) == judges.Counted(1, 0)
        assert judges.by_molecule(1, recap % (4, 1)) == judges.Counted(0, 1)
        assert judges.by_molecule(0, "") == judges.Counted(0, 1)

    def test_each_fault_is_either_loaded_or_calm(self) -> None:
        hosts = {name: wanted_hosts("spread", ["*"], [], kind) for name, kind in KINDS.items()}
        assert hosts["loaded"] and hosts["calm"]
        assert sorted(hosts["loaded"] + hosts["calm"]) == sorted(hosts["all"])
