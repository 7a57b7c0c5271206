# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Snapshots from before 0.13.0, whose events have their parts in their samples alone. Before 0.14.0 the lines
of a journal begin with who wrote them, and why php-fpm refuses its files stands in its words alone.
"""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.webmedic.php_fpm.plugins.filter.diagnose import examined
from ansible_collections.webmedic.php_fpm.plugins.module_utils.rules.diagnose import diagnose
from ansible_collections.webmedic.php_fpm.plugins.module_utils.rules.master.whereabouts import shown
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.answers.snapshot import read
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.answers.untrusted import Mismatch
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules import hosts

NEW = {"zone", "location", "target", "path", "cached", "uri", "allowed", "read_only", "script", "address"}
EARLIER = {
    "ng-stderr-fatal-before": "ng-stderr-fatal",
    "ng-stderr-primary-gone": "ng-stderr-primary-open",
    "access-502-unasked": "access-502-meant",
}
FAULTS = [
    ("limited_connections", "bookworm"),
    ("user_ini_of_before", "bookworm"),
    ("bind_elsewhere", "bullseye"),
    ("report_redirect_cycle", "bullseye"),
    ("password_file_mended", "bullseye"),
    ("cache_denied", "el"),
    ("closed_and_asked_for_more", "el"),
    ("report_nginx_crashes", "el"),
]


def older(fault: str, suite: str) -> Any:
    """As a version before wrote it."""
    host = hosts.a_host(fault, suite)
    for event in host["logs"]["events"] + host["access"]["events"]:
        event["signature"] = EARLIER.get(event["signature"], event["signature"])
        gone = NEW | ({"signal"} if event["source"] == "nginx" else set())
        if event["source"] != "fpm":
            event["detail"] = {name: value for name, value in event["detail"].items() if name not in gone}
    return host


@pytest.mark.parametrize("fault, suite", FAULTS)
class TestOlder:
    def test_it_is_judged_as_it_was(self, fault: str, suite: str) -> None:
        assert older(fault, suite) != hosts.a_host(fault, suite)
        assert read(older(fault, suite)) == hosts.a_host(fault, suite)

    def test_rules_alone_answer_less_and_raise_nothing(self, fault: str, suite: str) -> None:
        known = diagnose(hosts.a_host(fault, suite))
        answer = diagnose(older(fault, suite))
        assert not [item for item in answer["missing"] if item["what"] == "rule_failed"]
        assert {item["cause"] for item in answer["findings"]} <= {item["cause"] for item in known["findings"]}


class TestAccess:
    def test_nginx_alone_answered(self) -> None:
        host = hosts.a_host().silent_logs().logging("error")
        host.answered("access-502-meant", *map(float, range(60, 72)))
        host["access"]["events"][0]["sample"].update(path="/a.log", text='502 to "GET /", upstream -')
        assert examined(host, 20.0)["missing"]
        host["access"]["events"][0]["sample"]["text"] = '502 to "GET /", upstream unix:/s: 502'
        assert not examined(host, 20.0)["missing"]


def heads_in_texts(fault: str, suite: str, fpm: str = "php-fpm") -> Any:
    """As a version before 0.14.0 wrote the journal; with the file of php-fpm as the first ones did."""
    host = hosts.a_host(fault, suite)
    unit = hosts.unit(host)
    later = {"by", "pid"} if fpm == "php-fpm" else {"by", "pid", "meaning", "places"}
    for line in [*unit["log"], *unit.get("said", [])]:
        line["text"] = shown(line).replace("php-fpm[", fpm + "[", 1)
        for name in later.intersection(line):
            del line[name]
    return host


@pytest.mark.parametrize("fault", ["pool_syntax", "start_command_fails", "restart_storm"])
class TestJournal:
    @pytest.mark.parametrize("fpm", ["php-fpm", "php-fpm8.2"])
    def test_its_lines_are_cut_as_the_parser_cuts_them(self, fault: str, fpm: str) -> None:
        host, older_host = hosts.a_host(fault, "el"), heads_in_texts(fault, "el", fpm)
        assert older_host != host and read(older_host) == host

    def test_rules_alone_raise_nothing(self, fault: str) -> None:
        answer = diagnose(heads_in_texts(fault, "el"))
        assert not [item for item in answer["missing"] if item["what"] == "rule_failed"]

    @pytest.mark.parametrize("text", ["no head", "x" * 50 + "[1]: y", "systemd[x]: z"])
    def test_decoy_a_line_without_a_head_stays(self, fault: str, text: str) -> None:
        host = hosts.a_host(fault, "el").with_unit(log=[{"at": 1.0, "text": text}])
        assert hosts.unit(read(host))["log"] == [{"at": 1.0, "text": text}]

    @pytest.mark.parametrize("log", [[{"at": 1.0}], [{"text": "x"}], {}, ["x"]])
    def test_a_log_that_is_none_is_refused(self, fault: str, log: Any) -> None:
        with pytest.raises(Mismatch):
            read(hosts.a_host(fault, "el").with_unit(log=log))


class TestPhpErrors:
    def test_what_php_could_not_have_is_read_in_its_words(self) -> None:
        host = hosts.a_host("password_file_mended", "bullseye")
        error = {
            "pool": "www",
            "config": "/c",
            "path": "/p",
            "text": "PHP Fatal error:  Unable to fork [x] in /a",
        }
        host["access"]["php_errors"] = [error]
        assert read(host)["access"]["php_errors"] == [{**error, "lacks": ["process"]}]


class TestOwnTest:
    def test_why_php_fpm_refuses_is_read_in_its_words(self) -> None:
        host = hosts.a_host("pool_syntax", "el")
        older_host = hosts.a_host("pool_syntax", "el")
        assert hosts.master(older_host)["test"].pop("failure")["file"]
        assert read(older_host) == host

    def test_why_a_start_failed_is_read_in_the_journal(self) -> None:
        host, older_host = hosts.a_host("port_taken", "el"), hosts.a_host("port_taken", "el")
        assert [line.pop("failure") for line in hosts.unit(older_host)["log"] if "failure" in line]
        assert read(older_host) == host

    def test_why_a_start_failed_is_read_in_php_fpms_own_log(self) -> None:
        text = "[26-Nov-2026 02:46:49] ERROR: unable to bind listening socket for address '/a/b': No (2)"
        line = {"path": "/var/log/fpm.log", "at": 1.0, "text": text}
        host, older_host = [
            hosts.a_host("stopped").fpm_said("fpm-bind-enoent", 9.0, sample=line) for _each in "12"
        ]
        (event,) = [event for event in older_host["logs"]["events"] if "failure" in event["detail"]]
        assert event["detail"].pop("failure")["meaning"] == "directory_missing"
        assert read(older_host) == read(host)
        assert read(host) == host

    @pytest.mark.parametrize("output", [{}, [1], "x"])
    def test_what_is_no_output_is_refused(self, output: Any) -> None:
        with pytest.raises(Mismatch):
            read(hosts.a_host("pool_syntax", "el").with_master(test={"output": output}))
