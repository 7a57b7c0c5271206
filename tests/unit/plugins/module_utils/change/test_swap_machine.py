# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A swap file carried out as a step: a failure at any place leaves nothing behind.

The kernel's part is played by scripts: whether a real swapon takes a real file is for the lab.
"""

import os
from typing import Any, Optional

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.change import swap, swap_facts
from ansible_collections.webmedic.php_fpm.plugins.module_utils.change.disk import Disk
from ansible_collections.webmedic.php_fpm.plugins.module_utils.change.swap import swap_on
from ansible_collections.webmedic.php_fpm.plugins.module_utils.change.swap_facts import Facts
from ansible_collections.webmedic.php_fpm.plugins.module_utils.change.swap_file import swap_off
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.host import Host
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.linux.swap import Mount
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.number import MIB
from ansible_collections.webmedic.php_fpm.plugins.module_utils.remediate.carry_out import carry_out
from ansible_collections.webmedic.php_fpm.plugins.module_utils.work.step import Step
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.change.swap_files import (
    ACTIVE,
    PROGRAMS,
    facts,
)


class Machine:
    """Real files in a directory, and scripts in the place of the programs of the kernel's door; what they did
    is in the log.
    """

    def __init__(self, top: Any, monkeypatch: Any) -> None:
        self.top = str(top)
        os.makedirs(self.path("etc"))
        os.makedirs(self.path("bin"))
        self.write("etc/fstab", "proc /proc proc\r\n# \xff")
        for part in (swap, swap_facts):
            monkeypatch.setattr(part, "FSTAB", self.path("etc/fstab"))
        self.programs = {name: self.path("bin/" + name) for name in PROGRAMS}
        for name in PROGRAMS:
            self.program(
                name,
                'dd if=/dev/zero of="$3" bs="$2" count=1 conv=notrunc status=none'
                if name == "fallocate"
                else "exit 0",
            )

    def path(self, name: str) -> str:
        return os.path.join(self.top, name)

    def write(self, name: str, text: str) -> None:
        with open(self.path(name), "w", encoding="latin-1") as stream:
            stream.write(text)

    def program(self, name: str, body: str) -> None:
        self.write("bin/" + name, '#!/bin/sh\necho "%s $*" >> %s\n%s\n' % (name, self.path("log"), body))
        os.chmod(self.path("bin/" + name), 0o755)

    def facts(self, **more: Any) -> Facts:
        with open(self.path("etc/fstab"), "rb") as stream:
            fstab = stream.read().decode("utf-8", "surrogateescape")
        return facts(**dict({"path": self.path("swap"), "programs": self.programs, "fstab": fstab}, **more))

    def run(self, step: Step, why: Optional[str] = None, check_mode: bool = False) -> Any:
        return carry_out(step, Host(), Disk(), lambda: why, check_mode, self.path("state"))

    def fstab(self) -> bytes:
        with open(self.path("etc/fstab"), "rb") as stream:
            return stream.read()


@pytest.fixture(name="machine")
def fixture_machine(tmp_path: Any, monkeypatch: Any) -> Machine:
    return Machine(tmp_path, monkeypatch)


class TestMachine:
    @pytest.mark.parametrize("filesystem", ["ext4", "ext3", "btrfs"])
    def test_the_file_is_closed_to_others_whatever_the_umask(self, machine: Machine, filesystem: str) -> None:
        before = os.umask(0)
        try:
            outcome = machine.run(swap_on(machine.facts(mount=Mount("/", filesystem)), 3 * MIB, True))
        finally:
            os.umask(before)
        status = os.stat(machine.path("swap"))
        assert (
            outcome.result,
            status.st_mode & 0o7777,
            status.st_size,
            status.st_blocks * 512 >= 3 * MIB,
        ) == (
            "done",
            0o600,
            3 * MIB,
            True,
        )
        assert (
            machine.fstab()
            == b"proc /proc proc\r\n# \xff\n%s none swap sw 0 0\n" % machine.path("swap").encode()
        )

    @pytest.mark.parametrize("fails", ["fallocate", "mkswap", "swapon", "chattr", "proof"])
    def test_a_failure_at_any_place_leaves_nothing_behind(self, machine: Machine, fails: str) -> None:
        start = machine.fstab()
        if fails != "proof":
            machine.program(fails, "echo 'it does not work' >&2; exit 1")
        outcome = machine.run(
            swap_on(machine.facts(mount=Mount("/", "btrfs")), 3 * MIB, True),
            "no swap" if fails == "proof" else None,
        )
        assert (outcome.result, "it does not work" in outcome.why or "no swap" in outcome.why) == (
            "rolled_back",
            True,
        )
        assert machine.fstab() == start and not os.path.lexists(machine.path("swap"))
        with open(machine.path("log")) as stream:
            assert ("swapoff" in stream.read()) is (fails in ("swapon", "proof"))

    def test_check_mode_only_shows_the_line(self, machine: Machine) -> None:
        start = sorted(os.listdir(machine.top))
        outcome = machine.run(swap_on(machine.facts(), 3 * MIB, True), check_mode=True)
        assert (outcome.result, sorted(os.listdir(machine.top))) == ("would", start)
        assert outcome.diff[0]["prepared"].endswith("\n+%s none swap sw 0 0\n" % machine.path("swap"))

    @pytest.mark.parametrize("theirs", ["precious", "link"])
    def test_a_file_that_someone_else_put_there_meanwhile_stays(self, machine: Machine, theirs: str) -> None:
        step = swap_on(machine.facts(), 3 * MIB, True)
        machine.write("other", "other")
        if theirs == "link":
            os.symlink(machine.path("other"), machine.path("swap"))
        else:
            machine.write("swap", theirs)
        assert machine.run(step).result == "rolled_back"
        with open(machine.path("swap")) as stream:
            assert stream.read() == ("other" if theirs == "link" else theirs)

    def test_use_that_does_not_end_keeps_the_file(self, machine: Machine) -> None:
        machine.run(swap_on(machine.facts(), 3 * MIB, True))
        start = machine.fstab()
        machine.program("swapoff", "exit 1")
        outcome = machine.run(swap_off(machine.facts(kind="file", is_swap=True, active=ACTIVE)))
        assert (outcome.result, machine.fstab()) == ("rolled_back", start) and os.path.exists(
            machine.path("swap")
        )
        machine.program("swapoff", "exit 0")
        assert machine.run(swap_off(machine.facts(kind="file", is_swap=True, active=ACTIVE))).result == "done"
        assert b"swap" not in machine.fstab() and not os.path.exists(machine.path("swap"))
