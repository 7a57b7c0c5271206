# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Cause 1: starts that systemd skips, or that fail at what php-fpm -t does not see."""

from typing import Any, Callable, Dict, Optional

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.rules.master.whereabouts import shown
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules import failed_starts as starts
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules import hosts
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.failed_starts import (
    HITS,
    INIT_FAILED,
    READY,
    TOO_QUICKLY,
    did_not_start,
    error,
    exited,
    in_the_start_limit,
    skipped,
    timed_out,
    unit_says,
    without_its_dependency,
)
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.hosts import Host, a_host

CAUSE = "fpm_not_running"
STOPPED = [(CAUSE, "stopped", "active")]
# Reasons of a start that failed: of the others there is no line that says why.
OF_A_LINE = sorted(set(HITS) - {"condition_failed", "dependency_failed", "php_ini_invalid", "start_timeout"})


class TestEachFailure:
    @pytest.mark.parametrize("reason", sorted(HITS))
    def test_hit_no_start_that_must_fail_again_is_offered(self, reason: str) -> None:
        assert hosts.actions(HITS[reason]()) == []

    @pytest.mark.parametrize("reason", OF_A_LINE)
    def test_hit_its_line_comes_first_and_is_whole(self, reason: str) -> None:
        host = HITS[reason]()
        piece = hosts.only(host)["evidence"][0]
        assert piece["source"] == "journal"
        assert piece["text"] == shown(hosts.unit(host)["log"][1])

    @pytest.mark.parametrize("reason", OF_A_LINE)
    def test_hit_it_outranks_the_start_limit(self, reason: str) -> None:
        assert hosts.causes(in_the_start_limit(HITS[reason]())) == [(CAUSE, reason, "active")]

    def test_near_miss_words_of_a_php_fpm_that_was_ready(self) -> None:
        host = did_not_start(READY, error("failed to do what no table has"), exited("1/FAILURE"))
        assert hosts.causes(host.with_unit(exec_main_status=1)) == [(CAUSE, "crashed", "active")]

    def test_hit_the_last_of_two_unknown_errors(self) -> None:
        host = did_not_start(error("one thing"), error("another thing"), INIT_FAILED)
        item = hosts.only(host)
        assert item["evidence"][0]["text"].endswith("another thing")
        assert item["summary"].endswith("php-fpm gave it up: ERROR: another thing.")


MENDED: Dict[str, Callable[[], Host]] = {
    "the log's directory is there": lambda: did_not_start(starts.NO_SLOWLOG, directory=True),
    "the pid file's directory is there": lambda: did_not_start(starts.NO_PID, directory=True),
    "the file system may be written": lambda: did_not_start(starts.READ_ONLY, read_only=False),
    "there is room": lambda: did_not_start(starts.FULL, free_bytes=1 << 30, free_inodes=None),
    "php.ini was changed": lambda: did_not_start(starts.PRELOAD, changed_at=9e9),
    "the program was installed": lambda: did_not_start(starts.NO_PROGRAM, changed_at=9e9),
    "a pool file was changed": lambda: did_not_start(starts.UNKNOWN_WORDS).with_master(config_changed_at=9e9),
}


class TestMendedSince:
    @pytest.mark.parametrize("what", sorted(MENDED))
    def test_near_miss_a_start_helps(self, what: str) -> None:
        host = MENDED[what]()
        assert hosts.causes(host) == STOPPED and hosts.actions(host) == ["unit_start"]

    def test_near_miss_the_start_limit_is_cleared_first(self) -> None:
        host = in_the_start_limit(MENDED["there is room"]())
        assert hosts.causes(host) == [(CAUSE, "start_limit_hit", "active")]
        assert hosts.actions(host) == ["unit_reset_failed", "unit_start"]

    @pytest.mark.parametrize("free", [{"free_bytes": 0}, {"free_bytes": 1 << 30, "free_inodes": 0}])
    def test_hit_no_inode_is_as_bad_as_no_byte(self, free: Dict[str, int]) -> None:
        assert hosts.causes(did_not_start(starts.FULL, **free)) == [(CAUSE, "disk_full", "active")]

    def test_hit_an_address_that_came_after_the_start(self) -> None:
        host = did_not_start(starts.NO_ADDRESS, address=True)
        item = hosts.only(host)
        assert (item["reason"], hosts.actions(host)) == ("address_unavailable", ["unit_start"])
        assert "before this host had the address 10.9.9.9:9000" in item["summary"]


