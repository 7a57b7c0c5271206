# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The tables in README.md, made anew by real runs on hosts of the lab:

``PYTHONPATH=$(python3 -m tests.run.env tree) python3 -m tests.run.readme_tables [HOSTS_AT_ONCE]``

The hosts are started, broken, diagnosed and mended, some at a time. Their reports become one, of which the
tables are rendered as a run over all of them would.
"""

import os
import re
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import Any

from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.reports.report import summarise
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.terminal import table

from tests.integration import mended
from tests.run import env, hosts, package

FLEET = "readme"
README = env.CHECKOUT / "README.md"
FOOTER = "Report: /home/ops/webmedic-report/report.json"
# As the lab selects them, and as it names them.
DIAGNOSED = (
    ("bookworm:stopped", "bookworm-stopped"),
    ("trixie:socket_root", "trixie-socket-root"),
    ("bookworm:wrong_socket", "bookworm-wrong-socket"),
    ("el:exhausted_dynamic", "el-exhausted-dynamic"),
    ("trixie:worker_oom", "trixie-worker-oom"),
    ("el:was_down", "el-was-down"),
    ("bullseye:old_502s", "bullseye-old-502s"),
    ("trixie:plain", "trixie-plain"),
)
MENDED = tuple(name for _selected, name in DIAGNOSED if name not in ("el-was-down", "bullseye-old-502s"))
# What each run's report becomes in README.
RUNS = {"table": tuple(name for _selected, name in DIAGNOSED), "would": MENDED, "mended": MENDED}


def run(home: Path, collections: Path, selected: list[str], kept: Path) -> dict[str, dict[str, Any]]:
    """The reports of three runs over these hosts, by their place in README."""
    hosts.lab("fleet", FLEET, "--hosts", ",".join(selected), quiet=True)
    inventory = hosts.inventory(FLEET)
    hosts.diagnose(home, collections, inventory, kept / "table")
    mended.remediate(home, collections, inventory, kept / "would", "--check", "--diff")
    mended.remediate(home, collections, inventory, kept / "mended", *mended.TOGETHER)
    return {name: hosts.load_report(kept / name) for name in RUNS}


def joined(reports: list[dict[str, Any]], names: tuple[str, ...]) -> dict[str, Any]:
    """One report of the hosts of several, as late as the last of them."""
    entries = {name: entry for report in reports for name, entry in report["hosts"].items()}
    chosen = {name: entries[name] for name in names}
    return {**reports[-1], "hosts": chosen, "summary": summarise(chosen)}


def rendered(report: dict[str, Any], footer: str) -> str:
    made = datetime.strptime(report["generated_at"] + "+0000", "%Y-%m-%dT%H:%M:%SZ%z").timestamp()
    lines = [line.rstrip() for line, _color in table.render(report, made, footer)]  # type: ignore[arg-type]
    return "\n".join(lines).strip("\n")


def put(text: str, place: str, shown: str) -> str:
    """README with the last plain block of a place replaced."""
    found = re.search(r"<!-- %s:start -->\n.*?<!-- %s:end -->" % (place, place), text, re.S)
    assert found, place
    before, _fence, _old = found.group().rpartition("```\n<!--")[0].rpartition("```\n")
    new = "%s```\n%s\n```\n<!-- %s:end -->" % (before, shown, place)
    return text.replace(found.group(), new)


def main(at_once: int) -> None:
    os.environ["TZ"] = "UTC"
    time.tzset()
    home, kept = Path(sys.prefix), env.WORK / "readme"
    collections = package.install(home)
    made: list[dict[str, dict[str, Any]]] = []
    for start in range(0, len(DIAGNOSED), at_once):
        chosen = [selected for selected, _name in DIAGNOSED[start : start + at_once]]
        print("== %s" % ", ".join(chosen), flush=True)
        hosts.lab("down", FLEET, quiet=True, check=False)
        try:
            made.append(run(home, collections, chosen, kept))
        finally:
            hosts.lab("down", FLEET, quiet=True, check=False)
    text = README.read_text(encoding="utf-8")
    for place, names in RUNS.items():
        report = joined([each[place] for each in made], names)
        shown = rendered(report, FOOTER if place == "table" else "")
        # What would be done is shown alone: the causes are those of the first table.
        text = put(text, place, shown.partition("\n\n  HOSTS ")[0] if place == "would" else shown)
    README.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    os.umask(0o022)
    main(int(sys.argv[1]) if len(sys.argv) > 1 else len(DIAGNOSED))
