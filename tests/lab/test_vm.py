# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The virtual machines' data, without a single machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.lab.engine import LabError
from tests.lab.vm import disks
from tests.lab.vm.kinds import load_kinds, load_trials, select
from tests.lab.vm.machine import MOST, QUIET, Boot


class TestTrials:
    def test_each_kind_has_faults_and_a_host_without_one(self) -> None:
        for kind, trials in select(["*"]).items():
            statuses = [trial.fault.expected["status"] for trial in trials]
            assert "healthy" in statuses and len(set(statuses)) > 1, kind

    def test_what_is_mended_names_its_actions_or_a_cure(self) -> None:
        for trial in load_trials().values():
            assert bool(trial.fault.actions) == trial.fault.safe_fix, trial.fault.name
            assert not (trial.fault.safe_fix and trial.cure), trial.fault.name

    def test_what_is_foretold_is_expected_and_brought_about(self) -> None:
        for trial in load_trials().values():
            reasons = {finding.get("reason") for finding in trial.fault.expected["findings"]}
            assert set(trial.risks) <= reasons and trial.latent >= bool(trial.risks), trial.fault.name
            assert bool(trial.risks) == bool(trial.strike) == bool(trial.hurt), trial.fault.name
            assert trial.after or not trial.risks, trial.fault.name

    def test_a_pattern_takes_globs(self) -> None:
        found = select(["selinux:*label*", "selinux:selinux_plain"])
        assert [trial.fault.name for trial in found["selinux"]] == [
            "selinux_socket_label",
            "selinux_label_mended",
            "selinux_directory_label",
            "selinux_plain",
        ]

    def test_variations_are_left_out_where_nobody_asks_for_them(self) -> None:
        trials = load_trials()
        every, some = select(["*"]), select(["*"], variations=False)
        assert list(some)[0] == "oomd" and set(some) == set(every)
        for kind, left in some.items():
            assert left and not any(trial.fault.variation_of for trial in left), kind
            out = [trial.fault for trial in every[kind] if trial not in left]
            for fault in out:
                twin = trials[fault.variation_of]
                assert twin in left and twin.fault.suites == fault.suites, fault.name

    def test_a_pattern_without_a_machine_is_said(self) -> None:
        with pytest.raises(LabError, match="solaris"):
            select(["solaris"])


class TestDisks:
    def test_another_recipe_is_another_disk(self) -> None:
        kind = load_kinds()["selinux"]
        place = disks.directory_of(kind)
        assert place == disks.directory_of(kind._replace(memory=1024))
        for other in (
            kind._replace(packages=(*kind.packages, "nano")),
            kind._replace(suite=kind.suite._replace(release="trixie")),
            kind._replace(apt=("Acquire::Retries 3",)),
        ):
            assert disks.directory_of(other) != place


class TestBoot:
    def test_a_machine_that_speaks_is_waited_for(self, tmp_path: Path) -> None:
        console = tmp_path / "console.log"
        boot = Boot(console, 0.0)
        for now in range(0, MOST, QUIET):
            console.write_text("Starting" * (now + 1))
            assert boot.stuck(now) is None

    def test_a_machine_that_is_silent_is_given_up(self, tmp_path: Path) -> None:
        console = tmp_path / "console.log"
        console.write_text("Kernel panic")
        boot = Boot(console, 0.0)
        assert boot.stuck(1.0) is None and boot.stuck(QUIET) is None
        assert boot.stuck(QUIET + 2.0) == "its console has said nothing for 300 s"

    def test_one_that_only_speaks_is_given_up_in_the_end(self, tmp_path: Path) -> None:
        boot = Boot(tmp_path / "console.log", 0.0)
        for now in range(MOST):
            boot.console.write_text("." * now)
            boot.stuck(now)
        assert boot.stuck(MOST + 1.0) == "1800 s are over"

    def test_a_machine_whose_console_is_not_there_yet(self, tmp_path: Path) -> None:
        boot = Boot(tmp_path / "console.log", 0.0)
        assert boot.stuck(QUIET - 1.0) is None and boot.stuck(2.0 * QUIET)
