# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table of risks."""

from __future__ import annotations

import json
import time
from typing import Any

from ansible_collections.webmedic.php_fpm.plugins.module_utils.rules.latent.diagnose import diagnose_ahead
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.reports import report
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.terminal import risk_table
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.hosts import a_host
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.latent.parts import (
    foreseen,
    restart,
    well_set_up,
)


def answered(snapshot: Any) -> dict[str, Any]:
    """As a host answers."""
    answer: dict[str, Any] = json.loads(json.dumps({**diagnose_ahead(snapshot), "changed": False}))
    return answer


def with_results(answer: dict[str, Any], *results: str) -> dict[str, Any]:
    """After a prevention, in check mode where something would be done."""
    findings = [
        {**{name: item[name] for name in ("cause", "reason", "site", "endpoint", "pool")}, "result": result}
        for item, result in zip(answer["findings"], results, strict=True)
    ]
    remediation = {
        "check_mode": "would_fix" in results,
        "outcome": "done",
        "why": "",
        "status_before": "healthy",
        "status_after": None if "would_fix" in results else "healthy",
        "diagnosed_at": 1.0,
        "answered_after": None,
        "undone": None,
        "actions": [],
        "findings": [{**each, "before": None, "after": None, "why": ""} for each in findings],
        "still": [],
    }
    return {**answer, "remediation": remediation}


def disabled() -> dict[str, Any]:
    return answered(well_set_up(restart=restart(foreseen("unit_disabled"))))


def rendered(**hosts: Any) -> str:
    made = report.build(hosts, 900, time.time())
    return "\n".join(line for line, _color in risk_table.render(made))


class TestRows:
    def test_a_risk_says_what_it_is_and_what_it_would_be(self) -> None:
        text = rendered(web1=disabled(), web2=disabled())
        assert "2 risks on 2 hosts" in text and "restart_at_risk/unit_not_enabled" in text
        assert "then The machine boots" in text and "act  unit_enable" in text and "web1, web2" in text

    def test_one_that_nobody_named_is_there_to_be_named(self) -> None:
        text = rendered(web1=disabled())
        assert "not named" in text and "- {cause: restart_at_risk, reason: unit_not_enabled}" in text

    def test_one_that_only_a_person_can_end_has_its_fix(self) -> None:
        text = rendered(web1=answered(well_set_up(restart=restart(foreseen("config_refused")))))
        assert "by hand" in text and "do   mend " in text and "prevent_policy" not in text

    def test_what_became_of_it_stands_in_front(self) -> None:
        for result, word in (("would_fix", "would do"), ("fixed", "done"), ("rolled_back", "put back")):
            text = rendered(web1=with_results(disabled(), result))
            assert "  %s" % word in text and "prevent_policy" not in text, word


class TestRest:
    def test_a_fleet_without_risks_says_so(self) -> None:
        assert "no risk was found" in rendered(web1=answered(well_set_up(restart=restart())))

    def test_a_host_that_nobody_saw_is_not_called_free_of_risks(self) -> None:
        gone = {"unreachable": True, "changed": False, "msg": "no route to host"}
        assert "no risk was found; 1 host could not be looked at" in rendered(web1=gone)

    def test_a_host_that_is_ill_is_named(self) -> None:
        text = rendered(web1=disabled(), web2=answered(a_host("stopped")))
        assert "what is wrong now comes first" in text and "fpm_not_running" not in text

    def test_no_line_is_wider_than_the_page(self) -> None:
        made = report.build({"a-host-with-a-long-name-%02d" % n: disabled() for n in range(30)}, 900, 1.0)
        assert all(len(line) <= 100 for line, _color in risk_table.render(made))