class TestErrno:
    @pytest.mark.parametrize(
        "errno, reason",
        [
            ("Read-only file system (30)", "read_only"),
            ("No space left on device (28)", "disk_full"),
            ("Disk quota exceeded (122)", "disk_full"),
            ("Permission denied (13)", "log_unwritable"),
        ],
    )
    def test_hit_it_says_more_than_the_file(self, errno: str, reason: str) -> None:
        host = did_not_start(error("failed to open error_log (/var/log/php8.2-fpm.log): " + errno))
        assert hosts.causes(host) == [(CAUSE, reason, "active")]


class TestPlaces:
    def test_hit_a_log_names_the_pool_file_that_has_it(self) -> None:
        host = did_not_start(starts.NO_SLOWLOG, directory=False)
        host.with_pool(slowlog="/var/log/php-fpm/x.log", file="/etc/php/8.2/fpm/pool.d/www.conf", line=4)
        item = hosts.only(host)
        assert (item["evidence"][0]["path"], item["evidence"][0]["line"]) == (
            "/etc/php/8.2/fpm/pool.d/www.conf",
            4,
        )
        assert item["facts"]["path"] == "/var/log/php-fpm/x.log"
        assert [piece["path"] for piece in item["evidence"] if piece["source"] == "place"] == [
            "/var/log/php-fpm/x.log"
        ]

    def test_hit_an_address_names_the_pool_file_that_has_it(self) -> None:
        host = did_not_start(starts.NO_ADDRESS, address=False)
        host.with_pool(listen="10.9.9.9:9000", listen_file="/etc/php/x.conf", listen_line=7)
        summary = hosts.only(host)["summary"]
        assert summary.endswith("its address, 10.9.9.9:9000 (/etc/php/x.conf:7).")

    def test_hit_preload_names_the_file_of_php_ini(self) -> None:
        ini = "/etc/php/8.2/fpm/conf.d/99-shop.ini"
        item = hosts.only(did_not_start(starts.PRELOAD, ini_file=ini, ini_line=2))
        assert (item["evidence"][0]["path"], item["evidence"][0]["line"]) == (ini, 2)
        assert ini + ":2" in item["summary"]

    @pytest.mark.parametrize(
        "unit, by",
        [
            ({"writing": {"ProtectSystem": "strict"}}, "ProtectSystem=strict of its unit"),
            ({"writing": {"ProtectSystem": "full"}}, "its unit"),
            ({"writing": {"ReadOnlyPaths": "-/var/log"}}, "ReadOnlyPaths=-/var/log of its unit"),
        ],
    )
    def test_hit_read_only_names_the_setting(self, unit: Dict[str, Any], by: str) -> None:
        host = did_not_start(starts.READ_ONLY).with_unit(**unit)
        assert hosts.only(host)["summary"].endswith("/var/log/php8.2-fpm.log, by %s." % by)

    def test_hit_systemd_makes_the_directory_of_the_pid_file(self) -> None:
        """Where it is below /run."""
        host = did_not_start(starts.NO_PID.replace("/srv/gone", "/run/gone"), directory=False)
        assert hosts.only(host)["reason"] == "pid_file_unwritable"
        assert hosts.actions(host) == ["runtime_directory_create", "unit_start"]


class TestSkipped:
    def test_hit_each_condition_is_named(self) -> None:
        item = hosts.only(skipped("ConditionPathExists=/a", "AssertFileNotEmpty=/b"))
        assert "ConditionPathExists=/a, AssertFileNotEmpty=/b was not met" in item["summary"]

    def test_near_miss_conditions_of_a_snapshot_that_lacks_them(self) -> None:
        assert hosts.causes(a_host("stopped")) == STOPPED

    def test_near_miss_a_masked_unit_is_masked(self) -> None:
        host = a_host("masked").with_unit(unmet=["ConditionPathExists=/a"])
        assert hosts.causes(host) == [(CAUSE, "masked", "active")]

    def test_near_miss_a_dependency_that_failed_earlier(self) -> None:
        host = without_its_dependency()
        stopped = hosts.journal_line(hosts.now(host), "systemd[1]: Stopped %s." % starts.UNIT)
        assert hosts.causes(host.with_unit(log=hosts.unit(host)["log"] + [stopped])) == STOPPED

    def test_hit_a_unit_file_that_does_not_load(self) -> None:
        host = a_host("stopped").with_unit(load="bad-setting")
        assert hosts.causes(host) == [(CAUSE, "unit_setup_failed", "active")]
        assert hosts.only(host)["facts"]["fault"] == "unit_file"


