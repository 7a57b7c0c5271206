# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The units of described hosts, and their journals."""

import json
from typing import Any

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.linux import units
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.collect.hosts.php_fpm import (
    BOOTED,
    JOURNAL,
)
from ansible_collections.webmedic.php_fpm.tests.unit.support import FakeHost


class TestNames:
    def test_units_are_found_in_every_directory(self) -> None:
        host = FakeHost(
            {
                "/lib/systemd/system/php8.2-fpm.service": "",
                "/usr/lib/systemd/system/php8.2-fpm.service": "",
                "/usr/lib/systemd/system/php-fpm@.service": "",
                "/etc/systemd/system/php-fpm-shop.service": "",
                "/etc/systemd/system/multi-user.target.wants/php-fpm@blog.service": "",
                "/lib/systemd/system/fpm-other.service": "",
                "/lib/systemd/system/phpsessionclean.service": "",
                "/lib/systemd/system/php8.2-fpm.service.d/x.conf": "",
            }
        )
        assert units.fpm_unit_names(host) == [
            "php-fpm-shop.service",
            "php-fpm@blog.service",
            "php8.2-fpm.service",
        ]

    def test_a_unit_of_another_name_is_known_by_its_command(self) -> None:
        """Near miss: one that is not the admin's own. Decoys: a comment, a script that is not php-fpm."""
        command = "[Service]\nType=notify\nExecStart=%s --nodaemonize\n"
        host = FakeHost(
            {
                "/etc/systemd/system/backend.service": command % "-/usr/sbin/php-fpm8.2",
                "/etc/systemd/system/other.service": command % "/usr/bin/other # php-fpm",
                "/etc/systemd/system/noted.service": "#ExecStart=/usr/sbin/php-fpm8.2\n",
                "/etc/systemd/system/shop@.service": command % "/usr/sbin/php-fpm8.2",
                "/lib/systemd/system/packaged.service": command % "/usr/sbin/php-fpm8.2",
            }
        )
        assert units.fpm_unit_names(host) == ["backend.service"]

    def test_a_name_that_is_no_unit_never_reaches_systemctl(self) -> None:
        host = FakeHost(stats={"/run/systemd/system": BOOTED})
        assert units.unit_states(host, ["--help", "x.service; reboot", "../x.service"]) == {}
        assert host.calls == []

    def test_units_that_systemd_made_of_scripts_are_found(self) -> None:
        host = FakeHost({"/run/systemd/generator.late/php-fpm-82.service": ""})
        assert units.fpm_unit_names(host) == ["php-fpm-82.service"]


class TestConditions:
    def test_systemctl_status_is_asked_for_a_skipped_start_alone(self) -> None:
        name = "php8.2-fpm.service"
        shown = "Id=%s\nLoadState=loaded\nActiveState=%s\nConditionResult=no\nConditionTimestampMonotonic=7\n"
        command = "systemctl show --no-pager -p %s -- %s" % (",".join(units.PROPERTIES), name)
        status = "systemctl status --no-pager -l -n 0 -- " + name
        answer = (3, "  Condition: x\n   `- ConditionPathExists=/etc/a was not met\n", "")
        for state, unmet in (
            ("inactive", ["ConditionPathExists=/etc/a"]),
            ("active", ["a condition of the unit"]),
        ):
            commands = {command: (0, shown % (name, state), ""), status: answer}
            host = FakeHost(commands=commands, stats={"/run/systemd/system": BOOTED})
            assert units.unit_states(host, [name])[name]["unmet"] == unmet
            assert (status.split() in host.calls) == (state == "inactive")


class TestTies:
    def ties(self, state: str, others: str, triggers: str = "") -> Any:
        name = "php8.2-fpm.service"
        shown = "Id=%s\nLoadState=loaded\nActiveState=%s\nRequires=sysinit.target db.service\n" % (
            name,
            state,
        )
        shown += "ConflictedBy=shutdown.target other.service\n" + triggers
        names = "db.service other.service" + " shop.socket" * bool(triggers)
        commands = {
            "systemctl show --no-pager -p %s -- %s" % (",".join(units.PROPERTIES), name): (0, shown, ""),
            "systemctl show -p ActiveState,Type -- " + names: (0, others, ""),
        }
        host = FakeHost(commands=commands, stats={"/run/systemd/system": BOOTED})
        return units.unit_states(host, [name], logs=False)[name]["ties"]

    def test_hit_a_start_moves_other_services(self) -> None:
        others = "ActiveState=inactive\nType=simple\n\nActiveState=active\nType=simple\n"
        assert self.ties("inactive", others) == {"db.service": "starts", "other.service": "stops"}

    @pytest.mark.parametrize("state", ["active", "inactive"])
    def test_hit_a_start_makes_no_socket_of_systemds(self, state: str) -> None:
        others = "ActiveState=active\nType=simple\n\nActiveState=failed\nType=simple\n"
        triggers = "TriggeredBy=shop.timer shop.socket\n"
        found = self.ties("inactive", others + "\nActiveState=%s\n" % state, triggers)
        assert found == {"shop.socket": "needs"}

    def test_near_miss_they_are_as_a_start_wants_them(self) -> None:
        others = "ActiveState=active\nType=simple\n\nActiveState=failed\nType=simple\n"
        assert self.ties("failed", others) == {}

    def test_decoy_a_oneshot_has_done_its_work(self) -> None:
        others = "ActiveState=inactive\nType=oneshot\n\nActiveState=inactive\nType=simple\n"
        assert self.ties("inactive", others) == {}

    def test_decoy_a_unit_that_runs(self) -> None:
        assert self.ties("active", "") == {}

    def test_hit_a_unit_that_runs_has_its_socket_of_systemd(self) -> None:
        assert self.ties("active", "", "TriggeredBy=shop.socket\n") == {"shop.socket": "needs"}


