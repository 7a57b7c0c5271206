# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How many checks a step proved, by its exit code and what it printed."""

import re
from typing import NamedTuple

COUNTS = re.compile(r"^(\d+) passed, (\d+) failed$", re.M)
PYTEST_COUNTS = re.compile(r"\b(\d+) (passed|failed|errors?)\b")
MOLECULE_RECAP = re.compile(r"^\S+ +: actions=\d+ .* failed=(\d+)$", re.M)


class Counted(NamedTuple):
    passed: int
    failed: int


def by_exit_code(rc: int, _output: str) -> Counted:
    return Counted(int(rc == 0), int(rc != 0))


def by_last_line(rc: int, output: str) -> Counted:
    """Our own runners end with "N passed, N failed". One that does not, or that exits badly without a
    failure, is a failure itself.
    """
    counts = COUNTS.findall(output)
    if not counts:
        return Counted(0, 1)
    passed, failed = map(int, counts[-1])
    return Counted(passed, failed or int(rc != 0))


def by_pytest(rc: int, output: str) -> Counted:
    last = output.strip().splitlines()[-1] if output.strip() else ""
    counts = {
        word.rstrip("s") if word.startswith("error") else word: int(number)
        for number, word in PYTEST_COUNTS.findall(last)
    }
    failed = counts.get("failed", 0) + counts.get("error", 0)
    return Counted(counts.get("passed", 0), failed or int(rc != 0))


def by_sanity(rc: int, output: str) -> Counted:
    """One check for each test of ansible-test; "All targets skipped" exits 0 and proves nothing."""
    ran = len(set(re.findall(r'^Running sanity test "([^"]+)"', output, re.M)))
    listed = re.search(r"The (\d+) sanity test\(s\) listed below", output)
    failed = int(listed.group(1)) if listed else int(rc != 0)
    if "All targets skipped" in output or not ran:
        failed = failed or 1
    return Counted(max(0, ran - failed), failed)


def by_molecule(rc: int, output: str) -> Counted:
    """One check for each scenario of molecule's own recap."""
    failures_of = MOLECULE_RECAP.findall(output)
    passed = failures_of.count("0")
    return Counted(passed, len(failures_of) - passed or int(rc != 0 or not failures_of))
