# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Error logs that hide lost requests are named, and the access log is asked instead."""

from typing import Any, Dict, List, Tuple

import pytest
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules import hosts
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.hosts import Host, a_host

HIDING = [
    ("crit", "/var/log/nginx/error.log", "level crit hides"),
    ("emerg", "/var/log/nginx/error.log", "level emerg hides"),
    ("error", "/dev/null", "thrown away"),
    ("error", "syslog:server=10.0.0.1", "go to syslog"),
    ("error", "stderr", "go to stderr"),
    ("error", "memory:32m", "go to memory"),
]


def missing(host: Host) -> List[Tuple[str, Any]]:
    return [(entry["what"], entry["path"]) for entry in hosts.verdict(host)["missing"]]


class TestNamed:
    @pytest.mark.parametrize("level, target, words", HIDING)
    def test_hit_with_the_access_log_a_host_may_be_healthy(self, level: str, target: str, words: str) -> None:
        host = a_host().silent_logs().logging(level, target)
        assert hosts.found(host) == hosts.HEALTHY
        entry = hosts.verdict(host)["missing"][0]
        assert (entry["what"], entry["path"]) == ("nginx_error_log", target)
        assert words in entry["why"] and "/etc/nginx/nginx.conf:3" in entry["why"]
        assert "error_log" in entry["needs"]

    @pytest.mark.parametrize("level, target, words", HIDING)
    @pytest.mark.parametrize(
        "facts, why",
        [
            ({"unlogged": ["off"]}, "access_log is off"),
            ({"unlogged": ["error_page"]}, "another status"),
            ({"why": "Permission denied"}, "/a.log: Permission denied"),
        ],
    )
    def test_hit_without_it_nothing_is_known(
        self, level: str, target: str, words: str, facts: Dict[str, Any], why: str
    ) -> None:
        host = a_host().silent_logs().logging(level, target, **facts)
        assert hosts.found(host) == hosts.UNKNOWN
        entry = hosts.verdict(host)["missing"][0]
        assert entry["what"] == "nginx_log" and words in entry["why"] and why in entry["why"]

    @pytest.mark.parametrize("fact", ["filtered", "late", "gzip"])
    def test_near_miss_an_access_log_without_all_lines(self, fact: str) -> None:
        host = a_host().silent_logs().logging()
        for site in host["nginx"]["site_logs"]:
            site["access"] = [dict(site["access"][0], **{fact: True})]
        assert hosts.found(host) == hosts.UNKNOWN

    def test_near_miss_an_access_log_whose_place_is_not_known(self) -> None:
        for paths in ([], ["syslog:server=unix:/dev/log"]):
            host = a_host().silent_logs().logging()
            for site in host["nginx"]["site_logs"]:
                site["access"] = [dict(site["access"][0], paths=paths)]
            assert hosts.found(host) == hosts.UNKNOWN

    def test_sites_with_one_log_are_one_entry(self) -> None:
        host = a_host("one_vhost_wrong").silent_logs().logging()
        assert missing(host).count(("nginx_error_log", "/var/log/nginx/error.log")) == 1

    @pytest.mark.parametrize("level", ["error", "warn"])
    def test_decoy_a_log_that_speaks(self, level: str) -> None:
        assert missing(a_host().logging(level)) == []

    def test_decoy_a_snapshot_that_was_not_asked(self) -> None:
        assert missing(a_host()) == []


class TestQuietMaster:
    @pytest.mark.parametrize("level", ["error", "alert"])
    def test_hit_a_level_that_hides_what_becomes_of_workers(self, level: str) -> None:
        host = a_host().with_master(log_level=level)
        assert missing(host) == [("fpm_log", hosts.master(host)["config"])]
        assert hosts.found(host) == hosts.HEALTHY

    def test_near_miss_a_master_that_does_not_run(self) -> None:
        assert missing(a_host("stopped").with_master(log_level="error")) == missing(a_host("stopped"))

    @pytest.mark.parametrize("level", ["warning", "notice", "debug"])
    def test_decoy_a_level_that_does_not(self, level: str) -> None:
        assert missing(a_host().with_master(log_level=level)) == []


class TestJournal:
    def read(self, complete: bool, target: str = "stderr") -> Host:
        host = a_host().logging("error", target, unlogged=["off"])
        entry = dict(host["logs"]["files"][0], path="journal:nginx.service", complete=complete)
        host["logs"]["files"].append(entry)
        return host

    @pytest.mark.parametrize("target", ["stderr", "syslog:server=unix:/dev/log"])
    def test_hit_what_was_read_there_is_not_missing(self, target: str) -> None:
        assert (
            missing(self.read(True, target)) == [] and hosts.found(self.read(True, target)) == hosts.HEALTHY
        )

    def test_near_miss_a_journal_that_was_not_read(self) -> None:
        assert hosts.found(self.read(False)) == hosts.UNKNOWN

    def test_decoy_another_log_than_the_journals(self) -> None:
        assert hosts.found(self.read(True, "/dev/null")) == hosts.UNKNOWN
