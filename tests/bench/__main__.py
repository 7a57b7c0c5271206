# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a diagnosis costs, and how many more requests a pool serves once it is sized.

``python3 -m tests.bench [real] [host] [answered] [scale] [page] [logs] [access]
[sizing] [monitor]``

It prints tables in Markdown. Only numbers of the same run can be compared. BENCH_BEFORE=REVISION measures the
module of that revision beside today's, on the same hosts, by turns.

The floor is the engine itself: a module that does nothing, on the same hosts with the same settings.
"""

import json
import os
import re
import shutil
import sys
import time
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from tests.bench import access, host_cost, logs, monitoring, scale, sizing
from tests.bench.engine_runs import (
    EMPTY,
    FLEET,
    HOME,
    MODULE,
    PLACE,
    ROUNDS,
    collections,
    floor_playbook,
    guide,
    playbook,
)
from tests.bench.measure import Cost, interleaved, per_host, ratio, run, table
from tests.integration import pages
from tests.run import env, hosts

# Faults without a load of their own, which would be measured, too.
REAL = ",".join(
    (
        *("bullseye:plain", "bullseye:stopped", "bullseye:socket_root"),
        *("bookworm:masked", "bookworm:old_socket", "bookworm:wrong_port"),
        *("trixie:plain", "trixie:unknown_user", "trixie:socket_0600"),
        *("el:stopped", "el:acl_without_nginx", "el:upstream_wrong_path"),
    )
)
ANSWERED = int(os.environ.get("BENCH_ANSWERED", "400"))
SIZES = {"10 MB": 10 * 10**6, "1 GB": 10**9, "5 GB": 5 * 10**9}
NAMES = {
    "floor": "an empty module",
    "diagnose": "webmedic.php_fpm.diagnose",
    "guide": "the guide's script, `ansible -m script`",
}


def real_hosts(where: str, parts: Sequence[str]) -> None:
    """The parts that need a fleet: `real` and `host`."""
    hosts.lab("down", FLEET, quiet=True, check=False)
    try:
        hosts.lab("fleet", FLEET, "--hosts", os.environ.get("BENCH_HOSTS", REAL), quiet=True)
        inventory = hosts.inventory(FLEET)
        if "real" in parts:
            controller(where, inventory)
            keep_answers(where, inventory)
        if "host" in parts:
            host_cost.measured(where, inventory)
    finally:
        hosts.lab("down", FLEET, quiet=True)


def controller(where: str, inventory: Path) -> None:
    count = len(hosts.fingerprint(FLEET))
    costs = interleaved(
        ROUNDS,
        {
            "floor": partial(playbook, where, inventory, str(floor_playbook(EMPTY))),
            "diagnose": partial(playbook, where, inventory, "webmedic.php_fpm.diagnose"),
            "guide": partial(guide, where, inventory),
        },
    )
    controller_table("Controller, %d real hosts over SSH" % count, costs, count)


def controller_table(title: str, costs: Mapping[str, Sequence[Cost]], count: int) -> None:
    """costs: by a key of NAMES. count: the number of hosts."""
    table(
        title,
        ["what", "CPU a host", "wall a host", "wall", "CPU, times the floor"],
        [
            [NAMES[name], *per_host(rounds, count), "%.2f" % ratio(rounds, costs["floor"], "cpu")]
            for name, rounds in costs.items()
        ],
    )


def keep_answers(where: str, inventory: Path) -> None:
    """Keep what the module returns on real hosts. answered() then replays it."""
    argv = [str(HOME / "bin" / "ansible"), "all", "-i", str(inventory), "--become", "-o", "-m", MODULE]
    output = run(argv, env.environ(HOME, where, **hosts.ENGINE), PLACE / "run.txt").output
    for number, text in enumerate(re.findall(r"^\S+ \| SUCCESS => (.*)$", output, re.M)):
        answer = json.loads(text)
        answer.pop("ansible_facts", None)
        (PLACE / "answers" / ("%d.json" % number)).write_text(
            json.dumps(dict(answer, invocation={"module_args": {}}))
        )


def answered(where: str) -> None:
    """The interpreter of these hosts is a script that prints a kept answer. So only the controller works."""
    answers = sorted((PLACE / "answers").glob("*.json"))
    if not answers:
        sys.exit("the answers of real hosts are missing: run the part `real` first")
    inventories = {}
    for name in ("floor", "diagnose"):
        lines = []
        for number in range(ANSWERED):
            script = PLACE / "answers" / ("%s-%d" % (name, number % len(answers)))
            text = answers[number % len(answers)] if name == "diagnose" else PLACE / "answers" / "empty"
            script.write_text("#!/bin/sh\nexec cat %s\n" % text)
            script.chmod(0o755)
            lines.append("host%d ansible_connection=local ansible_python_interpreter=%s\n" % (number, script))
        inventories[name] = PLACE / (name + ".ini")
        inventories[name].write_text("".join(lines))
    (PLACE / "answers" / "empty").write_text('{"changed": false, "invocation": {"module_args": {}}}\n')
    costs = interleaved(
        max(2, ROUNDS // 2),
        {
            "floor": partial(playbook, where, inventories["floor"], str(floor_playbook(EMPTY))),
            "diagnose": partial(playbook, where, inventories["diagnose"], "webmedic.php_fpm.diagnose"),
        },
    )
    controller_table("Controller, %d hosts that answer at once" % ANSWERED, costs, ANSWERED)


def error_logs() -> None:
    python = str(HOME / "bin" / "python")
    environment = dict(env.environ(HOME), PYTHONPATH=str(env.tree()))
    rows = []
    for name, size in SIZES.items():
        path = PLACE / "error.log"
        try:
            logs.write(path, size, time.time())
            readings = [logs.measured(path, python, environment) for _round in range(3)]
        finally:
            path.unlink(missing_ok=True)
        middle = sorted(readings, key=lambda reading: reading["wall"])[1]
        rows.append(
            [
                name,
                "%.0f ms" % (middle["wall"] * 1000),
                "%.0f ms" % (middle["cpu"] * 1000),
                "%.1f MB" % (middle["peak"] / 1e6),
                "%.1f MB" % ((middle["peak"] - middle["before"]) / 1e6),
                "%.2f MB" % (middle["bytes_read"] / 1e6),
                str(middle["events"]),
            ]
        )
    table(
        "The last 15 minutes out of an error log",
        ["size", "wall", "CPU", "peak memory", "of it for the log", "read", "lines that count"],
        rows,
    )


def main(argv: Sequence[str]) -> None:
    (PLACE / "answers").mkdir(parents=True, exist_ok=True)
    parts = argv or ["real", "host", "answered", "scale", "page", "logs", "access", "sizing", "monitor"]
    where = collections()
    if {"real", "host"} & set(parts):
        real_hosts(where, parts)
    if "answered" in parts:
        answered(where)
    if "page" in parts:
        table(
            "The report as a page, in a real Chromium",
            ["hosts", "size", "made, CPU", "opened", "filtered", "elements"],
            pages.measured(),
        )
    if "scale" in parts:
        scale.measured(where)
    if "logs" in parts:
        error_logs()
    if "access" in parts:
        access.measured(where)
    if "sizing" in parts:
        table(
            "%d clients, one after the other page of 1 s each, for %d s" % (sizing.CLIENTS, sizing.SECONDS),
            ["host", "200 / other, before", "after", "times", "OOM kills before / after", "sizing"],
            sizing.measured(HOME, Path(where.split(":")[0])),
        )
    if "monitor" in parts:
        table(
            "The monitor's script on one host, one run in %d s" % monitoring.INTERVAL,
            ["pools", "workers", "first run, CPU", "each other run", "of one core"],
            monitoring.measured(HOME, where.split(":")[0]),
        )
    shutil.rmtree(PLACE / "report", ignore_errors=True)


if __name__ == "__main__":
    main(sys.argv[1:])
