# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What mending one site costs the others: ``neighbours.py [SUITE] [FAULT,...] [--few]``. Ends with "N passed,
N failed".

Hosts of three pools and accounts: one site is broken by each fault that can be mended, the other two have
visitors all the time (the lab's extra "neighbours"). The requests that these lose while the remediation runs
are counted, each: no more than it says it has cut, none where it says none. A site that the fault itself took
down counts from its first page on. Without a suite, each fault on one, as webmedic_lab/spread.py deals them
out.
"""

import argparse
import os
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lab"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "run"))

import env
import mended
from checks import Check, tell
from field import quiet
from fleet import PREFIX
from webmedic_lab import scripts, visits
from webmedic_lab.data import Spec, load_extras, load_faults, load_suites, select
from webmedic_lab.engine import execute
from webmedic_lab.fleet import Fleet
from webmedic_lab.spread import spread

FLEET = "neighbours"
# One or two of each thing that is done to a host.
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
AT_ONCE = 4  # hosts: a neighbour that waits for the machine would be counted as one that waits for us


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
    asked = {outcome.spec.host: outcome for outcome in fleet.check(specs, scripts.probe, quiet)}
    for spec in specs:
        result, answer = done.results.get(spec.host), asked[spec.host]
        wrong = mended.wrong_with_mended(result, spec.fault.actions, None if answer.ok else answer.words)
        # Which of three pools is a site's may be for a person to say.
        left = (
            "fastcgi_pass_repoint" in spec.fault.actions
            and result is not None
            and result.get("changed") is False
        )
        yield Check(spec.host, "it is mended", None if left else wrong)
        yield from cost(fleet, spec, visits.told(result), began, ended)


def cost(fleet: Fleet, spec: Spec, told: int, began: float, ended: float) -> Iterator[Check]:
    """What the neighbours lost; told: how many requests it said that it cut."""
    total, words = 0, list[str]()
    for number, one in enumerate(spec.visitors):
        found = visits.parse(execute(fleet.container(spec), "cat %s.%d" % (scripts.VISITORS_LOG, number)))
        lost, late = visits.lost(found, began, ended), [visit for visit in found if visit.came > ended]
        total += len(lost)
        words.append("%s: %d of %d (%s)" % (one.site, len(lost), len(found), visits.some(lost, began)))
        fine = late and all(visit.status == 200 for visit in late)
        yield Check(
            spec.host,
            "%s answers afterwards" % one.site,
            None if fine else "%d came: %s" % (len(late), visits.some(late, ended)),
        )
    yield Check(
        spec.host,
        "its neighbours lose no more requests than it says: %d of %d" % (total, told),
        "%s; it did %s" % ("; ".join(words), ", ".join(spec.fault.actions)) if total > told else None,
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
    fleet, home, tree = (
        Fleet(PREFIX + FLEET),
        Path(sys.prefix),
        Path(args.tree) if args.tree else env.tree("tree-" + FLEET),
    )

    def work() -> Iterator[Check]:
        for first in range(0, len(specs), AT_ONCE):
            yield from prove(fleet, specs[first : first + AT_ONCE], home, tree)
            fleet.down()

    return tell(fleet, work)


if __name__ == "__main__":
    os.umask(0o022)
    sys.exit(main(sys.argv[1:]))
