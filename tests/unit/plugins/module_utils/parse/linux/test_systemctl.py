# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Output of systemctl and journalctl, from systemd 247, 252 and 257. Of the journal's fields those that tell
who wrote were kept.
"""

import json
import os
from typing import Any, Dict, List, Optional

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.linux.systemctl import (
    address_families,
    command_option,
    exec_start,
    hides,
    may_not_use,
    parse_show,
    unit_facts,
    unit_matches,
)
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.linux.unit_starts import (
    makes_read_only,
    parse_journal,
    refused_to_start,
    unit_line,
    unmet_conditions,
    without_small_talk,
)
from ansible_collections.webmedic.php_fpm.tests.unit.places import fixtures

FIXTURES = fixtures("units")
HOSTS = ["247-debian11", "252-debian12", "257-debian13"]


def fixture(name: str) -> str:
    with open(os.path.join(FIXTURES, name), encoding="utf-8") as stream:
        return stream.read()


def fpm(host: str, case: str) -> Dict[str, Any]:
    return unit_facts(parse_show(fixture("%s-%s.show" % (host, case)))[0], 1795386310.0)


class TestUnit:
    @pytest.mark.parametrize("host", HOSTS)
    def test_state(self, host: str) -> None:
        seen = {
            case: fpm(host, case) for case in ("active", "stopped", "failed", "masked", "start-limit-hit")
        }
        assert [seen[case]["active"] for case in ("active", "stopped", "start-limit-hit")] == [
            "active",
            "inactive",
            "failed",
        ]
        assert (seen["masked"]["load"], seen["masked"]["enabled"]) == ("masked", "masked")
        assert (
            seen["failed"]["result"],
            seen["failed"]["exec_main_code"],
            seen["failed"]["exec_main_status"],
        ) == ("exit-code", 1, 78)
        assert seen["active"]["main_pid"] > 1 and seen["stopped"]["main_pid"] == 0
        assert seen["active"]["restart"] == ("on-failure" if host.startswith("257") else "no")
        assert seen["failed"]["active"] == ("activating" if host.startswith("257") else "failed")

    def test_killed_master_has_its_signal(self) -> None:
        killed = fpm("252-debian12", "killed")
        assert (killed["result"], killed["exec_main_code"], killed["exec_main_status"]) == ("signal", 2, 9)

    @pytest.mark.parametrize("host", HOSTS)
    def test_times_are_monotonic_or_none(self, host: str) -> None:
        active, stopped = fpm(host, "active"), fpm(host, "stopped")
        assert active["inactive_since"] is None
        assert active["active_since"] == pytest.approx(1795387247.0, abs=5)
        assert stopped["inactive_since"] == stopped["changed_at"] > active["changed_at"]

    @pytest.mark.parametrize("host", HOSTS)
    def test_a_call_answers_for_several_units_in_order(self, host: str) -> None:
        blocks = parse_show(fixture(host + "-active.show"))
        assert [block["Id"] for block in blocks][1:] == ["nginx.service", "nosuch-fpm.service"]
        assert unit_facts(blocks[2], 0.0)["load"] == "not-found"

    @pytest.mark.parametrize("host", HOSTS)
    def test_start_limit_shows_in_the_journal_only(self, host: str) -> None:
        assert fpm(host, "start-limit-hit")["result"] == "exit-code"
        assert refused_to_start(parse_journal(fixture(host + "-start-limit-hit.journal"))[0])
        assert not refused_to_start(parse_journal(fixture(host + "-failed.journal"))[0])
        assert not refused_to_start(parse_journal(fixture(host + "-killed.journal"))[0]), (
            "a later start went through"
        )


class TestSocket:
    @pytest.mark.parametrize(
        "shown, ties",
        [
            ("TriggeredBy=web.socket web.timer\nEnvironment=A=1", {"web.socket": "needs"}),
            ("TriggeredBy=web.socket\nEnvironment=FPM_SOCKETS=/run/a.sock=3", {"web.socket": "needs"}),
            ("TriggeredBy=\nEnvironment=FPM_LOG=/a", {}),
        ],
    )
    def test_a_start_makes_none_that_is_handed_over(self, shown: str, ties: Dict[str, str]) -> None:
        unit = unit_facts(parse_show("Id=php-shop.service\n" + shown)[0], 0.0)
        assert unit["ties"] == ties and "FPM_SOCKETS" not in str(unit)


class TestEnvironmentFiles:
    def test_each_of_them_is_kept(self) -> None:
        """As systemd 252 prints two."""
        shown = "EnvironmentFiles=/etc/a (ignore_errors=yes)\nEnvironmentFiles=/etc/b (ignore_errors=no)\n"
        assert parse_show(shown)[0]["EnvironmentFiles"].splitlines() == [
            "/etc/a (ignore_errors=yes)",
            "/etc/b (ignore_errors=no)",
        ]


class TestLimits:
    @pytest.mark.parametrize(
        "shown, limits",
        [
            ("RuntimeMaxUSec=3h\nWatchdogUSec=20s\n", {"RuntimeMaxSec": "3h", "WatchdogSec": "20s"}),
            ("RuntimeMaxUSec=infinity\nWatchdogUSec=0\n", {}),
            ("Id=x.service\n", {}),
        ],
    )
    def test_only_what_limits_is_kept(self, shown: str, limits: Any) -> None:
        assert unit_facts(parse_show(shown)[0], 0.0)["limits"] == limits


class TestJournal:
    def test_line_has_time_program_text(self) -> None:
        lines = parse_journal(fixture("252-debian12-failed.journal"))[0]
        assert (lines[-1]["by"], lines[-1]["pid"]) == ("systemd", 1)
        assert lines[-1]["text"].startswith("Failed to start php8.2-fpm.service")
        assert lines[-1]["at"] == pytest.approx(1795661209.786335, abs=1e-4)
        (line,) = [line for line in lines if "ghost'" in line["text"]]
        assert line["by"] == "php-fpm"
        assert line["text"].endswith("] ERROR: [pool ghost] cannot get uid for user 'ghost'")

    def test_other_programs_of_the_unit_are_read_apart(self) -> None:
        text = entry(_EXE="/usr/bin/dash", MESSAGE="no licence server") + entry()
        log, others = parse_journal(text)
        assert [(line["by"], line["pid"], line["text"]) for line in others] == [
            ("command", 7, "no licence server")
        ]
        assert [(line["by"], line["pid"], line["text"]) for line in log] == [("php-fpm", 7, "ERROR: x")]

    def test_child_that_spoke_before_its_start_stands_behind_it(self) -> None:
        """As systemd 252 of el logged them on a host with much to do."""
        unit = {"UNIT": "php-fpm.service", "_EXE": None}
        lines = [
            ("1", "Failed to start php-fpm.service - The PHP FastCGI Process Manager."),
            ("206", "php-fpm.service: Failed to set up mount namespacing: /run/systemd/unit-root/srv/a: x"),
            ("206", "php-fpm.service: Failed at step NAMESPACE spawning /usr/sbin/php-fpm: x"),
            ("1", "Starting php-fpm.service - The PHP FastCGI Process Manager..."),
            ("1", "php-fpm.service: Main process exited, code=exited, status=226/NAMESPACE"),
        ]
        text = "".join(entry(_PID=pid, MESSAGE=message, **unit) for pid, message in lines)
        order = [lines.index((str(line["pid"]), line["text"])) for line in parse_journal(text)[0]]
        assert order == [0, 3, 1, 2, 4]

    def test_line_of_systemd_has_its_meaning(self) -> None:
        lines = parse_journal(fixture("252-debian12-failed.journal"))[0]
        assert lines[-1]["meaning"] == "unit_not_started"
        ended = [line["places"] for line in lines if line.get("meaning") == "main_ended"]
        assert ended[-1] == ["exited", "78", "CONFIG"]
        assert {"meaning" in line for line in lines if line["by"] == "php-fpm"} == {False}

    def test_decoy_php_fpm_that_speaks_as_systemd(self) -> None:
        text = "php8.2-fpm.service: Failed with result 'oom-kill'."
        (line,) = parse_journal(entry(MESSAGE=text))[0]
        assert line == {"at": line["at"], "by": "php-fpm", "pid": 7, "text": text}

    def test_secrets_are_redacted(self) -> None:
        assert "hunter2" not in parse_journal(entry(MESSAGE='NOTICE: env[PASS] = "hunter2"'))[0][0]["text"]

    @pytest.mark.parametrize("host", HOSTS)
    def test_decoy_lines_of_php_in_the_stream_of_the_unit(self, host: str) -> None:
        """PHP wrote into the journal's two sockets, with UNIT=, _PID= and SYSLOG_IDENTIFIER= of systemd, and
        to syslog. A program that runs as root in the unit's cgroup, as sudo does for PHP, wrote into a stream
        of its own. The master's own words of the next start stay.
        """
        everything = fixture(host + "-forged.journal")
        assert [
            word
            for word in ("ghost-php-stream", "ghost-php-native", "ghost-php-syslog", "ghost-sudo")
            if word not in everything
        ] == []
        read = shown(
            host,
            unit_matches(
                "php%s-fpm.service" % {"247": "7.4", "252": "8.2", "257": "8.4"}[host.split("-")[0]]
            ),
        )
        assert "ghost-php" not in read, "journald itself knows who wrote it"
        expected = "\n".join(line["text"] for line in parse_journal(read)[0])
        assert "ghost-sudo" in read and "ghost-" not in expected
        assert (
            "unable to bind listening socket for address '/run/nowhere/ghost.sock'" in expected
            and "\nFailed to start " in expected
        )

    @pytest.mark.parametrize(
        "fields, expected",
        [
            ({}, True),
            ({"_EXE": "/opt/remi/php82/root/usr/sbin/php-fpm"}, True),
            ({"_EXE": "/usr/sbin/php-fpm8.2 (deleted)"}, True),
            ({"_EXE": "/usr/bin/sudo"}, False),
            ({"_EXE": "/usr/bin/sudo", "_COMM": "php-fpm8.2"}, False),
            ({"_EXE": "/tmp/php-fpm/cat"}, False),
            ({"_EXE": None, "_COMM": "php-fpm8.2"}, True),
            ({"_EXE": None, "_COMM": "sudo"}, False),
            ({"_EXE": None}, True),
            ({"_PID": "1", "_EXE": "/usr/lib/systemd/systemd"}, True),
            ({"MESSAGE": None}, False),
            ({"MESSAGE": [69, 82, 82]}, False),
        ],
    )
    def test_only_systemd_or_php_fpm_counts(self, fields: Dict[str, Any], expected: bool) -> None:
        """Of a process that is gone journald knows neither program nor name, or only the name; the unit comes
        with a stream that systemd made.
        """
        assert bool(parse_journal(entry(**fields))[0]) == expected

    def test_first_line_of_a_message_even_in_cut_output(self) -> None:
        assert [line["text"] for line in parse_journal(entry(MESSAGE="one\nERROR: two"))[0]] == ["one"]
        assert parse_journal("-- Boot 1 --\nno time\n" + entry()[:40])[0] == []


def entry(**fields: Any) -> str:
    return (
        json.dumps(
            dict(
                {
                    "__REALTIME_TIMESTAMP": "1500000",
                    "_PID": "7",
                    "_EXE": "/usr/sbin/php-fpm8.2",
                    "MESSAGE": "ERROR: x",
                },
                **fields,
            )
        )
        + "\n"
    )


def shown(host: str, matches: List[str]) -> str:
    """What journalctl would print of a capture: groups of matches between "+", all fields of a group have to
    be as it says.
    """
    groups = [
        [word.partition("=")[::2] for word in group.split()] for group in " ".join(matches).split(" + ")
    ]
    lines = fixture(host + "-forged.journal").splitlines(True)
    return "".join(
        line
        for line in lines
        if any(all(json.loads(line).get(name) == value for name, value in group) for group in groups)
    )


class TestCommand:
    @pytest.mark.parametrize(
        "command, config, prefix",
        [
            (
                "/usr/sbin/php-fpm8.2 --nodaemonize --fpm-config /etc/php/8.2/fpm/php-fpm.conf",
                "/etc/php/8.2/fpm/php-fpm.conf",
                None,
            ),
            ("/usr/sbin/php-fpm -F -y /srv/fpm.conf -p /srv", "/srv/fpm.conf", "/srv"),
            ("/usr/sbin/php-fpm --fpm-config=/srv/fpm.conf --prefix=/srv", "/srv/fpm.conf", "/srv"),
            ("/opt/php-y/sbin/php-fpm --nodaemonize", None, None),
            (None, None, None),
        ],
    )
    def test_options_of_php_fpm(self, command: str, config: str, prefix: str) -> None:
        assert command_option(command, "config") == config
        assert command_option(command, "prefix") == prefix

    @pytest.mark.parametrize(
        "argv, expected",
        [
            (
                "/usr/sbin/php-fpm8.2 --nodaemonize --fpm-config /etc/a.conf",
                "/usr/sbin/php-fpm8.2 --nodaemonize --fpm-config /etc/a.conf",
            ),
            (
                "/usr/sbin/php-fpm -d mysqli.default_pw=hunter2 -F -y /etc/a.conf",
                "/usr/sbin/php-fpm -F -y /etc/a.conf",
            ),
            ("/usr/sbin/php-fpm -dx=hunter2 -p/srv --define y=hunter2 hunter2", "/usr/sbin/php-fpm -p/srv"),
            ("/bin/sh -c SECRET=hunter2 exec php-fpm -phunter2", "/bin/sh"),
        ],
    )
    def test_only_arguments_without_a_secret_are_kept(self, argv: str, expected: str) -> None:
        assert exec_start({"ExecStart": "{ path=/x ; argv[]=%s ; ignore_errors=no ; }" % argv}) == expected


class TestSandbox:
    @pytest.mark.parametrize(
        "shown, place, setting",
        [
            ("ProtectHome=yes", "/home/shop/run", "ProtectHome=yes"),
            ("ProtectHome=no", "/home/shop/run", None),
            ("ProtectHome=yes", "/homes/shop", None),
            ("InaccessiblePaths=-/srv /run/php/", "/run/php/a.sock", "InaccessiblePaths=/run/php/"),
            ("TemporaryFileSystem=/var:ro", "/run", None),
            ("BindPaths=/srv/x:/run/php:rbind", "/srv/x", None),
            ("BindReadOnlyPaths=/run/php", "/run/php", "BindReadOnlyPaths=/run/php"),
            ("PrivateTmp=yes", "/var/tmp/a.sock", "PrivateTmp=yes"),
            ("RootDirectory=/srv", "/run/php", "RootDirectory=/srv"),
            ("RootDirectory=", "/run", None),
        ],
    )
    def test_setting_that_hides_a_path(self, shown: str, place: str, setting: Any) -> None:
        assert hides(unit_facts(parse_show(shown)[0], 0.0)["sandbox"], place) == setting


class TestFamilies:
    """As systemd 247 to 257 show them: without a setting it is "~"."""

    @pytest.mark.parametrize(
        "shown, families",
        [
            ("~", None),
            ("", None),
            ("AF_INET AF_INET6 AF_UNIX", "AF_INET AF_INET6 AF_UNIX"),
            ("~AF_UNIX", "~AF_UNIX"),
        ],
    )
    def test_what_a_unit_may_use(self, shown: str, families: Optional[str]) -> None:
        block = parse_show("RestrictAddressFamilies=%s\n" % shown)[0]
        assert address_families(block) == families
        assert unit_facts(block, 0.0).get("families") == families

    @pytest.mark.parametrize(
        "families, refused",
        [
            (None, False),
            ("AF_INET AF_INET6", True),
            ("AF_INET AF_UNIX", False),
            ("~AF_UNIX AF_PACKET", True),
            ("~AF_PACKET", False),
        ],
    )
    def test_whether_it_may_use_unix_sockets(self, families: Optional[str], refused: bool) -> None:
        assert may_not_use(families, "AF_UNIX") is refused


class TestWriting:
    @pytest.mark.parametrize(
        "shown, place, setting",
        [
            ("ProtectSystem=strict", "/var/log/php.log", "ProtectSystem=strict"),
            ("ProtectSystem=full", "/var/log/php.log", None),
            ("ProtectSystem=full", "/etc/php/a.log", "ProtectSystem=full"),
            ("ProtectSystem=yes", "/etc/php/a.log", None),
            ("ProtectSystem=no", "/usr/a.log", None),
            ("ProtectSystem=strict\nReadWritePaths=-/var/log", "/var/log/php.log", None),
            ("ProtectSystem=strict\nRuntimeDirectory=php", "/run/php/a.pid", None),
            (
                "ReadOnlyPaths=/var/log/php\nReadWritePaths=/var",
                "/var/log/php/a",
                "ReadOnlyPaths=/var/log/php",
            ),
            ("ReadOnlyPaths=/var/log", "/var/logs/a", None),
            ("ProtectHome=read-only", "/home/shop/a.log", "ProtectHome=read-only"),
        ],
    )
    def test_setting_that_keeps_from_writing(self, shown: str, place: str, setting: Any) -> None:
        assert makes_read_only(unit_facts(parse_show(shown)[0], 0.0), place) == setting


class TestConditions:
    @pytest.mark.parametrize(
        "shown, unmet",
        [
            ("ConditionResult=no\nConditionTimestampMonotonic=12", True),
            ("ConditionResult=no\nConditionTimestampMonotonic=0", False),
            ("AssertResult=no\nAssertTimestampMonotonic=12", True),
            ("ConditionResult=yes\nConditionTimestampMonotonic=12", False),
        ],
    )
    def test_only_a_start_that_was_tried_has_one(self, shown: str, unmet: bool) -> None:
        assert bool(unit_facts(parse_show(shown)[0], 0.0)["unmet"]) == unmet

    def test_systemctl_status_names_them(self) -> None:
        """As systemd 247 to 257 print them, in the C locale and in another."""
        status = (
            "  Condition: start condition failed at Thu 2026-11-26 02:46:47 UTC; 3s ago\n"
            "             |- ConditionPathExists=/etc/a b was not met\n"
            "             `- ConditionFileNotEmpty=|/etc/c was not met\n"
            "     Assert: start assertion failed at Thu 2026-11-26 02:46:47 UTC; 3s ago\n"
            "             \u2514\u2500 AssertPathExists=/d was not met\n"
        )
        assert unmet_conditions(status) == [
            "ConditionPathExists=/etc/a b",
            "ConditionFileNotEmpty=|/etc/c",
            "AssertPathExists=/d",
        ]


class TestSpawn:
    def test_systemds_child_speaks_for_systemd(self) -> None:
        message = "php8.2-fpm.service: Failed at step EXEC spawning /usr/sbin/php-fpm8.2: No such file"
        unit = "php8.2-fpm.service"
        for program in ("/usr/lib/systemd/systemd", "/usr/lib/systemd/systemd-executor", None):
            lines = parse_journal(entry(MESSAGE=message, UNIT=unit, _EXE=program, _COMM=None))[0]
            assert (lines[0]["by"], lines[0]["pid"], lines[0]["text"]) == ("systemd", 7, message)
        assert parse_journal(entry(MESSAGE=message))[0][0]["by"] == "php-fpm"
        named = parse_journal(entry(MESSAGE=message, UNIT=unit, _EXE=None, _COMM="(php-fpm8.2)"))[0]
        assert (named[0]["by"], named[0]["pid"], named[0]["text"]) == ("systemd", 7, message)
        assert parse_journal(entry(MESSAGE=message, UNIT=unit, _EXE="/usr/bin/sudo"))[0] == []
        assert parse_journal(entry(MESSAGE=message, UNIT=unit, _EXE="/usr/bin/sudo", _COMM="(x)"))[0] == []

    def test_small_talk_does_not_crowd_out_the_error(self) -> None:
        own = ["[26-Nov-2026 02:46:49] NOTICE: PHP message: y"] + ["PHP Deprecated:  z"] * 50 + ["ERROR: w"]
        log = [unit_line(1.0, "systemd", 1, "Starting %s..." % name) for name in ("old", "x")]
        log += [unit_line(1.0, "php-fpm", 7, text) for text in own]
        again = "php-fpm.service: Start request repeated too quickly."
        log += [unit_line(1.0, "systemd", 1, again)] * 50
        kept = [line["text"] for line in without_small_talk(log, 30)]
        assert kept[:2] == ["Starting x...", "ERROR: w"] and len(kept) == 30
