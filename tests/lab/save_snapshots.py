# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keep what was seen of a lab fleet as fixtures of the rules' tests.

    ansible-playbook -i INVENTORY webmedic.php_fpm.diagnose -e diagnose_snapshot=true
    python3 -m tests.lab.save_snapshots INVENTORY webmedic-report/report.json tests/unit/fixtures/snapshots

One file a host, named by platform, versions and fault, with the fault's own expectation beside the snapshot.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import yaml


def hosts(inventory: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Host variables by host name, from all groups of a YAML inventory."""
    return {
        name: facts
        for group in inventory["all"]["children"].values()
        for name, facts in group["hosts"].items()
    }


def file_name(facts: dict[str, Any], snapshot: dict[str, Any]) -> str:
    php = next((master["version"] for master in snapshot["fpm"]["masters"] if master["version"]), "x")
    return "%s-nginx%s-php%s-%s.json" % (
        facts["lab_suite"],
        snapshot["nginx"]["version"],
        php,
        facts["lab_fault"],
    )


def main(inventory: Path, report: Path, target: Path) -> int:
    known = hosts(yaml.safe_load(inventory.read_text(encoding="utf-8")))
    target.mkdir(parents=True, exist_ok=True)
    for name, entry in json.loads(report.read_text(encoding="utf-8"))["hosts"].items():
        facts, snapshot = known[name], entry.get("snapshot")
        if snapshot is None:
            print(
                "%s: the report holds no snapshot of it (diagnose_snapshot=true keeps them)" % name,
                file=sys.stderr,
            )
            return 1
        fixture = {
            "suite": facts["lab_suite"],
            "fault": facts["lab_fault"],
            "expected": facts["lab_expected"],
            "snapshot": snapshot,
        }
        (target / file_name(facts, snapshot)).write_text(
            json.dumps(fixture, sort_keys=True, separators=(",", ":")) + "\n", encoding="utf-8"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main(*(Path(argument) for argument in sys.argv[1:4])))
