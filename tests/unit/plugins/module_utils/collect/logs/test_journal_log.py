# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""nginx's messages out of journald, where its error log is there."""

from typing import Any, Dict, Optional

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.logs.journal_log import (
    fpm_journal,
    unit_with_log,
)
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.logs.logs import (
    LogsToRead,
    collect_logs,
)
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.collect.hosts.logs import NOW, line
from ansible_collections.webmedic.php_fpm.tests.unit.support import FakeHost

UNIT = "nginx.service"
JOURNALCTL = "journalctl -o cat --no-pager -q --since=@%d -n 20000 _SYSTEMD_UNIT=nginx.service" % (NOW - 900)
SYSLOG = "syslog:server=unix:/dev/log"


class Utc(FakeHost):
    def utc_offset(self, at: float) -> int:
        return 0


def a_host(journal: Any = (0, "", ""), stderr: str = "socket:[4711]") -> FakeHost:
    return Utc(
        commands={JOURNALCTL: journal},
        links={"/dev/log": "/run/systemd/journal/dev-log", "/proc/7/fd/2": stderr},
        now=NOW,
    )


def nginx(target: str, level: str = "error", unit: Optional[str] = UNIT) -> Any:
    silent = [{"target": target, "level": level, "file": "/n", "line": 1}]
    return {"unit": unit, "master": {"pid": 7}, "site_logs": [{"silent": silent}]}


def seen(journal: Any) -> Dict[str, Any]:
    return dict(collect_logs(a_host(journal), LogsToRead([], [], [812], UNIT), NOW - 900, NOW))


class TestWhere:
    @pytest.mark.parametrize("target", ["stderr", SYSLOG])
    def test_hit_its_unit_has_it(self, target: str) -> None:
        assert unit_with_log(a_host(), nginx(target)) == UNIT

    def test_hit_the_unit_of_who_started_nginx_has_it(self) -> None:
        """It is not nginx's own, and its journal has what nginx says."""
        host = a_host()
        host.files["/proc/7/cgroup"] = b"0::/system.slice/jobs.service\n"
        assert unit_with_log(host, nginx("stderr", unit=None)) == "jobs.service"

    def test_near_miss_another_program_has_the_socket(self) -> None:
        host = a_host()
        host.links["/dev/log"] = "/run/rsyslog.sock"
        assert unit_with_log(host, nginx(SYSLOG)) is None

    @pytest.mark.parametrize("stderr", ["/dev/null", "/var/log/nginx/error.log", "pipe:[1]"])
    def test_near_miss_a_master_whose_stderr_goes_elsewhere(self, stderr: str) -> None:
        assert unit_with_log(a_host(stderr=stderr), nginx("stderr")) is None

    @pytest.mark.parametrize(
        "facts", [nginx("stderr", "crit"), nginx("stderr", unit=None), nginx("/dev/null"), {"unit": UNIT}]
    )
    def test_decoy_nothing_to_read_there(self, facts: Any) -> None:
        host = a_host()
        assert unit_with_log(host, facts) is None and host.calls == []


class TestRead:
    def test_hit_losses_are_events_as_in_a_file(self) -> None:
        found = seen((0, line(NOW - 30) + line(NOW - 20) + "PHP message: x\n", ""))
        assert [(event["signature"], event["count"]) for event in found["events"]] == [("ng-reset-header", 2)]
        entry = found["files"][0]
        assert (entry["path"], entry["complete"], entry["to_at"]) == ("journal:nginx.service", True, NOW - 20)

    @pytest.mark.parametrize("head", ["web1.example nginx: ", "nginx: ", "web1 shop_nginx: "])
    def test_hit_by_syslog_with_a_tag_before_them(self, head: str) -> None:
        """As seen in the journal of a real host."""
        assert [event["count"] for event in seen((0, head + line(NOW - 30), ""))["events"]] == [1]

    def test_near_miss_an_empty_journal_is_complete(self) -> None:
        assert seen((0, "", ""))["files"][0]["complete"]

    @pytest.mark.parametrize(
        "journal", [(1, "", "No journal files were found."), (None, "", "journalctl did not end within 3 s")]
    )
    def test_decoy_a_journal_that_cannot_be_read(self, journal: Any) -> None:
        entry = seen(journal)["files"][0]
        assert not entry["complete"] and "journal" in entry["why"]

    def test_forged_lines_are_met_as_in_a_file(self) -> None:
        head = line(NOW - 30).split("recv()")[0]
        text = 'FastCGI sent in stderr: "PHP message: x\n'
        found = seen((0, head + text + line(NOW - 20).replace("812#812", "999#999"), ""))
        assert [event["signature"] for event in found["events"]] == ["ng-stderr"]


class TestFpm:
    """php-fpm's log: error_log = syslog, or the stderr that systemd gave it."""

    CALL = JOURNALCTL.replace("-o cat", "-o short-unix").replace(
        "nginx.service", "php8.2-fpm.service _PID=40"
    )
    FULL = "server reached pm.max_children setting (5), consider raising it"

    def master(self, target: str, **facts: Any) -> Any:
        return dict({"error_log": target, "unit": "php8.2-fpm.service", "pid": 7}, **facts)

    def seen(self, *lines: str, answer: Any = None) -> Any:
        host = a_host()
        host.commands[self.CALL] = answer or (0, "".join(each + "\n" for each in lines), "")
        journals = [("php8.2-fpm.service", 40, "/etc/php-fpm.conf")]
        logs = collect_logs(host, LogsToRead([], [], [], None, journals), NOW - 900, NOW)
        return host, [(event["signature"], event["pool"], event["count"]) for event in logs["events"]]

    def entry(self, ago: float, text: str) -> str:
        return "%.6f web1 php-fpm[40]: %s" % (NOW - ago, text)

    def test_hit_where_it_logs_there(self) -> None:
        for target in ("syslog", "/proc/self/fd/2", "/dev/stderr"):
            assert fpm_journal(a_host(), self.master(target))

    @pytest.mark.parametrize("facts", [{"unit": None}, {"pid": None}, {"error_log": "/var/log/fpm.log"}])
    def test_decoy_where_it_does_not(self, facts: Any) -> None:
        assert not fpm_journal(a_host(), self.master("syslog", **facts))
        assert not fpm_journal(a_host(stderr="pipe:[3]"), self.master("/dev/stderr"))

    @pytest.mark.parametrize("head", ["[WARNING] ", "[02-Apr-2026 14:23:00] WARNING: "])
    def test_hit_messages_are_events_as_in_a_file(self, head: str) -> None:
        _host, found = self.seen(self.entry(30, head + "[pool www] " + self.FULL))
        assert found == [("fpm-max-children-dynamic", "www", 1)]

    def test_decoy_a_line_that_a_requests_path_brought(self) -> None:
        """php_syslog.c begins another message at the line feed in it."""
        opened = "[WARNING] [pool www] child 9, script '/a.php' (request: \"GET /a"
        forged = "[WARNING] [pool www] " + self.FULL
        end = 'b") executing too slow (1.0 sec), logging'
        _host, found = self.seen(*[self.entry(30, text) for text in (opened, forged, end)])
        assert found == [("fpm-slow", "www", 1)]

    def test_near_miss_a_journal_that_cannot_be_read(self) -> None:
        host, found = self.seen(answer=(1, "", "No journal files were found."))
        assert found == [] and [entry["what"] for entry in host.missing] == ["fpm_log"]
