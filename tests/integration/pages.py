# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report's page in a real browser: what it shows, keys, links, dark, paper, without JavaScript, and that
nothing leaves it.

``python3 -m tests.integration.pages`` prints a line for each check. With ``--image`` it makes the picture in
README instead, and with ``--look DIRECTORY`` pictures of everything.
"""

import json
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.integration import hostile_hosts, page_fleet
from tests.run import env, node
from tests.run.checks import Check, print_checks

PLACE = env.WORK / "pages"
IMAGE = env.CHECKOUT / "docs" / "images" / "report.png"
MOST_OF_IMAGE = 300_000
LARGE = 2000
# What a remediation returns of a pool that was made larger.
FILE = "/etc/php/8.4/fpm/pool.d/www.conf"
DONE = {
    "check_mode": False,
    "outcome": "done",
    "why": "",
    "status_before": "failing",
    "status_after": "recovered",
    "diagnosed_at": page_fleet.NOW,
    "answered_after": 3.0,
    "undone": None,
    "still": [],
}
TAKEN = {
    "result": "done",
    "why": "",
    "files": [FILE],
    "commands": ["systemctl restart php8.4-fpm"],
    "backup": "/var/lib/webmedic-php-fpm/backups/x",
    "cut": 2,
    "seconds": 3.2,
    "running": 2,
}
FIXED = {
    "result": "fixed",
    "why": "",
    "before": {"probe": "no_answer", "http": 504, "queue": 9},
    "after": {"probe": "answered", "http": 200, "queue": 0},
}
DIFFERENCE = {
    "before_header": FILE,
    "after_header": FILE,
    "prepared": "--- before: %s\n+++ after: %s\n@@ -4,2 +4,2 @@\n" % (FILE, FILE)
    + " [www]\n-pm.max_children = 2\n+pm.max_children = 16\n",
}


def written(name: str, report: Any, changes: Any = None) -> Path:
    """The page of a report."""
    PLACE.mkdir(parents=True, exist_ok=True)
    path = PLACE / (name + ".html")
    path.write_text(page_fleet.plugin("plugin_utils.render.html").render(report, changes), encoding="utf-8")
    return path


def mended() -> Any:
    """The report after a remediation, with its differences."""
    known = page_fleet.verdicts()
    verdict = known["exhausted_static"]
    finding = verdict["findings"][0]
    result = {key: finding[key] for key in ("cause", "reason", "site", "endpoint", "pool")}
    remediation = {
        **DONE,
        "actions": [{**verdict["plan"][0], **TAKEN}],
        "findings": [{**result, **FIXED}],
    }
    after = {**verdict, "status": "recovered", "remediation": remediation, "diff": [DIFFERENCE]}
    return page_fleet.report({"web1": after, "web2": known["plain"]})


def gated(report: Any) -> Any:
    """The same, judged before a deploy."""
    looks = page_fleet.plugin("plugin_utils.gate.looks").Looks(report)
    policy = page_fleet.plugin("plugin_utils.gate.policy_reader").read({})
    judge = page_fleet.plugin("plugin_utils.gate.policy").judge
    return {**report, "gate": judge(looks, policy, page_fleet.NOW, list(report["hosts"]), "before")}


def earlier(report: Any, known: dict[str, Any]) -> Any:
    """What is different from a report that is a day older."""
    hosts = list(report["hosts"])
    before = {name: known["plain" if number < 4 else "stopped"] for number, name in enumerate(hosts[:12])}
    compare = page_fleet.plugin("plugin_utils.reports.compare")
    return compare.changes({**page_fleet.report(before), "generated_at": "2026-11-25T14:17:05Z"}, report)


def pages() -> dict[str, Path]:
    known = page_fleet.verdicts()
    small = page_fleet.report(page_fleet.answers(16, known))
    hostile = {name: json.loads(text) for name, text in spoken().items()}
    return {
        "small": written("small", small),
        "large": written("large", page_fleet.report(page_fleet.answers(LARGE, known))),
        "mended": written("mended", mended()),
        "gated": written("gated", gated(small)),
        "changed": written("changed", small, earlier(small, known)),
        "hostile": written("hostile", page_fleet.report({**hostile, "plain": known["stopped"]})),
    }


def spoken() -> dict[str, str]:
    """What hosts say that would like to be more than text."""
    texts = (
        "</script><script>window.obeyed = 1</script>",
        '"><img src="http://127.0.0.1:9/x" onerror="window.obeyed = 1">',
        "<svg onload='window.obeyed = 1'><style>@import 'http://127.0.0.1:9/y'</style>",
    )
    found = {}
    for number, text in enumerate(texts):
        finding = {**hostile_hosts.finding(), "site": text, "pool": text, "unit": text, "summary": text}
        finding["evidence"] = [{"source": text, "path": "/" + text, "text": text}]
        found["host%d%s" % (number, text)] = json.dumps(
            {"status": "failing", "findings": [finding], "missing": [], "plan": []}
        )
    return found


def prove() -> Iterator[Check]:
    os.environ["TZ"] = "UTC"
    time.tzset()
    made = pages()
    done = node.browse("look.js", *("%s=%s" % item for item in made.items()))
    yield from (Check(**json.loads(line)) for line in done.stdout.splitlines() if line.startswith("{"))
    wrong = "rc %d: %s" % (done.returncode, done.stderr[-1500:]) if done.returncode else None
    yield Check("browser", "it looked at everything", wrong)
    size = IMAGE.stat().st_size if IMAGE.exists() else 0
    fine = 10_000 < size < MOST_OF_IMAGE
    yield Check("README", "it has a picture of the page", None if fine else "%s has %d bytes" % (IMAGE, size))


def measured() -> list[list[str]]:
    """A row for each size: hosts, bytes, seconds of CPU to make it, milliseconds to open and to filter it."""
    known = page_fleet.verdicts()
    rows = []
    for size in (16, 1000, LARGE):
        report = page_fleet.report(page_fleet.answers(size, known))
        began = time.process_time()
        page = written("bench-%d" % size, report)
        cpu = time.process_time() - began
        done = node.browse("measure.js", page)
        if done.returncode:
            sys.exit(done.stderr)
        took = json.loads(done.stdout)
        rows.append(
            [
                str(size),
                "%.2f MB" % (page.stat().st_size / 1e6),
                "%.2f s" % cpu,
                "%d ms" % took["opened"],
                "%d ms" % took["filtered"],
                str(took["elements"]),
            ]
        )
    return rows


def pictures(target: Path, page: Path, *kinds: str) -> None:
    """Pictures of a page; each kind is NAME,WIDTH,HEIGHT,light|dark|print,#LINK."""
    done = node.browse("picture.js", page, target, *kinds)
    if done.returncode:
        sys.exit(done.stderr)


def image() -> None:
    """The picture in README."""
    IMAGE.parent.mkdir(parents=True, exist_ok=True)
    pictures(IMAGE.parent, pages()["small"], "report,1180,1180,light,")
    print("%s: %d bytes" % (IMAGE, IMAGE.stat().st_size))


def look(target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    for name, page in pages().items():
        kinds = ("light", "dark", "print")
        wide = ["%s-%s,1280,3000,%s," % (name, kind, kind) for kind in kinds]
        pictures(target, page, *wide, "%s-narrow,390,3000,light," % name)
    print("pictures in %s" % target)


if __name__ == "__main__":
    if sys.argv[1:] == ["--image"]:
        image()
    elif sys.argv[1:2] == ["--look"]:
        look(Path(sys.argv[2]).absolute())
    else:
        sys.exit(print_checks(prove()))
