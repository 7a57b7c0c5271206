# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The virtual machines' data, without a single machine."""

from __future__ import annotations

import pytest

from tests.lab.engine import LabError
from tests.lab.vm import disks
from tests.lab.vm.kinds import load_kinds, load_trials, select


class TestTrials:
    def test_each_kind_has_faults_and_a_host_without_one(self) -> None:
        for kind, trials in select(["*"]).items():
            statuses = [trial.fault.expected["status"] for trial in trials]
            assert "healthy" in statuses and len(set(statuses)) > 1, kind

    def test_what_is_mended_names_its_actions_or_a_cure(self) -> None:
        for trial in load_trials().values():
            assert bool(trial.fault.actions) == trial.fault.safe_fix, trial.fault.name
            assert not (trial.fault.safe_fix and trial.cure), trial.fault.name

    def test_a_pattern_takes_globs(self) -> None:
        found = select(["selinux:*label*", "selinux:selinux_plain"])
        assert [trial.fault.name for trial in found["selinux"]] == [
            "selinux_socket_label",
            "selinux_label_mended",
            "selinux_directory_label",
            "selinux_plain",
        ]

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
