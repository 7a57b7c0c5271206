# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever a host answers, the fleet gets a report that its schema allows, and a table. Whatever a saved
snapshot holds gives a verdict or one clear error.
"""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.webmedic.php_fpm.plugins.filter import diagnose as saved
from ansible_collections.webmedic.php_fpm.plugins.module_utils.rules.diagnose import diagnose
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.answers import bounds
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.reports import report
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.terminal import table
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils import fuzz
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules import hosts
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.plugin_utils.remediations import remedied
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.plugin_utils.results import NOW, answer, schema

jsonschema = pytest.importorskip("jsonschema")
VALIDATOR = jsonschema.Draft202012Validator(schema())
ARTIFACT = jsonschema.Draft202012Validator(schema("artifact"))


def replies() -> list[dict[str, Any]]:
    """What the module returned of real hosts."""
    faults = ("stopped", "socket_0600", "exhausted_static", "segfault", "was_down", "plain")
    return [{**diagnose(hosts.seen(fault)), "changed": False, "window": 900} for fault in faults] + [
        {**remedied(), "snapshot": hosts.seen("plain")}
    ]


def fleet(reply: dict[str, Any]) -> None:
    """One hostile host beside a good one."""
    made = report.build({"hostile": reply, "good": answer()}, 900, NOW, keep_snapshot=True)
    VALIDATOR.validate(json.loads(json.dumps(made, allow_nan=False)))
    published = json.dumps(report.artifact(made), allow_nan=False)
    ARTIFACT.validate(json.loads(published))
    assert len(published) < 64 * 1024 and not any(mark in published for mark in ("{{", "{%", "{#"))
    assert set(made["hosts"]) == {"hostile", "good"}
    printed = "\n".join(line for line, _colour in table.render(made, NOW))
    assert not set(printed) & set("\x1b\u202e\r\0")


def from_a_person(snapshot: Any) -> None:
    try:
        verdict = saved.diagnose(snapshot)
    except AnsibleFilterError as error:
        assert len(str(error)) < 2000
        return
    assert verdict["status"] in bounds.ANSWERS


@pytest.mark.long
class TestBroken:
    """Replies and snapshots, broken at random."""

    def test_no_reply_costs_the_fleet_its_report(self) -> None:
        samples = replies()
        for seed in fuzz.seeds():
            source = random.Random(seed)
            fuzz.guarded(fleet, fuzz.broken(source, source.choice(samples)), seed)

    def test_a_snapshot_gives_a_verdict_or_one_kind_of_error(self) -> None:
        samples = [hosts.fixture(path)["snapshot"] for path in hosts.FILES[::10]]
        for seed in fuzz.seeds():
            source = random.Random(seed)
            fuzz.guarded(from_a_person, fuzz.broken(source, source.choice(samples)), seed)