class TestUnitStep:
    """What systemd could not set up: the program that it was to become is well."""

    PROGRAM = "Failed at step %s spawning /usr/sbin/php-fpm8.2: %s"

    def step(self, name: str, why: str, *before: str) -> Host:
        return did_not_start(*map(unit_says, before), unit_says(self.PROGRAM % (name, why)))

    @pytest.mark.parametrize(
        "name, why, before",
        [
            (
                "CHDIR",
                "No such file or directory",
                "Changing to the requested working directory failed: No such file or directory",
            ),
            (
                "STDOUT",
                "No such file or directory",
                "Failed to set up standard output: No such file or directory",
            ),
            ("USER", "No such process", "Failed to determine user credentials: No such process"),
            ("LOGS_DIRECTORY", "File exists", "Failed to set up special execution directory in /var/log"),
            (
                "NAMESPACE",
                "Permission denied",
                "Failed to set up mount namespacing: /proc: Permission denied",
            ),
        ],
    )
    def test_hit_the_step_is_named_and_no_program(self, name: str, why: str, before: str) -> None:
        item = hosts.only(self.step(name, why, before))
        assert (item["reason"], item["confidence"]) == ("unit_setup_failed", "likely")
        assert item["facts"]["name"] == name and "php-fpm8.2" not in str(item["facts"])

    def test_near_miss_a_path_that_lacks_says_more(self) -> None:
        item = hosts.only(HITS["unit_setup_failed"]())
        assert item["facts"]["path"] == "/srv/gone" and "name" not in item["facts"]

    @pytest.mark.parametrize("why", ["Read-only file system", "No space left on device"])
    def test_near_miss_an_errno_is_that_of_the_step(self, why: str) -> None:
        assert hosts.causes(self.step("CGROUP", why)) == [(CAUSE, "unit_setup_failed", "active")]

    def test_near_miss_files_of_php_fpm_that_changed_since(self) -> None:
        host = self.step("CHDIR", "No such file or directory")
        host.with_master(config_changed_at=hosts.now(host) - 1)
        assert hosts.causes(host) == [(CAUSE, "unit_setup_failed", "active")] and hosts.actions(host) == []

    def test_decoy_the_program_itself(self) -> None:
        item = hosts.only(HITS["not_executable"]())
        assert item["reason"] == "not_executable" and item["facts"]["path"] == "/usr/sbin/php-fpm8.2"


class TestLoop:
    """A unit with Restart= is found between two starts, or in the middle of one."""

    FAILED = unit_says("Failed with result 'exit-code'.")

    def test_hit_the_start_before_tells_while_one_goes_on(self) -> None:
        host = did_not_start(starts.NO_ADDRESS, INIT_FAILED, self.FAILED)
        again = hosts.journal_line(hosts.now(host), starts.STARTING)
        host.with_unit(
            active="activating", sub="start", result="success", log=hosts.unit(host)["log"] + [again]
        )
        assert hosts.causes(host) == [(CAUSE, "address_unavailable", "active")] and hosts.actions(host) == []

    def test_near_miss_a_first_start_that_goes_on(self) -> None:
        host = a_host("stopped").with_unit(active="activating", sub="start", result="success")
        host.journal((0.1, starts.STARTING))
        item = hosts.only(host)
        assert (item["confidence"], item["remedy"]) == ("likely", []) and "activating" in item["summary"]

    def test_hit_what_systemd_cannot_prepare_is_never_starting(self) -> None:
        lines = (
            "Failed to load environment files: No such file or directory",
            "Failed with result 'resources'.",
        )
        log = [(90.0, starts.STARTING), (80.0, "systemd[1]: Stopped %s." % starts.UNIT)]
        log += [(60.0, unit_says(line)) for line in lines]
        host = a_host("stopped").with_unit(result="resources", active="failed").journal(*log)
        item = hosts.only(host)
        assert item["reason"] == "unit_setup_failed" and "environment files" in item["evidence"][0]["text"]


