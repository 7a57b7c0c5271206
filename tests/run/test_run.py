# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How our own runners print and count, and what `make test` takes from them."""

import re
from pathlib import Path

import pytest
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.catalogue.words import (
    capacity_at_risk,
    evidence_hidden,
    exposed,
    restart_at_risk,
    timeouts_disordered,
    vhost_shadowed,
)

from tests.integration.fleet import KINDS, wanted_hosts
from tests.integration.risk_stories import SUITES, load, named, stories_of
from tests.run import env, judges, passed, steps, suite
from tests.run.checks import Check, print_checks

RISKS = [key for each in (capacity_at_risk, evidence_hidden, exposed, restart_at_risk) for key in each.WORDS]
RISKS += [key for each in (timeouts_disordered, vhost_shadowed) for key in each.WORDS]
# What the lab's hosts share with their machine: tests/lab/vm/ has it.
ON_MACHINES = ("oom_stops_unit", "swap_not_in_fstab")
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
            return steps.env.WORK

        monkeypatch.setattr(steps.env, "venv", venv)
        monkeypatch.setattr(steps.env, "tree", lambda: steps.env.WORK)
        monkeypatch.setattr(steps.awx_collection, "installed", lambda: steps.env.WORK)
        assert [step.name for step in suite.chosen(["ruff", "yamllint"])] == ["ruff", "yamllint"]
        assert "sanity-2.16" in [step.name for step in suite.chosen(["sanity"])]
        assert built == {"dev"}

    def test_the_stages_run_one_after_the_other(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
    ) -> None:
        begun = list[str]()

        def run(step: steps.Step) -> judges.Counted:
            begun.append(step.name)
            return judges.Counted(1, int(step.name == "pages"))

        def step(name: str, stage: str) -> steps.Step:
            return steps.Step(name, stage, ["true"], {}, Path("/"), judges.by_exit_code)

        monkeypatch.setattr(suite, "run", run)
        monkeypatch.setattr(suite.env, "WORK", tmp_path)
        wanted = [step("pages", "static"), step("harm", "calm"), step("ruff", "quick")]
        ended = {step.name: counted for step, counted in suite.staged(wanted)}
        assert ended == {"ruff": (1, 0), "harm": (1, 0), "pages": (1, 1)}
        assert begun == ["ruff", "harm", "pages"]
        assert re.match(r"quick \d+ s, ", capsys.readouterr().out)

    def test_what_failed_is_named_once_more_at_the_end(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
    ) -> None:
        words = ["sh", "-c", "echo '%s'; seq 100; echo '2 passed, 1 failed'" % BAD.line.replace("'", "")]
        step = steps.Step("pages", "static", words, {}, tmp_path, judges.by_last_line)
        monkeypatch.setattr(suite.env, "WORK", tmp_path)
        monkeypatch.setattr(suite.env, "install_pip_stub", lambda: None)
        monkeypatch.setattr(suite, "chosen", lambda _words: [step])
        monkeypatch.setattr(suite, "changed_files", lambda: "")
        assert suite.main([]) == 1
        end = capsys.readouterr().out.splitlines()[-4:]
        assert end[1] == "pages: FAILED web2: it answers: HTTP 502"
        assert end[3] == "2 passed, 1 failed"

    def test_what_passed_on_the_same_files_is_not_run_again(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        files, ran = {"digest": "a"}, tmp_path / "ran"
        shell = ["sh", "-c", "echo ran >>%s; echo '7 passed, 0 failed'" % ran]
        good = steps.Step("good", "static", shell, {}, tmp_path, judges.by_last_line)
        bad = steps.Step("bad", "static", ["false"], {}, tmp_path, judges.by_exit_code)
        monkeypatch.setattr(suite.env, "WORK", tmp_path)
        monkeypatch.setattr(passed, "digest", lambda: files["digest"])

        def played(*words: steps.Step, again: bool) -> tuple[list[judges.Counted], int]:
            counted = [each for _step, each in suite.staged(words, again)]
            return counted, ran.read_text().count("ran")

        assert played(good, bad, again=True) == ([(7, 0), (0, 1)], 1)
        assert played(good, bad, again=False) == ([(7, 0), (0, 1)], 1)
        assert "before good" in capsys.readouterr().out
        assert played(good, again=True) == ([(7, 0)], 2)
        assert played(good._replace(argv=[*shell, "--all"]), again=False) == ([(7, 0)], 3)
        files["digest"] = "b"
        assert played(good, again=False) == ([(7, 0)], 4)

    def test_a_digest_tells_files_apart(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        env.sh(["git", "init", "-q", tmp_path])
        monkeypatch.setattr(passed.env, "CHECKOUT", tmp_path)
        seen = [passed.digest()]
        for name, text in (("a", "1"), ("a", "2"), ("b", "2"), (".gitignore", "c"), ("c", "3")):
            (tmp_path / name).write_text(text)
            seen.append(passed.digest())
        assert len(set(seen[:-1])) == 5 and seen[-1] == seen[-2]

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


class TestLocks:
    LOCKED = [path for path in sorted(env.REQUIREMENTS.glob("*.txt")) if path.stem not in env.UNLOCKED]

    @pytest.mark.parametrize("wanted", LOCKED, ids=lambda path: path.stem)
    def test_a_lock_has_the_versions_that_are_asked_for(self, wanted: Path) -> None:
        pins = {line for line in wanted.read_text(encoding="utf-8").splitlines() if "==" in line}
        lock = (env.LOCKS / wanted.name).read_text(encoding="utf-8").splitlines()
        locked = {line.rstrip(" \\").lower() for line in lock if not line.startswith(" ")}
        assert pins and {pin.lower() for pin in pins} <= locked

    def test_each_lock_is_of_an_environment_of_ours(self) -> None:
        assert {path.name for path in env.LOCKS.iterdir()} == {path.name for path in self.LOCKED}


class TestRisks:
    def test_a_few_stories_are_each_played_on_one_suite(self) -> None:
        played = [story.name for name in SUITES for story in stories_of(name, load(), True)]
        assert sorted(played) == sorted(story.name for story in load() if not story.full)

    def test_all_stories_are_played_wherever_they_can_be(self) -> None:
        for name in SUITES:
            assert stories_of(name, load(), False) == [each for each in load() if name in each.suites]

    def test_no_two_stories_have_one_name(self) -> None:
        names = [story.name for story in load()]
        assert len(names) == len(set(names))

    def test_the_name_of_a_file_is_no_word_of_others(self) -> None:
        assert {story.part for story in named(load(), "restart")} == {"restart"}
        assert {story.part for story in named(load(), "restarts_by_a_script,timeouts")} == {
            "evidence",
            "timeouts",
        }

    def test_each_risk_is_told_by_a_story(self) -> None:
        played = {(cause, risk) for story in load() for cause in story.causes for risk in story.risks or ()}
        assert {reason for cause, reason in RISKS if reason and (cause, reason) not in played} == {
            *ON_MACHINES
        }

    def test_each_risk_comes_true_in_a_story_and_is_cured(self) -> None:
        driven = {risk for story in load() if story.outage and story.cured for risk in story.risks or ()}
        left = {reason for _cause, reason in RISKS if reason and reason not in driven}
        assert left == {*ON_MACHINES}
