# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's command line: real hosts, each broken in its own way.

`python3 -m tests.lab fleet demo` is the short way to all of it.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable

from tests.lab import fingerprint, images, install, scripts
from tests.lab.data import Spec, load_faults, load_suites, select, selection
from tests.lab.engine import LabError, execute
from tests.lab.fleet import Fleet, Outcome, elapsed, fleets


def _tell(outcome: Outcome) -> None:
    mark = "ok   " if outcome.ok else "WRONG"
    print(f"{mark} {outcome.spec.host:<44} {outcome.words}", flush=True)


def _quiet(outcome: Outcome) -> None:
    if not outcome.ok:
        _tell(outcome)


def _wanted(args: argparse.Namespace) -> list[Spec]:
    """The hosts that the options name: --hosts, or --suite and --fault, or the selection called like the
    fleet.
    """
    if args.hosts:
        patterns = args.hosts.split(",")
    elif args.fault or args.suite:
        patterns = [
            f"{suite}:{fault}"
            for fault in (args.fault or "*").split(",")
            for suite in (args.suite or "*").split(",")
        ]
    else:
        patterns = selection(args.select or args.fleet)
    part, _of, parts = args.shard.partition("/")
    return select(patterns, args.besides.split(",") if args.besides else [])[int(part) - 1 :: int(parts)]


def _existing(args: argparse.Namespace, fleet: Fleet) -> list[Spec]:
    """The fleet's hosts, of these only the wanted ones when options name some."""
    specs = fleet.specs()
    if args.hosts or args.fault or args.suite:
        wanted = {spec.host for spec in _wanted(args)}
        specs = [spec for spec in specs if spec.host in wanted]
    if not specs:
        raise LabError(f"fleet {fleet.name}: no such hosts are up")
    return specs


def _sum_up(outcomes: list[Outcome], what: str, started: float) -> int:
    good = sum(outcome.ok for outcome in outcomes)
    print(f"{good} of {len(outcomes)} {what}, {elapsed(started)}")
    return 0 if good == len(outcomes) else 1


def _fleet(args: argparse.Namespace, fleet: Fleet, started: float) -> int:
    def then(spec: Spec) -> str:
        return scripts.broken(spec) + "\n" + scripts.traffic(spec)

    outcomes = fleet.up(_wanted(args), _tell, then)
    print(f"inventory: {fleet.inventory}")
    return _sum_up(outcomes, "faults show their symptom", started)


def _on_fleet(args: argparse.Namespace) -> int:
    """The commands that work on a fleet."""
    fleet, started = Fleet(args.fleet, args.parallel), time.monotonic()
    checks: dict[str, tuple[Callable[[Spec], str], str]] = {
        "traffic": (scripts.traffic, "faults show their symptom"),
        "probe": (scripts.probe, "hosts answer their probe"),
    }
    if args.command == "fleet":
        return _fleet(args, fleet, started)
    if args.command == "up":
        code = _sum_up(fleet.up(_wanted(args), _tell), "hosts are up", started)
        print(f"inventory: {fleet.inventory}")
        return code
    if args.command == "down":
        print(f"{fleet.down()} hosts removed")
        return 0
    specs = _existing(args, fleet)
    if args.command == "break":
        return _sum_up(fleet.break_hosts(specs, _tell), "hosts are broken", started)
    if args.command in checks:
        script, words = checks[args.command]
        return _sum_up(fleet.check(specs, script, _tell), words, started)
    if args.command == "fingerprint":
        documents = fingerprint.take(fleet, specs, _quiet)
        print(json.dumps(documents, indent=1, sort_keys=True))
        return 0 if len(documents) == len(specs) else 1
    if args.command == "pages":
        outcomes = fleet.each(
            [spec for spec in specs if not spec.fault.pages_fail],
            lambda spec: scripts.failing_pages(execute(fleet.container(spec), scripts.pages(spec))),
            _tell,
        )
        return _sum_up(outcomes, "hosts answer on every site", started)
    if args.command == "calm":
        return _sum_up(
            fleet.each(specs, lambda spec: execute(fleet.container(spec), scripts.calm()), _quiet),
            "hosts calm",
            started,
        )
    text = args.script or sys.stdin.read()  # exec
    for outcome in fleet.each(specs, lambda spec: execute(fleet.container(spec), text), _quiet):
        if outcome.ok:
            print(f"--- {outcome.spec.host}\n{outcome.words}", end="")
    return 0


def _list() -> int:
    for fault in load_faults().values():
        suites = "" if len(fault.suites) == len(load_suites()) else f"  ({', '.join(fault.suites)})"
        print(f"{fault.family:<28} {fault.name:<30} {fault.symptom.status}  {fault.title}{suites}")
    for name, count in sorted(fleets().items()):
        print(f"fleet {name}: {count} hosts, inventory {Fleet(name).inventory}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python3 -m tests.lab", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    words = "install what the lab needs (root and apt), else say what is missing"
    commands.add_parser("install", help=words).add_argument(
        "--vm", action="store_true", help="what the virtual machines need"
    )
    commands.add_parser("list", help="the faults, and the fleets that are up")
    build = commands.add_parser(
        "images", help="build the host images, and install what that needs; those that are there stay"
    )
    build.add_argument("suite", nargs="*")
    for name, text in {
        "fleet": "up, break and traffic in one go, one line a host",
        "up": "start hosts and write the inventory",
        "break": "apply the faults",
        "traffic": "drive requests and check that each fault's symptom shows",
        "probe": "check the request that must be answered after a repair",
        "pages": "ask every site for a page, but on hosts whose pages are meant to fail",
        "calm": "stop the background load",
        "fingerprint": "JSON of everything that a diagnosis must leave as it is",
        "exec": "run a bash script (-c, or standard input) in the hosts",
        "down": "remove the fleet, its network and its files",
    }.items():
        command = commands.add_parser(name, help=text)
        command.add_argument("fleet", help="the fleet's name")
        command.add_argument("--hosts", help="SUITE:FAULT,… with globs, e.g. trixie:stopped,*:segfault")
        command.add_argument("--suite", help="suites, comma-separated (all)")
        command.add_argument("--fault", help="faults, comma-separated (all)")
        command.add_argument("--select", help="a selection of fleets.yml (the one called like the fleet)")
        command.add_argument(
            "--with", dest="besides", help="what the hosts have besides, of extras.yml, comma-separated"
        )
        command.add_argument("--shard", default="1/1", help="N/M: the Nth of M parts of the hosts")
        command.add_argument(
            "--parallel", type=int, default=4 * (os.cpu_count() or 2), help="hosts at a time"
        )
        if name == "exec":
            command.add_argument("-c", dest="script")
    return parser


def main(argv: list[str] | None = None) -> int:
    """Run one command; return the exit code."""
    args = _parser().parse_args(argv)
    try:
        if args.command == "install":
            return install.install(args.vm)
        if args.command == "list":
            return _list()
        if args.command == "images":
            if install.install():
                return 1
            for suite, tag in images.ensure(args.suite or list(load_suites())).items():
                print(f"{suite} {tag}")
            return 0
        return _on_fleet(args)
    except LabError as error:
        print(f"lab: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
