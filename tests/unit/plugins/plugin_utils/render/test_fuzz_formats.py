# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever a host answers, every format of the report is made, and is what it says it is."""

from __future__ import annotations

import json
import random
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.rules.diagnose import diagnose
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.render import (
    html,
    junit,
    markdown,
    metrics,
    sarif,
)
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils import fuzz
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules import hosts
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.plugin_utils.remediations import remedied
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.plugin_utils.render.forms import (
    SARIF,
    junit_problems,
)
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.plugin_utils.render.parsed import (
    HOSTILE,
    Page,
    hostile,
    made,
)
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.plugin_utils.results import answer

jsonschema = pytest.importorskip("jsonschema")
VALIDATOR = jsonschema.Draft202012Validator(SARIF)


def samples() -> list[dict[str, Any]]:
    faults = ("stopped", "exhausted_static", "segfault", "was_down", "plain")
    whole = [{**diagnose(hosts.seen(fault)), "changed": False, "window": 900} for fault in faults]
    return [*whole, remedied(), remedied("rolled_back"), *hostile(HOSTILE[1]).values()]


def formats(entry: dict[str, Any]) -> None:
    """One hostile host beside a good one."""
    report = made({"hostile": entry, "good": answer()})
    page = Page(html.render(report))
    assert not page.wrong and not page.open and len(page.all("script")) == 1
    assert len(markdown.render(report).encode()) <= markdown.LIMIT
    assert not junit_problems(ET.fromstring(junit.render(report)))
    VALIDATOR.validate(json.loads(sarif.render(report)))
    assert all(line.startswith(("#", "webmedic_")) for line in metrics.render(report).splitlines())


class TestBroken:
    """Replies, broken at random."""

    def test_no_reply_costs_a_format(self) -> None:
        known = samples()
        for seed in fuzz.seeds():
            source = random.Random(seed)
            fuzz.guarded(formats, fuzz.broken(source, source.choice(known)), seed)
