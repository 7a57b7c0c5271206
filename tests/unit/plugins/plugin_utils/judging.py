# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How the tests have a fleet judged by a gate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.gate import policy_reader
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.gate.looks import Baseline, Looks
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.gate.policy import judge
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.reports import report
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.plugin_utils.results import (
    NOW,
    answer,
    finding,
)

ILL = answer("failing", finding())
BLOG = answer("failing", finding(site="blog.example", sites=["blog.example"], pool="blog"))
BOTH = answer("failing", finding(sites=["shop.example", "blog.example"]))
WAIVER = {"cause": "fpm_not_running", "who": "ops", "why": "it moves", "until": "2999-12-31"}


# The sites and the pools of each host that brings no snapshot of its own.
KNOWN = {
    "nginx": {
        "routes": [{"site": name, "server_names": [name]} for name in ("shop.example", "blog.example")]
    },
    "fpm": {"masters": [{"config": "/x", "pools": [{"name": "shop"}, {"name": "blog"}, {"name": "www"}]}]},
    "workers": [],
    "endpoints": {},
}


def made(results: Any, at: float = NOW, snapshots: bool = True) -> Any:
    known = {
        name: {"snapshot": KNOWN, **result} if "status" in result and snapshots else result
        for name, result in results.items()
    }
    return report.build(known, 900, at, keep_snapshot=True)


def judged(
    results: Any,
    policy: Any = None,
    before: Any = None,
    batch: Sequence[str] | None = None,
    since: float | None = None,
    snapshots: bool = True,
    kept: Mapping[str, Any] | None = None,
    **looks: Any,
) -> Any:
    """since: by default the time of the report before. kept: with that report, by the gate before."""
    baseline = Baseline("x.json", made(before, NOW - 300), **kept or {}) if before is not None else None
    seen = Looks(
        made(results, snapshots=snapshots),
        baseline,
        NOW - 300 if since is None and before is not None else since,
        **looks,
    )
    return judge(seen, policy_reader.read(policy), NOW, list(results) if batch is None else batch)


def decided(gate: Any) -> list[tuple[Any, str, str]]:
    return [(reason["host"], reason["cause"], reason["decision"]) for reason in gate["reasons"]]
