# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A report from before 0.14.0 shows the words that it showed then."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.reports import report
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.plugin_utils.results import (
    answer,
    evidence,
    finding,
)

BOUND = "ERROR: unable to bind listening socket for address '127.0.0.1:9000': Address already in use (98)"
TRIED = "connecting to unix:/run/x.sock as caddy: Permission denied"


def read(*pieces: dict[str, Any], reason: str = "stopped", **more: Any) -> Any:
    """The finding of such a report."""
    item = finding(reason=reason, evidence=list(pieces), **more)
    del item["facts"], item["sites_left"]
    return report.read(answer("failing", item))["findings"][0]


class TestFacts:
    @pytest.mark.parametrize(
        "pieces, facts",
        [
            ([evidence("file", "/etc/x.conf", "x", line=3)], {"file": "/etc/x.conf", "line": 3}),
            (
                [evidence("php-fpm -t", None, "[pool www] cannot get gid for group 'deploy'")],
                {"account": "deploy"},
            ),
            ([evidence("journal", None, BOUND)], {"address": "127.0.0.1:9000"}),
            ([evidence("probe", None, TRIED)], {"user": "caddy"}),
            ([evidence("pids", None, "12 13")], {"pids": [12, 13]}),
            ([evidence("service", None, "/etc/init.d/x start")], {"start_command": "/etc/init.d/x start"}),
            ([evidence("spare", None, "unix:/b answers in its place")], {"answering": "unix:/b"}),
            ([evidence("file", "/srv/a", "x"), evidence("place", "/srv/b", "x")], {"path": "/srv/b"}),
            (
                [evidence("audit", "/var/log/audit.log", "avc"), evidence("selinux", "/srv/run", "denied")],
                {"path": "/srv/run"},
            ),
        ],
    )
    def test_they_are_taken_out_of_the_evidence(self, pieces: Any, facts: Any) -> None:
        assert read(*pieces)["facts"] == facts

    @pytest.mark.parametrize(
        "piece",
        [
            evidence("fpm_log", None, TRIED),
            evidence("nginx_log", "/var/log/nginx/error.log", "x"),
            evidence("pids", None, "12 13; reboot"),
            evidence("pids", None, " ".join(["12345"] * 84)[:500]),
            evidence("process", None, "12 13"),
        ],
        ids=["words of a log", "a log's own path", "no pids", "pids that are cut", "another source"],
    )
    def test_near_miss_others_are_not(self, piece: Any) -> None:
        assert read(piece)["facts"] == {}

    def test_near_miss_a_new_report_is_not_searched(self) -> None:
        item = finding(evidence=[evidence("pids", None, "12 13")], sites=["a.example", "and 3 more"])
        known = report.read(answer("failing", item))["findings"][0]
        assert known["facts"] == {} and known["sites_left"] == 0
        assert known["sites"] == ["a.example", "and 3 more"]


class TestSites:
    def test_those_that_are_not_named_are_counted(self) -> None:
        known = read(sites=["a.example", "b.example", "and 4980 more"])
        assert (known["sites"], known["sites_left"]) == (["a.example", "b.example"], 4980)

    @pytest.mark.parametrize("sites", [[], ["a.example"], ["and 3 more", "a.example"], ["and more"]])
    def test_near_miss_all_are_named(self, sites: list[str]) -> None:
        known = read(sites=sites)
        assert (known["sites"], known["sites_left"]) == (sites, 0)
