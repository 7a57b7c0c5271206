# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What mending one site costs the others.

``python3 -m tests.integration.neighbours [SUITE] [FAULT,...] [--few]``

The hosts have three pools of three accounts. One site is broken by each fault that can be mended. The other
two have visitors all the time (the lab's extra "neighbours"). The requests that they lose while the
remediation runs are counted. They may not be more than the remediation says that it has cut. A site that the
fault itself took down counts from its first page on. Without a suite, each fault is on one suite, as
tests/lab/spread.py deals them out.
"""

import argparse
import os
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.integration import mended
from tests.integration.few_hosts import on_fleet
from tests.integration.field import quiet
from tests.lab import scripts, visits
from tests.lab.data import Spec, load_extras, load_faults, load_suites, select
from tests.lab.engine import execute
from tests.lab.fleet import Fleet
from tests.lab.spread import spread
from tests.run import env, hosts
from tests.run.checks import Check

FLEET = "neighbours"
# One or two faults for each thing that is done to a host.
FEW = (
    "stopped",
    "socket_root",
    "acl_without_nginx",
    "one_vhost_wrong",
    "config_not_loaded",
    "socket_deleted",
    "exhausted_static",
    "too_many_workers",
)
AT_ONCE = (
    4  # hosts; a neighbour that waits for this machine would count as one that waits for the remediation
)


def wanted(suite: str | None, faults: Sequence[str]) -> list[Spec]:
    extra = load_extras()["neighbours"]
    specs = select([suite + ":*"]) if suite else spread(load_faults().values(), load_suites())
    return [
        spec._replace(extras=(extra,))
        for spec in specs
        if spec.fault.safe_fix and (not faults or spec.fault.name in faults)
    ]


def prove(fleet: Fleet, specs: list[Spec], home: Path, tree: Path) -> Iterator[Check]:
    up = fleet.up(specs, quiet, lambda spec: scripts.broken(spec) + "\n" + scripts.traffic(spec))
    for outcome in up:
        yield Check(outcome.spec.host, "the symptom shows", None if outcome.ok else outcome.words)
    reports = env.WORK / FLEET
    began = time.time()
    done = mended.remediate(home, tree, fleet.inventory, reports, *mended.TOGETHER)
    ended = time.time()
    mended.keep(reports / "output.txt", done)
    answers = {outcome.spec.host: outcome for outcome in fleet.check(specs, scripts.probe, quiet)}
    for spec in specs:
        result, answer = done.results.get(spec.host), answers[spec.host]
        wrong = mended.mended_problem(result, spec.fault.actions, None if answer.ok else answer.words)
        # Only a person can say which of the three pools is the site's.
        left = (
            "fastcgi_pass_repoint" in spec.fault.actions
            and result is not None
            and result.get("changed") is False
        )
        yield Check(spec.host, "it is mended", None if left else wrong)
        yield from cost(fleet, spec, visits.requests_cut(result), began, ended)


def until_later(fleet: Fleet, spec: Spec, number: int, ended: float) -> list[visits.Visit]:
    """The visits of these visitors, once one of them came after the end."""
    deadline = time.monotonic() + 15
    while True:
        seen = visits.parse(execute(fleet.container(spec), "cat %s.%d" % (scripts.VISITORS_LOG, number)))
        if any(visit.came > ended for visit in seen) or time.monotonic() > deadline:
            return seen


def cost(fleet: Fleet, spec: Spec, cut: int, began: float, ended: float) -> Iterator[Check]:
    """What the neighbours lost. cut: how many requests the remediation cut, as it says."""
    total, words = 0, list[str]()
    for number, visitors in enumerate(spec.visitors):
        seen = until_later(fleet, spec, number, ended)
        lost, late = visits.lost(seen, began, ended), [visit for visit in seen if visit.came > ended]
        total += len(lost)
        words.append("%s: %d of %d (%s)" % (visitors.site, len(lost), len(seen), visits.some(lost, began)))
        fine = late and all(visit.status == 200 for visit in late)
        yield Check(
            spec.host,
            "%s answers afterwards" % visitors.site,
            None if fine else "%d came: %s" % (len(late), visits.some(late, ended)),
        )
    yield Check(
        spec.host,
        "its neighbours lose no more requests than it says: %d of %d" % (total, cut),
        "%s; it did %s" % ("; ".join(words), ", ".join(spec.fault.actions)) if total > cut else None,
    )


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("words", nargs="*", metavar="SUITE | FAULT,...")
    parser.add_argument("--few", action="store_true", help="the faults %s" % ", ".join(FEW))
    parser.add_argument("--tree", help="where ansible_collections of another version of the collection lies")
    args = parser.parse_args(argv)
    suite = next((word for word in args.words if word in load_suites()), None)
    faults = [name for word in args.words if word != suite for name in word.split(",")]
    specs = wanted(suite, faults or (FEW if args.few else ()))
    fleet, home = Fleet(hosts.PREFIX + FLEET), Path(sys.prefix)
    tree = Path(args.tree) if args.tree else env.tree("tree-" + FLEET)

    def work() -> Iterator[Check]:
        for first in range(0, len(specs), AT_ONCE):
            yield from prove(fleet, specs[first : first + AT_ONCE], home, tree)
            fleet.down()

    return on_fleet(fleet, work)


if __name__ == "__main__":
    os.umask(0o022)
    sys.exit(main(sys.argv[1:]))
