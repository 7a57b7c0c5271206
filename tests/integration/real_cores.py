# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The same report of real hosts from each ansible-core: ``python3 -m tests.integration.real_cores``.

The hosts are those of the demo, or of the patterns that are named (``bookworm:stopped,el:plain``). Each core
diagnoses all of them, one core after the other. Each verdict is the true one. Of hosts without a load of
their own the reports are the same word by word, but for numbers. FLEET_KEEP=1 leaves the hosts.
"""

import json
import os
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import yaml

from tests.integration.broken_fleet import FORKS, symptoms
from tests.integration.compare import against_schema, same
from tests.integration.cores import REFERENCE, environments
from tests.integration.few_hosts import on_fleet
from tests.lab.fleet import Fleet
from tests.lab.judge import facts_of, judge_host
from tests.run import env, hosts
from tests.run.checks import Check, differs

FLEET = hosts.PREFIX + "cores"
# Times, counts, and the numbers of processes.
NUMBER = re.compile(r"\d+(\.\d+)?")
AGO = re.compile(r"N (s|min|h|days?)\b")


def words_of(entry: Mapping[str, Any]) -> list[str]:
    """The lines of a host's entry, without its numbers. The loss of a second more makes no difference."""
    text = NUMBER.sub("N", json.dumps(entry, indent=1, sort_keys=True))
    return AGO.sub("N s", text).splitlines()


def difference(entry: Mapping[str, Any], other: Mapping[str, Any]) -> str | None:
    first, second = words_of(entry), words_of(other)
    if first == second:
        return None
    return differs(
        *next((pair for pair in zip(second, first, strict=False) if pair[0] != pair[1]), (second, first))
    )


def prove(patterns: Sequence[str]) -> Iterator[Check]:
    chosen = ("--hosts", ",".join(patterns)) if patterns else ("--select", "demo")
    yield from symptoms(hosts.lab("fleet", FLEET, *chosen, check=False))
    inventory, tree = hosts.inventory(FLEET), env.tree("tree-real-cores")
    facts = facts_of(yaml.safe_load(inventory.read_text()))
    reports: dict[str, dict[str, Any]] = {}
    for version, home in environments([]).items():
        place = env.WORK / "real-cores" / version
        done = hosts.diagnose(home, tree, inventory, place, *FORKS)
        made = place / "report.json"
        report = hosts.load_report(place) if not done.returncode and made.exists() else {}
        wrong = against_schema(report) if report else done.stdout[-3000:]
        yield Check(version, "its report is what its schema promises", wrong)
        reports[version] = report.get("hosts", {})
        for host, fact in sorted(facts.items()):
            verdict = judge_host(host, fact["lab_expected"], reports[version].get(host))
            yield Check(host, "%s tells the truth" % version, "; ".join(verdict.wrong) or None)
    reference = reports.pop(REFERENCE)
    for version, entries in reports.items():
        for host, fact in sorted(facts.items()):
            first, second = reference.get(host, {}), entries.get(host, {})
            wrong = same(second, first) if fact["lab_load"] else difference(first, second)
            yield Check(host, "%s says the same as %s" % (version, REFERENCE), wrong)


if __name__ == "__main__":
    os.umask(0o022)
    patterns = [pattern for word in sys.argv[1:] for pattern in word.split(",")]
    sys.exit(on_fleet(Fleet(FLEET), lambda: prove(patterns)))
