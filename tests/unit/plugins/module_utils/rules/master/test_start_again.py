# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Cause 1 where php-fpm could be started again, or ends by a signal each time."""

from typing import Any, Callable, Dict

import pytest
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules import failed_starts as starts
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules import hosts
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.failed_starts import (
    NO_MEMORY,
    NO_PROGRAM,
    did_not_start,
    error,
    exited,
)
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.hosts import Host, a_host

CAUSE = "fpm_not_running"
GHOST = error("[pool www] cannot get uid for user 'ghost'")
RELOAD = error("failed to reload: execvp() failed: No such file or directory (2)")
SCOREBOARD = error("unable to allocate 584000000144 bytes in shared memory: Cannot allocate memory (12)")
TEST_RAN: Dict[str, Any] = {"ran": True, "ok": True, "rc": 0, "output": []}
NOT_TESTED: Dict[str, Any] = {"ran": False, "why": "only root can"}


def reason(host: Host) -> Any:
    item = hosts.only(host)
    assert item["cause"] == CAUSE
    return item["reason"]


def late_account(known: Any) -> Host:
    return did_not_start(GHOST, account=known).with_pool(user="ghost")


def crashing(rc: int) -> Host:
    """What php-fpm -t ended with."""
    return a_host("stopped").tested(rc)


class TestAccountLate:
    def test_hit_this_host_knows_the_account_by_now(self) -> None:
        host = late_account(True)
        assert reason(host) == "account_late" and hosts.actions(host) == ["unit_start"]
        assert "the account ghost is there" in hosts.only(host)["evidence"][0]["text"]

    @pytest.mark.parametrize("known", [False, None])
    def test_near_miss_nobody_knows_it_or_looked(self, known: Any) -> None:
        host = late_account(known)
        assert reason(host) == "unknown_user" and hosts.actions(host) == []

    def test_decoy_php_fpm_still_does_not_know_it(self) -> None:
        host = late_account(True).tested(78, "ERROR: [pool www] cannot get uid for user 'ghost'")
        assert reason(host) == "unknown_user"


class TestReloadFailed:
    def test_hit_its_program_is_there_again(self) -> None:
        host = did_not_start(RELOAD, exited("70/SOFTWARE")).with_master(test=TEST_RAN)
        assert reason(host) == "reload_failed" and hosts.actions(host) == ["unit_start"]
        assert "runs by now" in hosts.only(host)["summary"]

    def test_hit_too_many_sockets_to_hand_on(self) -> None:
        line = RELOAD.replace("No such file or directory (2)", "Argument list too long (7)")
        assert reason(did_not_start(line, exited("70/SOFTWARE"))) == "reload_failed"

    def test_near_miss_nobody_tried_its_program(self) -> None:
        host = did_not_start(RELOAD, exited("70/SOFTWARE")).with_master(test=NOT_TESTED)
        assert reason(host) == "reload_failed" and hosts.actions(host) == []

    def test_decoy_its_program_does_not_run(self) -> None:
        host = did_not_start(RELOAD, exited("70/SOFTWARE")).tested(127, "php-fpm: not found")
        assert reason(host) == "not_executable"


class TestProgramThatIsThereAgain:
    def test_hit_php_fpm_ran_for_its_test(self) -> None:
        host = did_not_start(NO_PROGRAM, exited("203/EXEC")).with_master(test=TEST_RAN)
        assert reason(host) == "stopped" and hosts.actions(host) == ["unit_start"]

    def test_near_miss_its_unit_hides_it(self) -> None:
        host = did_not_start(NO_PROGRAM, exited("203/EXEC")).with_master(test=TEST_RAN)
        assert reason(host.with_unit(sandbox={"InaccessiblePaths": "/usr/sbin"})) == "not_executable"

    def test_decoy_it_may_not_be_run(self) -> None:
        line = NO_PROGRAM.replace("No such file or directory", "Permission denied")
        host = did_not_start(line, exited("203/EXEC")).with_master(test=TEST_RAN)
        assert reason(host) == "not_executable"


class TestProgramCrashes:
    @pytest.mark.parametrize("rc", [-4, 132, -11, 134])
    def test_hit_the_test_ends_by_a_signal(self, rc: int) -> None:
        assert reason(crashing(rc)) == "program_crashes" and hosts.actions(crashing(rc)) == []
        assert hosts.only(crashing(rc))["confidence"] == "likely"

    @pytest.mark.parametrize("rc", [78, 1, 255])
    def test_near_miss_the_test_refuses_the_files(self, rc: int) -> None:
        assert reason(crashing(rc)) == "config_invalid"

    def test_decoy_somebody_killed_the_test(self) -> None:
        assert reason(crashing(-9)) == "stopped"


class TestTooManyChildren:
    def test_hit_the_pool_with_the_most_workers(self) -> None:
        host = did_not_start(SCOREBOARD, exited("70/SOFTWARE")).with_pool(max_children=10**9)
        assert reason(host) == "too_many_children"
        assert "pm.max_children = 1000000000 of pool www" in hosts.only(host)["summary"]

    def test_near_miss_the_pool_was_changed_since(self) -> None:
        host = did_not_start(SCOREBOARD, exited("70/SOFTWARE")).with_master(
            config_changed_at=hosts.now(a_host())
        )
        assert reason(host) == "stopped"

    def test_decoy_opcache_asks_for_too_much(self) -> None:
        assert reason(did_not_start(NO_MEMORY, exited("254/n/a"))) == "shared_memory"


class TestInternedStrings:
    @pytest.mark.parametrize("line", starts.NO_STRINGS)
    def test_hit_opcache_has_no_room_for_its_strings(self, line: str) -> None:
        item = hosts.only(did_not_start(line, exited("254/n/a")))
        assert (item["reason"], item["facts"]["fault"]) == ("shared_memory", "interned_strings")

    def test_near_miss_the_kernel_gives_no_memory(self) -> None:
        assert "fault" not in hosts.only(did_not_start(NO_MEMORY, exited("254/n/a")))["facts"]


# Of reasons that no saved snapshot shows; see rules/test_registry.py.
HITS: Dict[str, Callable[[], Host]] = {
    "account_late": lambda: late_account(True),
    "reload_failed": lambda: did_not_start(RELOAD, exited("70/SOFTWARE")).with_master(test=TEST_RAN),
    "program_crashes": lambda: crashing(-4),
    "too_many_children": lambda: did_not_start(SCOREBOARD, exited("70/SOFTWARE")).with_pool(
        max_children=10**9
    ),
}
