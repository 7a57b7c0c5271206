# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fleets for the report's page: real snapshots, diagnosed again, under names that a fleet may have.

Times are moved to that of the report, so that they are what a reader would see.
"""

import importlib
import json
import re
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.run import env

NOW = 1795702625.0  # 2026-11-26 14:17:05 UTC
SNAPSHOTS = env.CHECKOUT / "tests" / "unit" / "fixtures" / "snapshots"
PACKAGE = "ansible_collections.webmedic.php_fpm.plugins."
# Names of faults: what a fleet of sixteen has, and what is frequent in a large one.
SMALL = (
    *("stopped", "stopped", "stopped", "socket_root", "exhausted_static", "wrong_socket", "worker_oom"),
    *("slow_location", "was_down", "plain", "plain", "plain", "plain", "plain", "old_502s"),
)
FREQUENT = ("stopped", "socket_root", "exhausted_dynamic", "worker_oom")
# How many minutes ago a fault began, beside what its snapshot says.
EARLIER = (0, 2, 2, 2, 3, 5, 9)
PLACES = ("ams", "fra", "lon", "par", "waw")
_STAMP = re.compile(r"\d{4}/\d\d/\d\d \d\d:\d\d:\d\d")

Reply = dict[str, Any]


def plugin(name: str) -> Any:
    """A file of the collection, from the copy of the checkout."""
    root = str(env.tree())
    if root not in sys.path:
        sys.path.insert(0, root)
    return importlib.import_module(PACKAGE + name)


def verdicts() -> dict[str, Reply]:
    """What today's rules say of each saved fault; of a fault of several suites, the newest."""
    examined = plugin("filter.diagnose").examined
    found = {}
    for path in sorted(SNAPSHOTS.glob("*.json")):
        saved = json.loads(path.read_text())
        verdict = examined(saved["snapshot"], 30.0)
        minutes = (NOW - saved["snapshot"]["taken_at"]) // 60
        found[saved["fault"]] = moved(verdict, 60.0 * minutes)
    return found


def moved(value: Any, by: float) -> Any:
    """The same, so many seconds later."""
    if isinstance(value, Mapping):
        return {
            key: item + by
            if key in ("since", "at", "begin") and isinstance(item, float | int)
            else moved(item, by)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [moved(item, by) for item in value]
    return _STAMP.sub(lambda stamp: _later(stamp.group(), by), value) if isinstance(value, str) else value


def _later(stamp: str, by: float) -> str:
    form = "%Y/%m/%d %H:%M:%S"
    then = datetime.strptime(stamp, form).replace(tzinfo=UTC).timestamp() + by
    return datetime.fromtimestamp(then, UTC).strftime(form)


def answers(count: int, known: dict[str, Reply]) -> dict[str, Any]:
    """What the hosts of a fleet return: a sixth of it ill, a few that cannot be reached."""
    ill = [name for name, verdict in known.items() if verdict["status"] in ("failing", "degraded")]
    results: dict[str, Any] = {}
    for number in range(count):
        name = "web-%s-%0*d" % (PLACES[number % 5], 2 if count < 100 else 4, number // 5 + 1)
        turn = number * 7919 % 100  # the same in each run, and spread
        if count <= len(SMALL) + 1:
            fault = (SMALL[number : number + 1] or ("",))[0]
        elif turn < 9:
            fault = FREQUENT[turn % 4]
        elif turn < 14:
            fault = ill[number % len(ill)]
        else:
            fault = {14: "", 15: "old_502s"}.get(turn, "plain")
        results[name] = moved(known[fault], -60.0 * EARLIER[turn % len(EARLIER)]) if fault else lost()
    return results


def lost() -> Reply:
    why = "Task failed: Failed to connect to the host via ssh: connect to host port 22: Connection timed out"
    return {"changed": False, "unreachable": True, "msg": why}


def report(results: Mapping[str, Any], **more: Any) -> Any:
    """The report of them, as the role would make it."""
    run = plugin("plugin_utils.reports.run").run(
        {"ansible_version": {"full": "2.19.4"}, "awx_user_name": "ops"},
        {"args": ("webmedic.php_fpm.diagnose",), "subset": None},
        900,
        False,
        NOW,
    )
    return plugin("plugin_utils.reports.report").build(results, 900, NOW, run={**run, **more})


def main(count: int, path: Path) -> None:
    path.write_text(json.dumps(report(answers(count, verdicts()))))


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
