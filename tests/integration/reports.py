# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What becomes of reports after a run: ``python3 -m tests.integration.reports [--all | CASE ...]``.

They are published, handed on, compared and merged, by real runs of ansible-playbook with the collection. The
hosts answer what a case has prepared.
"""

import json
import os
import re
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import jsonschema

from tests.integration import report_uploads
from tests.integration.hostile_hosts import evil_everywhere
from tests.integration.prepared_hosts import Fleet, Played, finding, reply, shortened
from tests.run import env
from tests.run.checks import Check, print_checks

Case = Callable[[Fleet], Iterable[Check]]
STATS = {"ANSIBLE_SHOW_CUSTOM_STATS": "true", "ANSIBLE_DISPLAY_OK_HOSTS": "true"}
REASON = ("Why: `php8.2-fpm.service is inactive (dead)`.", "Fix: `systemctl start php8.2-fpm.service`")
OTHER = finding(cause="worker_oom_killed", code=6, reason="cgroup", summary="A worker was killed for memory.")


def seen(subject: str, what: str, fine: object, done: Played) -> Check:
    return Check(subject, what, None if fine else "rc %d: %s" % (done.rc, done.output[-2500:]))


def stats_of(done: Played) -> Any:
    """What the run published under webmedic."""
    found = re.search(r"^\tRUN: (\{.*\})$", done.output, re.M)
    return json.loads(found.group(1)).get("webmedic") if found else None


def wrong_artifact(published: Any) -> str | None:
    text = (env.CHECKOUT / "docs" / "artifact.schema.json").read_text(encoding="utf-8")
    errors = [
        "%s: %s" % (error.json_path, error.message[:200])
        for error in jsonschema.Draft202012Validator(json.loads(text)).iter_errors(published)
    ]
    return "; ".join(errors) or None


def published(fleet: Fleet) -> Iterator[Check]:
    fleet.host("ill", reply("failing", finding()), "web")
    fleet.host("evil", evil_everywhere(reply("failing", OTHER)), "web")
    fleet.host("well", reply("healthy"), "web")
    fleet.host("gone", None, "web")
    closed = {"diagnose_fail_on": ["failing"]}
    for playbook, options in (("diagnose", closed), ("audit", {}), ("remediate", {})):
        words = ("--check",) if playbook == "remediate" else ()
        done = fleet.run(playbook, *words, options=options, **STATS)
        made = stats_of(done)
        yield Check(playbook, "what it publishes is what is declared", wrong_artifact(made))
        if not isinstance(made, dict):
            continue
        yield seen(playbook, "it is of a task of set_stats", "Publish the verdict" in done.output, done)
        yield seen(
            playbook,
            "it has the verdict",
            made["verdict"] == "failing" and made["counts"]["failing"] == 2,
            done,
        )
        yield seen(playbook, "why and fix are in it", all(words in made["summary"] for words in REASON), done)
        yield seen(playbook, "nothing in it is a template", "{{" not in json.dumps(made), done)
        yield seen(
            playbook, "every host is in it", set(made["hosts"]) == {"ill", "evil", "well", "gone"}, done
        )


def batches(fleet: Fleet) -> Iterator[Check]:
    """With serial, the last word is of the whole fleet, and nothing of the first batch stays."""
    for number in range(4):
        fleet.host("web%d" % number, reply("failing", finding()) if not number else reply("healthy"), "web")
    text = """
- hosts: web
  gather_facts: false
  strategy: ansible.builtin.linear
  serial: 2
  tasks:
    - ansible.builtin.import_role:
        name: webmedic.php_fpm.diagnose
