# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a large fleet costs the controller, beside an empty module over the same hosts in the same run.

Only the controller works. The interpreter of each host is a script that takes the module as a host would. It
prints what the module returned for a saved snapshot of a real host. One host of ILL is ill.

BENCH_SIZES=12,100 leaves the thousand out. BENCH_FORKS=50 sets how many hosts are asked at a time.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from tests.bench.engine_runs import EMPTY, HOME, PLACE, floor_playbook, playbook
from tests.bench.measure import Cost, interleaved, median, ratio, table
from tests.run import env

SIZES = tuple(map(int, os.environ.get("BENCH_SIZES", "12,100,1000").split(",")))
FORKS = os.environ.get("BENCH_FORKS", "25")
ROUNDS = {12: 5, 100: 3}  # the others: one, which counts
ILL = 5
SNAPSHOTS = env.CHECKOUT / "tests" / "unit" / "fixtures" / "snapshots"
FLEET = PLACE / "scale"
NAMES = {"floor": "an empty module", "diagnose": "webmedic.php_fpm.diagnose"}
PAGES = ("report.json", "report.html", "report.md")
# Run where the collection can be imported: what diagnosis_info returns for each saved snapshot.
RETURNED = """
import json, pathlib, sys
from ansible_collections.webmedic.php_fpm.plugins.module_utils.exchange.reply import fit, sendable
from ansible_collections.webmedic.php_fpm.plugins.module_utils.rules.diagnose import diagnose
for path in sorted(pathlib.Path(sys.argv[1]).glob("*.json")):
    snapshot = json.loads(path.read_text())["snapshot"]
    verdict = fit(sendable(diagnose(snapshot)))
    print(json.dumps(dict(verdict, changed=False, window=900, invocation={"module_args": {}})))
"""


def answers() -> tuple[list[str], list[str]]:
    """(of ill hosts, of the others): what the module prints."""
    done = subprocess.run(
        [str(HOME / "bin" / "python"), "-c", RETURNED, str(SNAPSHOTS)],
        env=dict(env.environ(HOME), PYTHONPATH=str(env.tree())),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    lines = done.stdout.splitlines()
    ill = [line for line in lines if json.loads(line)["status"] in ("failing", "degraded")]
    return ill, [line for line in lines if json.loads(line)["status"] in ("healthy", "recovered")]


def inventories(count: int) -> dict[str, Path]:
    """An inventory for each of NAMES: hosts that print an answer, or nothing of interest."""
    ill, others = answers()
    shutil.rmtree(FLEET, ignore_errors=True)
    FLEET.mkdir(parents=True)
    for number in range(count):
        kind, turn = (ill, number // ILL) if number % ILL == 0 else (others, number)
        script(FLEET / ("diagnose-%d" % number), kind[turn % len(kind)])
        script(
            FLEET / ("floor-%d" % number), json.dumps({"changed": False, "invocation": {"module_args": {}}})
        )
    paths = {}
    for name in NAMES:
        lines = [
            "web%04d.example.org ansible_connection=local ansible_python_interpreter=%s-%d\n"
            % (number, FLEET / name, number)
            for number in range(count)
        ]
        paths[name] = FLEET / (name + ".ini")
        paths[name].write_text("".join(lines))
    return paths


def script(path: Path, answer: str) -> None:
    """An interpreter that reads what it is given and prints the answer."""
    path.with_suffix(".json").write_text(answer + "\n")
    path.write_text("#!/bin/sh\ncat >/dev/null\nexec cat %s.json\n" % path)
    path.chmod(0o755)


def sizes_of_report() -> Iterator[tuple[str, int]]:
    for name in PAGES:
        for path in (PLACE / "report" / "latest" / name, PLACE / "report" / name):
            if path.exists():
                yield name, path.stat().st_size
                break


def measured(where: str) -> None:
    rows, peaks = [], dict[tuple[int, str], float]()
    for count in SIZES:
        shutil.rmtree(PLACE / "report", ignore_errors=True)
        paths = inventories(count)
        words = ("--forks", FORKS)
        commands = {
            "floor": partial(playbook, where, paths["floor"], str(floor_playbook(EMPTY)), *words),
            "diagnose": partial(playbook, where, paths["diagnose"], "webmedic.php_fpm.diagnose", *words),
        }
        if count in ROUNDS:
            costs = interleaved(ROUNDS[count], commands)
        else:
            costs = {name: [command()] for name, command in commands.items()}
        for name, rounds in costs.items():
            peaks[count, name] = median(rounds, "peak")
            rows.append([str(count), NAMES[name], *row(rounds, costs["floor"], count)])
        for page, size in sizes_of_report():
            print("%d hosts: %s: %.2f MB" % (count, page, size / 1e6), flush=True)
    table(
        "Controller, %s hosts at a time, 1 of %d hosts ill" % (FORKS, ILL),
        ["hosts", "what", "CPU a host", "times the floor", "wall", "wall, times the floor", "peak memory"],
        rows,
    )
    growth(peaks)


def row(rounds: list[Cost], floor: list[Cost], count: int) -> list[str]:
    return [
        "%.1f ms" % (median(rounds, "cpu") / count * 1000),
        "%.2f" % ratio(rounds, floor, "cpu"),
        "%.1f s" % median(rounds, "wall"),
        "%.2f" % ratio(rounds, floor, "wall"),
        "%.1f MB" % (median(rounds, "peak") / 1e6),
    ]


def growth(peaks: dict[tuple[int, str], float]) -> None:
    """How much the largest process grows with each host, between the two largest sizes."""
    if len(SIZES) < 2:
        return
    few, many = sorted(SIZES)[-2:]
    for name, words in NAMES.items():
        more = (peaks[many, name] - peaks[few, name]) / (many - few)
        print("%s: %.0f KB of memory more for each host, from %d to %d" % (words, more / 1e3, few, many))
    sys.stdout.flush()
