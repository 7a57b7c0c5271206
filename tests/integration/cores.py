# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every supported ansible-core gives the same report: ``python3 -m tests.integration.cores [VERSION ...]``.

All other tests run on ansible-core 2.19. Here the same playbooks run on the oldest and on the newest as well,
over the same fleet. Its hosts answer what the diagnosis says of real snapshots, broken in many ways. One is
hostile: an engine that templates what a host said would obey it.
"""

import importlib
import json
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import zip_longest
from pathlib import Path
from typing import Any, NamedTuple

from tests.integration.compare import against_schema
from tests.integration.hostile_hosts import MARK, evil_everywhere
from tests.integration.prepared_hosts import Fleet, Played, finding, reply
from tests.run import env
from tests.run.checks import Check, print_checks

SNAPSHOTS = env.CHECKOUT / "tests" / "unit" / "fixtures" / "snapshots"
EACH = 12  # every so many of them
REFERENCE = "2.19"
# What the screen must show, and all that the engines print in their own way.
SHOWN = {"ANSIBLE_DISPLAY_OK_HOSTS": "true", "ANSIBLE_SHOW_CUSTOM_STATS": "true", "COLUMNS": "120"}
TABLE = re.compile(r"^(\d+ hosts?: .*?)^(?:Report: |Replayed from )", re.M | re.S)
FATAL = re.compile(r"""fatal: \[([^\]]+)\]: FAILED! => \{.*?"msg": "((?:[^"\\]|\\.)*)"\}""", re.S)
STATS = re.compile(r"^\tRUN: (\{.*\})$", re.M)
TIMES = re.compile(r"\d{4}-\d\d-\d\d(?: |T)\d\d:?\d\d:?\d\d(?:Z| UTC)?(?:, \d+ \w+ ago)?")


class Outcome(NamedTuple):
    """What one engine made of one playbook. None: it is not there."""

    code: int
    hosts: Mapping[str, Any]  # of report.json
    published: Mapping[str, Any] | None
    table: str | None
    failed: Mapping[str, str]  # message by host
    files: list[str]  # of the run, and of the place that it was handed on to
    output: str


def environments(words: list[str]) -> dict[str, Path]:
    """The home of each ansible-core, by version."""
    homes = {"2.16": env.venv("core-2.16", env.controller()), REFERENCE: env.venv("dev", env.controller())}
    newest = env.interpreter("3.12")
    if newest:
        homes["2.21"] = env.venv("core-2.21", newest)
    else:
        print("no Python 3.12 here: ansible-core 2.21 is left out")
    return {version: home for version, home in homes.items() if not words or version in (*words, REFERENCE)}


def answers(tree: Path) -> dict[str, dict[str, Any]]:
    """What the diagnosis says of real hosts, by the name of their snapshot."""
    sys.path.insert(0, str(tree))
    rules = importlib.import_module(
        "ansible_collections.webmedic.php_fpm.plugins.module_utils.rules.diagnose"
    )
    made = {}
    for path in sorted(SNAPSHOTS.glob("*.json"))[::EACH]:
        kept = json.loads(path.read_text(encoding="utf-8"))
        snapshot = kept.get("snapshot", kept)
        name = re.sub(r"[^a-z0-9]+", "-", path.stem)
        made[name] = {**rules.diagnose(snapshot), "changed": False, "window": 900, "snapshot": snapshot}
    return made


def fleet_of(version: str, home: Path, tree: Path, real: Mapping[str, Mapping[str, Any]]) -> Fleet:
    fleet = Fleet("cores-" + version, home, tree)
    for name, answer in real.items():
        fleet.host(name, dict(answer), "web")
    fleet.host("evil", evil_everywhere(reply("failing", finding())), "web")
    fleet.host("gone", None, "web")
    # Else it is a race which of two messages the oldest engine has for it.
    fleet.names["gone"]["ansible_pipelining"] = "false"
    fleet.names["archive"] = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
    return fleet