"""
    done = fleet.run(text, options={}, **STATS)
    made = stats_of(done) or {}
    counts = made.get("counts", {})
    fine = sum(counts.values()) == 4 and counts.get("failing") == 1 and len(made["hosts"]) == 4
    yield seen("serial", "what is published is of all batches, once", fine, done)


def compared(fleet: Fleet) -> Iterator[Check]:
    ill = reply("failing", finding(), OTHER)
    for name, answer in (("a", reply("healthy")), ("b", ill), ("c", reply("failing", finding()))):
        fleet.host(name, answer, "web")
    report = {"compare_report_dir": str(fleet.place / "report")}
    first = fleet.run("diagnose")
    alone = fleet.run("compare", options=report)
    yield seen(
        "compare",
        "one run is not enough, in one sentence",
        alone.rc and "holds no two runs" in alone.one_line,
        alone,
    )
    moved = finding(count=77, since=time.time(), summary="php8.2-fpm.service is stopped, says pid 4711.")
    time.sleep(max(0.0, 1.1 - (time.time() % 1)))  # a folder of its own second
    fleet.answers("a", diagnosis_info=reply("failing", finding()))
    fleet.answers("b", diagnosis_info=reply("failing", moved))
    fleet.groups["web"].remove("c")
    second = fleet.run("diagnose", options={"diagnose_hosts": "a:b"})
    kept = fleet.place / "changes.json"
    done = fleet.run(
        "compare", options={**report, "compare_dest": str(kept)}, ANSIBLE_DISPLAY_OK_HOSTS="true"
    )
    yield seen("compare", "it ends well by default", done.rc == 0 and not first.rc and not second.rc, done)
    head = "Findings: 1 new, 1 gone, 1 the same, 1 not seen any more"
    yield seen("compare", "the table says what is new", head in done.output, done)
    changes = json.loads(kept.read_text()) if kept.exists() else {}
    lists = {
        name: [item["host"] for item in changes.get(name, [])] for name in ("new", "gone", "same", "unknown")
    }
    wanted = {"new": ["a"], "gone": ["b"], "same": ["b"], "unknown": ["c"]}
    yield seen("compare", "the JSON says the same", lists == wanted and changes["went"] == ["c"], done)
    closed = fleet.run("compare", options={**report, "compare_fail_on_new": True})
    words = "new: fpm_not_running/stopped on a"
    yield seen("compare", "it can fail on what is new", closed.rc == 2 and words in closed.one_line, closed)
    latest = str(fleet.place / "report" / "latest")
    same = fleet.run(
        "compare",
        options={**report, "compare_before": latest, "compare_after": latest, "compare_fail_on_new": True},
    )
    yield seen("compare", "nothing is new in the same report", same.rc == 0, same)


def merged(fleet: Fleet) -> Iterator[Check]:
    """Two slices, as two jobs leave them."""
    fleet.host("a", reply("failing", finding()), "web")
    fleet.host("b", reply("healthy"), "web")
    fleet.host("c", None, "web")
    slices = fleet.place / "slices"
    for number, limit in enumerate(("a", "b:c")):
        place = str(slices / str(number))
        fleet.run("diagnose", options={"diagnose_hosts": limit, "diagnose_report_dir": place})
    options = {"merge_reports": [str(slices)], "merge_report_dir": str(fleet.place / "report")}
    done = fleet.run("merge", options=options, **STATS)
    yield seen(
        "merge", "the slices are one report", list(fleet.report.get("hosts", {})) == ["a", "b", "c"], done
    )
    made = stats_of(done) or {"counts": {}}
    yield seen(
        "merge", "its verdict is published", made["counts"].get("unreachable") == 1 and done.rc == 0, done
    )
    closed = fleet.run("merge", options={**options, "merge_fail_on": ["failing"]})
    words = "1 failing: a; 1 unreachable: c"
    yield seen(
        "merge", "it can fail, and names the hosts", closed.rc == 2 and words in closed.one_line, closed
    )
    (slices / "2").mkdir()
    (slices / "2" / "report.json").write_text('{"hosts": [')
    broken = fleet.run("merge", options=options)
    words = "cannot merge: cannot read %s/2/report.json: it is no JSON" % slices
    yield seen("merge", "a broken slice is one sentence", broken.rc and words in broken.one_line, broken)
    yield seen("merge", "no traceback", "Traceback" not in broken.output, broken)
    shown = fleet.run(
        "explain", options={"explain_report": str(slices / "0")}, ANSIBLE_DISPLAY_OK_HOSTS="true"
    )
    yield seen("explain", "it takes a folder", shown.rc == 0 and "1 host: 1 failing" in shown.output, shown)


CASES: Mapping[str, Case] = {
    **report_uploads.CASES,
    "published": published,
    "compared": compared,
    "merged": merged,
    "batches": batches,
}


# Only with --all: unit tests hold most of it.
RARE = ("nor otherwise",)


def prove(words: list[str]) -> Iterator[Check]:
    home, collections = Path(sys.prefix), shortened(env.tree("tree-reports"))
    left_out = () if "--all" in words else RARE
    named = [word for word in words if word != "--all"]
    chosen = {
        name: case for name, case in CASES.items() if (name in named if named else name not in left_out)
    }

    def run(item: tuple[str, Case]) -> list[Check]:
        name, case = item
        return list(case(Fleet("reports-" + re.sub(r"\W+", "-", name), home, collections)))

    with ThreadPoolExecutor(2) as pool:
        for checks in pool.map(run, chosen.items()):
            yield from checks


if __name__ == "__main__":
    os.umask(0o022)
    sys.exit(print_checks(prove(sys.argv[1:])))
