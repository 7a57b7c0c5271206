# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""No restart is begun that systemd or the unit would not let come up again; what holds is not in its way.

What systemd prints was captured on Debian 11 and 12 (fixtures/starts).
"""

import os
from typing import Any, List, Optional, Sequence

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.host import Ran
from ansible_collections.webmedic.php_fpm.plugins.module_utils.remediate import launch as launching
from ansible_collections.webmedic.php_fpm.plugins.module_utils.remediate import start_refusals as subject
from ansible_collections.webmedic.php_fpm.tests.unit.places import fixtures
from ansible_collections.webmedic.php_fpm.tests.unit.support import FakeHost

FRAGMENT = "/lib/systemd/system/php-fpm.service"
DROP_IN = "/etc/systemd/system/php-fpm.service.d/override.conf"
COMMAND = "{ path=%s ; argv[]=%s ; ignore_errors=%s ; start_time=[n/a] ; stop_time=[n/a] ; pid=0 }"
BY_HAND = (
    "whether that is meant is for a person to say: look at it, `systemctl restart php8.2-fpm.service`, and "
    "run this again"
)
# systemd 252: systemd-analyze condition.
UNMET = """\
test.service: ConditionPathIsDirectory=|/etc/x failed.
test.service: ConditionPathExists=|!/etc/passwd failed.
test.service: ConditionPathExists=/etc/licence failed.
Conditions failed.
"""
UNMET_TRIGGERS = """\
test.service: ConditionPathExists=/etc succeeded.
test.service: ConditionPathIsDirectory=|/etc/x failed.
test.service: ConditionPathExists=|!/etc/passwd failed.
Conditions failed.
"""
UNMET_ASSERT = """\
test.service: AssertPathExists=/etc/licence failed.
\x1b[0;1;39mAsserts failed.\x1b[0m
test.service: ConditionPathExists=/etc succeeded.
\x1b[0;1;39mConditions succeeded.\x1b[0m
"""


class Unit(FakeHost):
    """php-fpm's unit on a host, out of what systemctl printed there."""

    def __init__(self, captured: str = "252-debian12.show", name: str = "php8.2-fpm.service") -> None:
        super(Unit, self).__init__({FRAGMENT: "[Unit]\nAfter=network.target\n"})
        self.name, self.others, self.starts = name, {}, 0  # type: str, Any, int
        self.evaluated = Ran(0, "", "")
        self.silent = ""  # a word of the command that does not answer
        with open(os.path.join(fixtures("starts"), captured), encoding="utf-8") as stream:
            self.show = stream.read()
        self.has("FragmentPath", FRAGMENT).has("DropInPaths", DROP_IN)
        if captured == "252-debian12.show":
            self.has("RequiredBy", "")

    def has(self, name: str, value: str) -> "Unit":
        kept = [line for line in self.show.splitlines() if line.partition("=")[0] != name]
        self.show = "\n".join(kept + ["%s=%s" % (name, value)])
        return self

    def drop_in(self, *lines: str) -> "Unit":
        self.files[DROP_IN] = "\n".join(lines).encode()
        return self

    def other(self, name: str, load: str = "loaded", active: str = "active") -> "Unit":
        self.others[name] = (load, active)
        return self

    def started(self, times: int) -> "Unit":
        self.starts = times
        return self

    def says(self, errors: str, rc: Optional[int] = 1) -> "Unit":
        self.evaluated = Ran(rc, "", errors)
        return self

    def run(self, argv: Sequence[str], timeout: Optional[float] = None, most: int = 0) -> Ran:
        self.calls.append(list(argv))
        if self.silent in argv:
            return Ran(None, "", "%s did not end within 30 s" % argv[0])
        if argv[0] == "systemd-analyze":
            return self.evaluated
        if argv[0] == "journalctl":
            return Ran(0, "Started The PHP 7.4 FastCGI Process Manager.\n" * self.starts, "")
        if argv[1] == "show" and argv[-1] == self.name:
            return Ran(0, self.show, "")
        blocks = (
            [
                "Id=%s\nLoadState=%s\nActiveState=%s\n"
                % ((name,) + tuple(self.others.get(name, ("loaded", "active"))))
                for name in argv[argv.index("--") + 1 :]
                if name != "shutdown.target"
            ]
            if "--" in argv
            else []
        )
        return Ran(0, "\n".join(blocks), "")

    def calls_of(self, program: str) -> List[List[str]]:
        return [argv for argv in self.calls if argv[0] == program]

    def refusal(self, verb: str = "restart", runs: bool = True, folders: Any = ()) -> Optional[str]:
        return subject.start_refusal(self, launching.launch(self, self.name), verb, runs, folders)


class TestWhatHolds:
    @pytest.mark.parametrize("verb, runs", [("restart", True), ("start", False)])
    def test_a_stock_unit_is_started(self, verb: str, runs: bool) -> None:
        unit = Unit()
        assert unit.refusal(verb, runs) is None and unit.calls_of("systemd-analyze") == []

    def test_near_miss_a_unit_with_all_of_it_that_holds(self) -> None:
        unit = Unit("247-debian11.show", "php7.4-fpm.service").drop_in("ConditionPathExists=/etc/licence")
        unit.files["/srv/data/x"] = b""
        assert unit.other("report.service", active="failed").started(2).refusal() is None
        assert unit.calls_of("systemd-analyze") == [
            ["systemd-analyze", "condition", "ConditionPathExists=/etc/licence"]
        ]

    def test_near_miss_a_socket_that_systemd_hands_over(self) -> None:
        unit = Unit().has("Environment", "FPM_SOCKETS=/run/a.sock=3")
        for verb, runs in (("restart", True), ("start", False)):
            assert "makes no socket" in (unit.refusal(verb, runs) or "")

    def test_each_property_is_one_that_systemd_is_asked_for(self) -> None:
        wanted = {name for tie in subject.TIES for name in tie.properties}
        assert wanted | set(subject.COMMANDS + subject.PATHS) <= set(launching._PROPERTIES)


class TestConditions:
    @pytest.mark.parametrize(
        "errors, named",
        [
            (UNMET, "ConditionPathExists=/etc/licence"),
            (UNMET_TRIGGERS, "ConditionPathIsDirectory=|/etc/x, ConditionPathExists=|!/etc/passwd"),
            (UNMET_ASSERT, "AssertPathExists=/etc/licence"),
        ],
    )
    @pytest.mark.parametrize("verb, runs", [("restart", True), ("start", False)])
    def test_hit_one_that_does_not_hold(self, errors: str, named: str, verb: str, runs: bool) -> None:
        unit = Unit().drop_in("ConditionPathExists=/etc/licence").says(errors)
        assert unit.refusal(verb, runs) == (
            "a %s of php8.2-fpm.service would stop at %s: make that true, or take it out of the unit"
            % (verb, named)
        )

    def test_an_old_systemd_that_cannot_tell_costs_no_running_pool(self) -> None:
        unit = Unit().drop_in("ConditionPathExists=/x").says("Unknown operation 'condition'.\n")
        assert "which cannot be asked here" in str(unit.refusal())
        assert unit.refusal("start", runs=False) is None

    @pytest.mark.parametrize(
        "lines, checked",
        [
            (["# ConditionPathExists=/a", "; AssertPathExists=/a"], []),
            (["ConditionPathExists=/a", "ConditionUser=", " ConditionHost = b "], ["ConditionHost=b"]),
            (["AssertPathExists=/a", "ConditionUser="], ["AssertPathExists=/a"]),
            (["ConditionPathExists=/a/%N.on"], ["ConditionPathExists=/a/php-fpm@b.on"]),
            (["ConditionPathExists=/a/%p/%i/%t"], ["ConditionPathExists=/a/php-fpm/b/%t"]),
            (["ConditionPathExists=/a/%%n"], ["ConditionPathExists=/a/%%n"]),
        ],
    )
    def test_the_units_files_are_read_as_systemd_does(self, lines: Any, checked: Any) -> None:
        unit = Unit(name="php-fpm@b.service").drop_in(*lines)
        unit.refusal()
        assert [argv[2:] for argv in unit.calls_of("systemd-analyze")] == ([checked] if checked else [])


class TestOtherUnits:
    @pytest.mark.parametrize("state", ["masked", "not-found"])
    @pytest.mark.parametrize("name", ["Requires", "BindsTo", "Requisite"])
    def test_hit_a_needed_one_that_systemd_does_not_load(self, name: str, state: str) -> None:
        unit = Unit().has(name, "cache.service").other("cache.service", state)
        wanted = "php8.2-fpm.service needs cache.service, which is %s: mend that one" % state
        assert wanted in str(unit.refusal()) and wanted in str(unit.refusal("start", runs=False))

    @pytest.mark.parametrize("state", ["failed", "inactive", "activating"])
    @pytest.mark.parametrize("name, starts_it", [("Requires", True), ("BindsTo", True), ("Requisite", False)])
    def test_hit_one_that_must_come_first(self, name: str, starts_it: bool, state: str) -> None:
        unit = Unit().has(name, "cache.service").has("After", "cache.service basic.target")
        wanted = "needs cache.service first, which is %s: `systemctl start cache.service`, `systemctl" % state
        assert wanted in str(unit.other("cache.service", active=state).refusal())
        # A start of what is stopped may well start the other one, too.
        assert (unit.refusal("start", runs=False) is None) == starts_it

    def test_near_miss_a_dead_one_in_no_order(self) -> None:
        unit = Unit().has("Requires", "cache.service").other("cache.service", active="failed")
        assert unit.refusal() is None

    @pytest.mark.parametrize(
        "name", ["RequiredBy", "BoundBy", "RequisiteOf", "ConsistsOf", "PropagatesStopTo"]
    )
    def test_hit_one_that_a_restart_would_stop(self, name: str) -> None:
        unit = Unit().has(name, "nginx.service")
        assert unit.refusal() == (
            "a restart of php8.2-fpm.service would also stop nginx.service, which depends on it: " + BY_HAND
        )
        assert unit.refusal("start", runs=False) is None
        assert unit.other("nginx.service", active="inactive").refusal() is None

    @pytest.mark.parametrize("name", ["Conflicts", "ConflictedBy"])
    def test_hit_one_that_a_start_would_stop(self, name: str) -> None:
        unit = Unit().has(name, "successor.service")
        assert "would stop successor.service, which conflicts" in str(unit.refusal("start", runs=False))
        assert unit.other("successor.service", active="inactive").refusal("start", runs=False) is None

    @pytest.mark.parametrize("verb, runs", [("restart", True), ("start", False)])
    def test_other_units_that_are_not_told_are_no_good_ones(self, verb: str, runs: bool) -> None:
        unit = Unit()
        assert unit.refusal(verb, runs) is None
        unit.silent = "Id,LoadState,ActiveState"
        why = "a %s of %s cannot be judged: systemctl did not end within 30 s"
        assert unit.refusal(verb, runs) == why % (verb, unit.name)

    def test_near_miss_a_name_with_a_backslash_is_asked_for_as_it_is(self) -> None:
        unit = Unit().has("Requires", "srv-my\\x2ddata.mount -.mount")
        assert unit.refusal() is None and "srv-my\\x2ddata.mount" in unit.calls[-2]


class TestTheUnitItself:
    @pytest.mark.parametrize(
        "name, stopped",
        [("RefuseManualStart", "its unit has RefuseManualStart=yes"), ("RefuseManualStop", None)],
    )
    def test_hit_a_unit_that_is_not_for_systemctl(self, name: str, stopped: Optional[str]) -> None:
        unit = Unit().has(name, "yes")
        assert "its unit has %s=yes" % name in str(unit.refusal())
        assert (stopped or "None") in str(unit.refusal("start", runs=False))

    @pytest.mark.parametrize("name", subject.PATHS)
    def test_hit_a_path_that_is_gone(self, name: str) -> None:
        unit = Unit().has(name, "-/none +/srv/data")
        assert "would stop at %s=+/srv/data, which is not there" % name in str(unit.refusal())
        unit.files["/srv/data/x"] = b""
        assert unit.refusal() is None

    def test_near_miss_a_path_that_systemd_makes(self) -> None:
        assert Unit().has("ReadWritePaths", "/run/php").has("RuntimeDirectory", "php").refusal() is None

    def test_near_miss_a_path_that_is_made_first(self) -> None:
        unit = Unit().has("ReadWritePaths", "/run/php")
        assert unit.refusal("start", False, ["/run/php"]) is None
        assert "/run/php, which is not there" in str(unit.refusal("start", False, ["/run/php7"]))

    def test_hit_a_credential_that_is_gone(self) -> None:
        unit = Unit().drop_in("[Service]", "LoadCredential=key:/etc/key")
        assert "LoadCredential=/etc/key, which is not there" in str(unit.refusal())
        unit.files["/etc/key"] = b"x"
        assert unit.refusal() is None
        assert unit.drop_in("LoadCredential=key", "LoadCredential=key:%t/key").refusal() is None

    @pytest.mark.parametrize("name", subject.COMMANDS)
    def test_hit_a_command_that_cannot_be_tried(self, name: str) -> None:
        command = "/bin/test -e /etc/licence"
        unit = Unit().has(name, COMMAND % ("/bin/test", command, "no"))
        assert unit.refusal() == (
            "a restart of php8.2-fpm.service would run `%s` (%s=), which cannot be tried: %s"
            % (command, name, BY_HAND)
        )
        assert unit.refusal("start", runs=False) is None

    @pytest.mark.parametrize(
        "path, command, ignored",
        [
            ("/bin/test", "/bin/test -e /etc/licence", "yes"),
            ("/bin/mkdir", "/bin/mkdir -p /run/php", "no"),
            ("/usr/sbin/php-fpm8.2", "/usr/sbin/php-fpm8.2 -t", "no"),
        ],
    )
    def test_near_miss_a_command_that_does_no_harm(self, path: str, command: str, ignored: str) -> None:
        assert Unit().has("ExecStartPre", COMMAND % (path, command, ignored)).refusal() is None

    def test_hit_a_command_behind_one_whose_failure_is_ignored(self) -> None:
        commands = [("/bin/mkdir", "/bin/mkdir /x", "yes"), ("/bin/test", "/bin/test -e /etc/licence", "no")]
        unit = Unit().has("ExecStartPre", " ".join(COMMAND % command for command in commands))
        assert "would run `/bin/test -e /etc/licence` (ExecStartPre=)" in str(unit.refusal())

    def test_a_secret_in_a_command_is_not_told(self) -> None:
        command = "/bin/login --password=hunter2"
        assert "hunter2" not in str(
            Unit().has("ExecStartPost", COMMAND % ("/bin/login", command, "no")).refusal()
        )

    def test_decoy_a_stop_that_fails_does_not_keep_it_down(self) -> None:
        assert Unit().has("ExecStop", COMMAND % ("/bin/false", "/bin/false", "no")).refusal() is None


class TestStartLimit:
    def test_hit_one_start_too_many(self) -> None:
        assert Unit().started(5).refusal() == (
            "a restart of php8.2-fpm.service could be refused by systemd, which starts it 5 times in 10s "
            "(StartLimitBurst=): wait so long"
        )

    def test_starts_that_are_not_told_are_not_few(self) -> None:
        unit = Unit()
        unit.silent = "journalctl"
        assert (
            unit.refusal()
            == "a restart of %s cannot be judged: journalctl did not end within 30 s" % unit.name
        )
        assert unit.refusal("start", False) is None

    def test_near_miss_one_start_is_left(self) -> None:
        unit = Unit().started(4)
        assert unit.refusal() is None and "--since=-10s" in unit.calls_of("journalctl")[0]

    @pytest.mark.parametrize("name", ["StartLimitBurst", "StartLimitIntervalUSec"])
    def test_near_miss_no_limit(self, name: str) -> None:
        assert Unit().has(name, "0").started(9).refusal() is None

    def test_a_limit_for_ever_counts_since_the_boot(self) -> None:
        unit = Unit().has("StartLimitIntervalUSec", "infinity").started(5)
        assert "could be refused" in str(unit.refusal())
        assert not any("since" in word for word in unit.calls_of("journalctl")[0])

    def test_a_start_of_what_is_stopped_is_not_counted(self) -> None:
        assert Unit().started(9).refusal("start", runs=False) is None
