# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every fault on real hosts, told apart and mended.

``python3 -m tests.integration.fleet SUITE [FAULT,...]`` on one suite, ``... fleet spread [FAULT,...]`` each
once. Without names of faults and without ``--full``, less is proven of each: see broken_fleet.prove().

The symptom of each host shows before the diagnosis. The verdict names the true fault, check mode says the
same, and nothing on the host is different afterwards. Then the same hosts are mended. Check mode predicts
exactly what is done and changes nothing. What is safe to mend answers again, everything else is as it was,
and a second run has nothing left to do. The reports are what their schema promises.

``--with dead_default,crowd`` gives the hosts what tests/lab/extras.yml says. It takes only the faults that
can be mended: they must be found and mended all the same. FLEET_KEEP=1 leaves the hosts. FLEET_PREFIX begins
the name of their fleet: each checkout that tests on the same machine needs another one.
"""

import argparse
import fnmatch
import os
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from tests.integration import broken_fleet
from tests.lab.data import Spec, extras_of, load_extras, load_faults, load_suites, select
from tests.lab.spread import spread
from tests.run import hosts
from tests.run.checks import Check, print_checks

SPREAD = "spread"
# Of a part. The network of a fleet has 253 addresses (a /24 of podman's).
MOST_HOSTS = 160


class Kind(NamedTuple):
    """Hosts that are tested alike.

    loaded: whether their faults bring a load of their own; None: some do. parallel: how many hosts of a part
    come up at a time. A host under load mostly waits until its load shows.
    """

    loaded: bool | None
    parallel: int | None = None


KINDS = {"all": Kind(None), "loaded": Kind(True, 12), "calm": Kind(False)}


def wanted_hosts(name: str, faults: Sequence[str], besides: Sequence[str], kind: Kind) -> list[str]:
    """The hosts as the lab's patterns.

    name: a suite, or "spread": the one place of each fault (tests/lab/spread.py). A variation of a fault is
    left out there, unless it is named. faults: globs of their names or families. besides: names of extras.
    The hosts then are those that can be mended and have one of them. What takes longest to show its symptom
    comes first.
    """
    extras = [load_extras()[extra] for extra in besides]

    def is_wanted(spec: Spec) -> bool:
        names = (spec.fault.name, spec.fault.family)
        if not any(fnmatch.fnmatch(word, glob) for glob in faults for word in names):
            return False
        if name == SPREAD and spec.fault.variation_of and spec.fault.name not in faults:
            return False
        if kind.loaded is not None and kind.loaded != bool(spec.fault.load):
            return False
        return not extras or (spec.fault.safe_fix and bool(extras_of(spec.suite, spec.fault, extras)))

    specs = spread(load_faults().values(), load_suites()) if name == SPREAD else select([name + ":*"])
    chosen = sorted(
        filter(is_wanted, specs), key=lambda spec: -spec.fault.load.warmup if spec.fault.load else 0
    )
    return ["%s:%s" % (spec.suite.name, spec.fault.name) for spec in chosen]


def prove(name: str, options: Sequence[str], shards: int, in_full: bool) -> Iterator[Check]:
    """name: of the fleet and its reports. options: of the lab, which name the hosts. in_full: see
    broken_fleet.prove().

    Each part is a fleet of its own. So one can be removed while the next starts.
    """
    verdicts = list[Check]()
    with ThreadPoolExecutor(1) as removing:
        for number in range(1, shards + 1):
            began, shard = time.monotonic(), "%d/%d" % (number, shards)
            fleet = "%s%s-%d" % (hosts.PREFIX, name, number)
            hosts.lab("down", fleet, quiet=True, check=False)
            try:
                for check in broken_fleet.prove(fleet, name, options, shard, in_full):
                    if check.what == broken_fleet.VERDICT:
                        verdicts.append(check)
                    yield check
            finally:
                if not os.environ.get("FLEET_KEEP"):
                    removing.submit(hosts.lab, "down", fleet, quiet=True, check=False)
            print("part %s of the hosts: %.0f s" % (shard, time.monotonic() - began), flush=True)
    right = sum(check.wrong is None for check in verdicts)
    print("%s: %d of %d hosts told apart rightly" % (name, right, len(verdicts)))


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("name", metavar="SUITE", choices=[*load_suites(), SPREAD], help="or %s" % SPREAD)
    parser.add_argument("faults", nargs="?", default="", metavar="FAULT,...")
    parser.add_argument(
        "--with", dest="extras", default="", metavar="EXTRA,...", help="of tests/lab/extras.yml"
    )
    parser.add_argument(
        "--only",
        choices=KINDS,
        default="all",
        help="loaded: the hosts that have the fault's own load; calm: the others",
    )
    parser.add_argument("--full", action="store_true", help="all of it on each host")
    args = parser.parse_args(argv)
    extras, kind = args.extras.split(",") if args.extras else [], KINDS[args.only]
    patterns = wanted_hosts(args.name, (args.faults or "*").split(","), extras, kind)
    if not patterns:
        sys.exit("no such hosts: %s" % " ".join(argv))
    options = ["--hosts", ",".join(patterns)]
    options += ["--with", args.extras] if extras else []
    options += ["--parallel", str(kind.parallel)] if kind.parallel else []
    # Several of these may run at the same time.
    name = "-".join([args.name, args.only, *(["company"] if extras else [])])
    in_full = args.full or bool(args.faults)
    return print_checks(prove(name, options, -(-len(patterns) // MOST_HOSTS), in_full))


if __name__ == "__main__":
    os.umask(0o022)
    sys.exit(main(sys.argv[1:]))
