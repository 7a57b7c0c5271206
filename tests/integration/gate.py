# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Gates that close where they must, and say why: ``python3 -m tests.integration.gate [--all] [CASE ...]``.

Each case is a real run of ansible-playbook with the collection. The hosts answer what the case has prepared.
What would let a deploy pass by accident is a case of its own. --all: with all their variations, and the cases
that are the engine's own ways to say the same.
"""

import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.integration import gate_closed, gate_fails, gate_role
from tests.integration.prepared_hosts import Fleet, shortened
from tests.run import env
from tests.run.checks import Check, print_checks

Case = Callable[[Fleet], Iterable[Check]]
CASES: Mapping[str, Case] = {**gate_fails.CASES, **gate_closed.CASES, **gate_role.CASES}
IN_FULL = ("block and rescue", "serial", "other strategies", "results of another kind", "remediate_fail_on")


def prove(words: list[str]) -> Iterator[Check]:
    home = Path(os.environ.get("GATE_HOME") or sys.prefix)
    collections = Path(os.environ.get("GATE_COLLECTIONS") or shortened(env.tree("tree-gate")))
    everything, names = "--all" in words, [word for word in words if word != "--all"]
    left_out = () if everything or names else IN_FULL
    chosen = {
        name: case for name, case in CASES.items() if name not in left_out and (not names or name in names)
    }

    def run(item: tuple[str, Case]) -> list[Check]:
        name, case = item
        checks = list(case(Fleet(re.sub(r"\W+", "-", name), home, collections, everything)))
        return [check._replace(subject="%s: %s" % (name, check.subject)) for check in checks]

    with ThreadPoolExecutor(2) as pool:
        for checks in pool.map(run, chosen.items()):
            yield from checks


if __name__ == "__main__":
    os.umask(0o022)
    sys.exit(print_checks(prove(sys.argv[1:])))
