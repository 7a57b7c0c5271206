# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A reply stays small without changing what it says."""

import copy
import json
from typing import Any, Dict

from ansible_collections.webmedic.php_fpm.plugins.module_utils.exchange.reply import (
    IN_FULL,
    LIMIT,
    fit,
    sendable,
)
from ansible_collections.webmedic.php_fpm.plugins.module_utils.rules.findings import finding
from ansible_collections.webmedic.php_fpm.plugins.module_utils.rules.model import Cause, Reason, evidence


def reply(findings: int, sites: int = 1) -> Dict[str, Any]:
    servers = [
        {"name": "site-%d.example" % each, "listen": "80", "file": "/etc/nginx/x", "line": each}
        for each in range(sites)
    ]
    entries = [
        finding(
            Cause("socket_permission_denied", ()),
            "socket_mode",
            Reason("May not connect.", [evidence("file", "x" * 400)] * 4, servers=servers),
            "unix:/run/php/%d.sock" % number,
        )
        for number in range(findings)
    ]
    return {
        "status": "failing",
        "findings": entries,
        "plan": [
            {"id": "socket_access_set", "target": "unit", "findings": [number]} for number in range(findings)
        ],
        "missing": [],
    }


class TestFit:
    def test_near_miss_small_reply_is_left_as_it_is(self) -> None:
        small = reply(3)
        assert fit(copy.deepcopy(small)) == small

    def test_hundreds_of_findings_fit_with_the_number_left_out(self) -> None:
        result = fit(reply(400))
        assert len(json.dumps(result)) <= LIMIT
        left_out = [entry["why"] for entry in result["missing"] if entry["what"] == "findings"]
        assert left_out and len(result["findings"]) >= IN_FULL
        assert result["status"] == "failing"

    def test_plan_names_no_finding_that_was_left_out(self) -> None:
        whole = reply(400)
        for action in whole["plan"][:3]:
            action["findings"] = [0, 399]
        result = fit(whole)
        numbers = [number for action in result["plan"] for number in action["findings"]]
        assert max(numbers) == len(result["findings"]) - 1
        assert [action["findings"] for action in result["plan"][:4]] == [[0], [0], [0], [3]]

    def test_first_findings_keep_all_their_evidence(self) -> None:
        result = fit(reply(40))
        assert [len(item["evidence"]) for item in result["findings"][:IN_FULL]] == [4] * IN_FULL
        assert len(json.dumps(result)) <= LIMIT

    def test_thousands_of_sites_are_some_with_the_number_of_others(self) -> None:
        result = fit(reply(2, sites=5000))
        assert len(result["findings"][0]["sites"]) == 20 and result["findings"][0]["sites_left"] == 4980
        assert len(json.dumps(result)) <= LIMIT


class TestSendable:
    def test_no_secret_no_directive_of_the_command_line(self) -> None:
        snapshot = {
            "nginx": {
                "options": {"g": "env KEY=hunter2;", "c": "/etc/nginx/nginx.conf"},
                "routes": [{"pass": "http://u:hunter2@h"}],
            },
            "missing": [],
        }
        shown = sendable(snapshot)
        assert shown["nginx"] == {
            "options": {"g": "[redacted]", "c": "/etc/nginx/nginx.conf"},
            "routes": [{"pass": "http://[redacted]@h"}],
        }
        assert snapshot["nginx"]["options"]["g"] == "env KEY=hunter2;"
        assert sendable({"routes": []}) == {"routes": []}