class TestTimeout:
    @pytest.mark.parametrize(
        "kind, words",
        [("notify", "(Type=notify), though php-fpm itself was ready"), ("forking", "background")],
    )
    def test_hit_the_type_of_the_unit_is_named(self, kind: str, words: str) -> None:
        assert words in hosts.only(timed_out(READY, type=kind))["summary"]

    @pytest.mark.parametrize(
        "command, named",
        [("/usr/local/sbin/start-php", True), ("/usr/sbin/php-fpm8.2 --nodaemonize", False), (None, False)],
    )
    def test_hit_a_script_stands_between(self, command: Optional[str], named: bool) -> None:
        summary = hosts.only(timed_out(type="notify", command=command))["summary"]
        assert ("start-php, becomes php-fpm (exec)" in summary) is named
        assert ("NotifyAccess=all" in summary) is named

    def test_decoy_a_script_of_another_type(self) -> None:
        item = hosts.only(timed_out(type="forking", command="/usr/local/sbin/start-php"))
        assert "NotifyAccess" not in item["summary"]

    def test_near_miss_a_stop_that_timed_out(self) -> None:
        host = a_host("stopped").with_unit(result="timeout", active="failed")
        host.journal((60.0, unit_says("State 'stop-sigterm' timed out. Killing.")))
        assert hosts.causes(host) == STOPPED and hosts.actions(host) == ["unit_start"]

    def test_near_miss_php_fpm_says_why_before_the_time_is_over(self) -> None:
        host = timed_out(starts.NO_ADDRESS)
        assert hosts.causes(host) == [(CAUSE, "address_unavailable", "active")]


class TestStatus:
    @pytest.mark.parametrize(
        "status, reason",
        [
            (70, "php_ini_invalid"),
            (254, "php_ini_invalid"),
            (255, "php_ini_invalid"),
            (127, "not_executable"),
            (78, "start_failed"),
            (1, "start_failed"),
        ],
    )
    def test_hit_the_exit_status_alone_tells(self, status: int, reason: str) -> None:
        host = did_not_start(exited("%d/n/a" % status)).with_unit(exec_main_status=status)
        assert hosts.causes(host) == [(CAUSE, reason, "active")]

    @pytest.mark.parametrize(
        "result, reason",
        [
            ("resources", "unit_setup_failed"),
            ("protocol", "start_timeout"),
            ("exec-condition", "condition_failed"),
        ],
    )
    def test_hit_each_result_of_systemds_own(self, result: str, reason: str) -> None:
        host = did_not_start().with_unit(result=result, exec_main_status=0)
        assert hosts.causes(host) == [(CAUSE, reason, "active")] and hosts.actions(host) == []

    @pytest.mark.parametrize("lines, actions", [((), []), ((READY,), ["unit_start"])])
    def test_hit_a_crash_at_the_start_comes_again(self, lines: Any, actions: Any) -> None:
        host = did_not_start(*lines).with_unit(result="core-dump", exec_main_code=3, exec_main_status=11)
        assert hosts.causes(host) == [(CAUSE, "crashed", "active")] and hosts.actions(host) == actions

    def test_near_miss_a_command_that_cleans_up_after_a_crash(self) -> None:
        ended = "systemd[1]: php8.2-fpm.service: Main process exited, code=killed, status=11/SEGV"
        host = did_not_start(ended, exited("1/FAILURE", "Control")).with_unit(
            result="signal", exec_main_code=2
        )
        assert hosts.causes(host) == [(CAUSE, "crashed", "active")]

    @pytest.mark.parametrize("status, reason", [(70, "preload_failed"), (254, "php_ini_invalid")])
    def test_hit_the_script_to_preload_has_words_of_its_own(self, status: int, reason: str) -> None:
        """PHP runs it as another user, and the journal has those words for the application's."""
        host = did_not_start(exited("%d/n/a" % status), ini_file="/etc/php.d/x.ini", ini_line=1)
        assert hosts.causes(host.with_unit(exec_main_status=status)) == [(CAUSE, reason, "active")]

    def test_the_script_to_preload_is_named(self) -> None:
        host = did_not_start(exited("70/n/a"), ini_file="/etc/x.ini", ini_line=1, path="/srv/gone.php")
        item = hosts.only(host.with_unit(exec_main_status=70))
        assert item["evidence"][0]["text"] == "opcache.preload = /srv/gone.php"

    def test_hit_preload_was_set_since_it_ran(self) -> None:
        host = did_not_start(exited("254/n/a"), ini_file="/etc/php.d/x.ini", ini_line=1)
        seen = hosts.now(host)
        hosts.master(host)["last_start"]["changed_at"] = seen - 100
        host.with_unit(exec_main_status=254, active_since=seen - 500)
        assert hosts.causes(host) == [(CAUSE, "preload_failed", "active")]

    def test_hit_the_unit_looks_for_its_program_in_vain(self) -> None:
        host = did_not_start(starts.NO_PROGRAM, exited("203/EXEC")).with_master(binary=None)
        assert hosts.causes(host) == [(CAUSE, "not_executable", "active")]

    def test_decoy_a_command_of_a_forking_unit_is_php_fpm(self) -> None:
        host = did_not_start(exited("1/FAILURE", "Control")).with_unit(type="forking", exec_main_status=0)
        item = hosts.only(host)
        assert item["reason"] == "start_command_failed" and "a command that starts it" in item["summary"]

    def test_hit_it_outranks_a_start_limit_without_words(self) -> None:
        """Its log is one that nobody read: to start it again ends the same way."""
        host = did_not_start(exited("78/CONFIG"), TOO_QUICKLY).with_unit(start_limit_hit=True)
        item = hosts.only(host)
        assert (item["reason"], hosts.actions(host)) == ("start_failed", [])
        assert "no log that was read says why" in item["summary"]

    def test_near_miss_its_configuration_was_changed_since(self) -> None:
        host = did_not_start(exited("78/CONFIG")).with_master(config_changed_at=9e9)
        assert hosts.causes(host) == [(CAUSE, "crashed", "active")]

    def test_near_miss_php_ini_was_changed_after_its_end(self) -> None:
        host = did_not_start(exited("254/n/a"), changed_at=9e9).with_unit(exec_main_status=254)
        assert hosts.causes(host) == [(CAUSE, "crashed", "active")]


