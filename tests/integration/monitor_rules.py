# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Alerts and dashboard, judged by Debian's promtool."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tests.run import env
from tests.run.checks import Check
from tests.run.prometheus import program

FILES = env.CHECKOUT / "roles" / "monitor" / "files"
RULES = FILES / "webmedic.rules.yml"
DASHBOARD = FILES / "webmedic-dashboard.json"
STORIES = env.CHECKOUT / "tests" / "integration" / "monitor" / "rules_test.yml"
# A variable of the dashboard stands in a string: any text is one.
GROUP = {"name": "dashboard", "rules": []}


def promtool(*words: object, text: str | None = None) -> str | None:
    """What is wrong."""
    done = subprocess.run(
        [str(program("promtool")), *map(str, words)],
        input=text,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.stdout[-3000:] if done.returncode else None


def checks(work: Path) -> Iterator[Check]:
    work.mkdir(parents=True, exist_ok=True)
    for file in (RULES, STORIES):
        shutil.copy(file, work)
    yield Check("alerts", "promtool check rules", promtool("check", "rules", "--lint-fatal", RULES))
    yield Check("alerts", "promtool test rules", promtool("test", "rules", work / STORIES.name))
    panels = json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"]
    queries = [target["expr"] for panel in panels for target in panel["targets"]]
    rules = [{"record": "panel:%d" % number, "expr": query} for number, query in enumerate(queries)]
    written = work / "dashboard.rules.json"  # JSON is YAML
    written.write_text(json.dumps({"groups": [{**GROUP, "rules": rules}]}), encoding="utf-8")
    wrong = promtool("check", "rules", written)
    yield Check("dashboard", "promtool understands each of %d queries" % len(queries), wrong)