class TestForgottenSockets:
    """systemd 252 and 257 tell nothing of a socket unit that is stopped."""

    def ties(self, shown: str, **files: str) -> Any:
        name = "shop.service"
        command = "systemctl show --no-pager -p %s -- %s" % (",".join(units.PROPERTIES), name)
        shown = "Id=%s\nLoadState=loaded\nActiveState=active\nTriggeredBy=\n%s" % (name, shown)
        texts = {"/etc/default/shop": files.get("default", "")}
        if "socket" in files:
            texts["/etc/systemd/system/web.socket"] = files["socket"]
        stats = {"/run/systemd/system": BOOTED}
        host = FakeHost(texts, commands={command: (0, shown, "")}, stats=stats)
        return units.unit_states(host, [name], logs=False)[name]["ties"]

    FILE = "EnvironmentFiles=/etc/default/shop (ignore_errors=yes)\n"
    SOCKETS = "FPM_SOCKETS=/run/a.sock=3"

    def test_hit_a_setting_of_the_unit(self) -> None:
        assert self.ties("Environment=" + self.SOCKETS) == {"shop.socket": "needs"}

    def test_hit_a_file_of_the_unit(self) -> None:
        assert self.ties(self.FILE, default="A=1\n%s\n" % self.SOCKETS) == {"shop.socket": "needs"}

    def test_hit_a_unit_of_another_name(self) -> None:
        socket = "[Socket]\nListenStream=/run/a.sock\nService=shop.service\n"
        assert self.ties(self.FILE, default=self.SOCKETS, socket=socket) == {"web.socket": "needs"}

    def test_near_miss_a_comment(self) -> None:
        assert self.ties(self.FILE, default="# %s\n" % self.SOCKETS) == {}

    def test_decoy_other_variables(self) -> None:
        assert self.ties(self.FILE + "Environment=FPM_LOG=/a", default="A=1\n") == {}


class TestJournal:
    def test_it_is_read_further_back_where_refusals_fill_it(self) -> None:
        name = "php8.2-fpm.service"

        def entries(*texts: str) -> str:
            fields = {"__REALTIME_TIMESTAMP": "1000000", "_PID": "1"}
            return "".join(json.dumps(dict(fields, MESSAGE=text)) + "\n" for text in texts)

        refused = [name + ": Start request repeated too quickly."] * 30
        shown = "Id=%s\nLoadState=loaded\nActiveState=failed\nStateChangeTimestampMonotonic=7\n" % name
        command = "systemctl show --no-pager -p %s -- %s" % (",".join(units.PROPERTIES), name)
        few = JOURNAL % {"unit": name}
        commands = {
            command: (0, shown, ""),
            few: (0, entries(*refused), ""),
            few.replace("-n 30", "-n 400"): (0, entries("Starting x...", "the reason", *refused), ""),
        }
        host = FakeHost(commands=commands, stats={"/run/systemd/system": BOOTED})
        log = [line["text"] for line in units.unit_states(host, [name])[name]["log"]]
        assert log[:2] == ["Starting x...", "the reason"] and len(log) == 30

    def test_the_journal_is_missing_only_where_it_cannot_be_read(self) -> None:
        command = JOURNAL % {"unit": "x.service"}
        quiet = FakeHost(commands={command: (0, "", "")})
        assert units.journal(quiet, "x.service") == ([], []) and quiet.missing == []
        barred = FakeHost(commands={command: (0, "", "")}, root=False)
        assert (
            units.journal(barred, "x.service")[0] == []
            and barred.missing[0]["needs"] == "root or the group systemd-journal"
        )
        painted = FakeHost(commands={command: (1, "", "\x1b[0;1;31mNo journal files\x1b[0m\n")})
        assert (
            units.journal(painted, "x.service")[0] == []
            and painted.missing[0]["why"] == "journalctl -u x.service: No journal files"
        )
        absent = FakeHost()
        assert units.journal(absent, "x.service")[0] == [] and "No such file" in absent.missing[0]["why"]