class TestScript:
    """What no unit of its own starts."""

    COMMAND = "/etc/init.d/php-fpm-82 start"

    def test_hit_a_unit_whose_process_is_gone_does_not_run(self) -> None:
        """systemd made it of a script, and goes on calling it active."""
        host = a_host("stopped").with_unit(active="active", sub="exited", enabled="generated")
        host.with_master(start_command=self.COMMAND)
        item = hosts.only(host)
        assert (item["reason"], hosts.status(host), hosts.actions(host)) == ("stopped", "failing", [])
        assert item["facts"]["start_command"] == self.COMMAND

    def test_near_miss_an_active_unit_may_hide_its_process(self) -> None:
        host = a_host("stopped").with_unit(active="active", sub="running")
        assert hosts.causes(host) == []

    def test_hit_without_a_unit_php_fpms_own_log_tells(self) -> None:
        text = "[26-Nov-2026 02:46:49] ERROR: %s"
        host = a_host("stopped").without_unit().with_master(start_command=self.COMMAND)
        words = "unable to bind listening socket for address '10.9.9.9:9000': Cannot assign (99)"
        for name, line in (
            ("fpm-bind-eaddrnotavail", words),
            ("fpm-exec-failed-init", "FPM initialization failed"),
        ):
            host.fpm_said(name, 30.0, sample={"path": "/var/log/fpm.log", "at": 1.0, "text": text % line})
        item = hosts.only(host)
        assert (item["reason"], item["evidence"][0]["source"]) == ("address_unavailable", "fpm_log")

    def test_hit_its_own_log_tells_what_the_journal_lacks(self) -> None:
        """So PHP 7.4 after a reload."""
        host = did_not_start(exited("78/CONFIG"))
        words = "unable to bind listening socket for address '10.9.9.9:9000': Cannot assign (99)"
        for name, line in (
            ("fpm-bind-eaddrnotavail", words),
            ("fpm-exec-failed-init", "FPM initialization failed"),
        ):
            text = "[26-Nov-2026 02:46:49] ERROR: " + line
            host.fpm_said(name, 60.0, sample={"path": "/var/log/fpm.log", "at": 1.0, "text": text})
        item = hosts.only(host)
        assert (item["reason"], item["evidence"][0]["source"]) == ("address_unavailable", "fpm_log")

    def test_near_miss_an_error_of_a_php_fpm_that_ran(self) -> None:
        host = a_host("stopped").without_unit()
        line = {"path": "/x", "at": 1.0, "text": "[26-Nov-2026 02:46:49] ERROR: something"}
        host.fpm_said("fpm-error", 30.0, sample=line)
        assert hosts.only(host)["reason"] == "stopped"


class TestMended:
    def test_hit_what_is_there_by_now_is_said_before_the_old_error(self) -> None:
        item = hosts.only(a_host("slowlog_directory_made_again"))
        assert item["reason"] == "stopped"
        assert item["evidence"][0]["text"] == "what kept it from starting is mended"
        assert "Unable to create or open slowlog" in item["evidence"][1]["text"]
