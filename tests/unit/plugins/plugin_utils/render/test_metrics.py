# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report as metrics."""

from __future__ import annotations

import pytest
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.render import metrics
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.plugin_utils.render.parsed import (
    HOSTILE,
    hostile,
    made,
)
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.plugin_utils.results import (
    answer,
    finding,
    unreachable,
)


class TestRender:
    def test_status_of_each_host_and_risks_by_cause(self) -> None:
        risks = [finding("restart_at_risk", reason, state="latent") for reason in ("a", "b")]
        text = metrics.render(
            made({"a": answer("failing", finding()), "b": unreachable(), "c": answer("healthy", *risks)})
        )
        assert [line for line in text.splitlines() if not line.startswith("#")] == [
            'webmedic_last_diagnosis_status{host="a",status="failing"} 1',
            'webmedic_last_diagnosis_status{host="b",status="unreachable"} 1',
            'webmedic_last_diagnosis_status{host="c",status="healthy"} 1',
            "webmedic_last_diagnosis_timestamp_seconds{} 1775139797",
            'webmedic_latent_risks{cause="restart_at_risk",host="c"} 2',
        ]

    @pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
    def test_what_a_host_says_breaks_no_line(self, text: str) -> None:
        for line in metrics.render(made(hostile(text))).splitlines():
            assert line.startswith(("# HELP webmedic_", "# TYPE webmedic_", "webmedic_"))