def outcome(fleet: Fleet, done: Played) -> Outcome:
    stats, table = STATS.search(done.output), TABLE.search(done.output)
    published = json.loads(stats.group(1))["webmedic"] if stats else None
    if published:
        lines = published["summary"].splitlines()
        published["summary"] = [line for line in lines if line.startswith(("- ", "**"))]
        for name in ("generated_at", "run"):
            published.pop(name)
    latest, srv = fleet.place / "report" / "latest", fleet.place / "srv"
    return Outcome(
        done.rc,
        fleet.report.get("hosts", {}),
        published,
        TIMES.sub("TIME", table.group(1)) if table else None,
        {
            name: text.replace("Task failed: ", "").removesuffix("\\n")
            for name, text in FATAL.findall(done.output)
        },
        sorted([path.name for path in [*latest.glob("*"), *srv.glob("*/*")]]),
        done.output,
    )


def diagnosed(fleet: Fleet) -> Played:
    options = {
        "diagnose_hosts": "web",
        "diagnose_snapshot": True,
        "diagnose_fail_on": ["failing"],
        "diagnose_report_upload": {"host": "archive", "directory": str(fleet.place / "srv")},
    }
    return fleet.run("diagnose", options=options, **SHOWN)


def explained(fleet: Fleet) -> Played:
    return fleet.run("explain", options={"explain_report": str(fleet.place / "report")}, **SHOWN)


def merged(fleet: Fleet) -> Played:
    place = str(fleet.place / "report")
    return fleet.run(
        "merge", options={"merge_reports": [place + "/latest"], "merge_report_dir": place}, **SHOWN
    )


def gated(fleet: Fleet) -> Played:
    options = {"gate_hosts": "web", "gate_phase": "before", "gate_restart": False, "gate_probe_path": ""}
    return fleet.run("gate", options=options, **SHOWN)


def mending(fleet: Fleet) -> Played:
    return fleet.run("remediate", "--check", options={"remediate_hosts": "web"}, **SHOWN)


# In this order, since some read what others wrote.
PLAYBOOKS: Mapping[str, Callable[[Fleet], Played]] = {
    "diagnose": diagnosed,
    "explain": explained,
    "merge": merged,
    "gate": gated,
    "remediate --check": mending,
}


def differences(reference: Outcome, other: Outcome) -> str | None:
    """Where two engines differ, with what each says."""
    found = []
    for field in Outcome._fields[:-1]:
        first, second = getattr(reference, field), getattr(other, field)
        if first == second:
            continue
        if isinstance(first, Mapping) and isinstance(second, Mapping):
            keys = [key for key in {**first, **second} if first.get(key) != second.get(key)]
            first, second = ({key: part.get(key) for key in keys[:2]} for part in (first, second))
        elif isinstance(first, str) and isinstance(second, str):
            lines = list(zip_longest(first.splitlines(), second.splitlines()))
            first, second = next(pair for pair in lines if pair[0] != pair[1])
        found.append("%s: %s, here %s" % (field, str(first)[:700], str(second)[:700]))
    return "; ".join(found) or None


def prove(words: list[str]) -> Iterator[Check]:
    tree, homes = env.tree("tree-cores"), environments(words)
    real = answers(tree)
    obeyed = Path(MARK)
    obeyed.unlink(missing_ok=True)

    def run(version: str) -> dict[str, Outcome]:
        fleet = fleet_of(version, homes[version], tree, real)
        return {name: outcome(fleet, play(fleet)) for name, play in PLAYBOOKS.items()}

    with ThreadPoolExecutor(2) as pool:
        outcomes = dict(zip(homes, pool.map(run, homes), strict=True))
    for name, made in outcomes[REFERENCE].items():
        complete = len(made.hosts) == len(real) + 2 and made.table is not None
        yield Check(REFERENCE, "%s tells of every host" % name, None if complete else made.output[-2500:])
    for version, by_name in outcomes.items():
        yield Check(version, "its report is what is declared", against_schema(read_report(version)))
        for name, made in by_name.items():
            if version != REFERENCE:
                wrong = differences(outcomes[REFERENCE][name], made)
                yield Check(version, "%s gives the same as on %s" % (name, REFERENCE), wrong)
            yield Check(
                version,
                "%s: no traceback" % name,
                made.output[-2500:] if "Traceback" in made.output else None,
            )
    yield Check("all", "no host was obeyed", "one was" if obeyed.exists() else None)


def read_report(version: str) -> dict[str, Any]:
    path = env.WORK / "prepared" / ("cores-" + version) / "report" / "report.json"
    made: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return made


if __name__ == "__main__":
    os.umask(0o022)
    sys.exit(print_checks(prove(sys.argv[1:])))
