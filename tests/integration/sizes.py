# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""php-fpm accepts a sized pool, and memory holds it: ``python3 -m tests.integration.sizes``.

Four real hosts have exhausted pools of heavy workers, with limits from 256 MB to 4 GB. They are with and
without opcache, and with and without other pools. After one remediation all workers of all pools are made
busy at once. Then their memory is measured again. FLEET_KEEP=1 leaves the hosts.
"""

import os
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tests.integration import mended
from tests.integration.few_hosts import FewHosts, run
from tests.integration.sized_host import MIB, Case, Host
from tests.lab.data import Load, Spec
from tests.run import env, hosts
from tests.run.checks import Check

FLEET = hosts.PREFIX + "sizes"

# Memory binds on the first two hosts, demand on the third, the CPUs on the fourth. The load is less than what
# the sized pool can answer: the value of a pool that is still exhausted would be put back.
CASES = (
    Case(
        "bullseye",
        "exhausted_static",
        256,
        False,
        (),
        22,
        Load("/heavy.php?mb=22&s=1", queue=10, rate=4, warmup=4),
    ),
    Case(
        "bookworm",
        "exhausted_dynamic",
        512,
        True,
        ("blog",),
        40,
        Load("/heavy.php?mb=40&s=1", queue=10, rate=4, warmup=4),
    ),
    Case(
        "trixie",
        "exhausted_static",
        1024,
        False,
        ("blog", "news"),
        20,
        Load("/heavy.php?mb=20&s=2", queue=6, rate=3, warmup=4),
    ),
    Case(
        "el",
        "exhausted_ondemand",
        4096,
        True,
        (),
        25,
        Load("/heavy.php?mb=25&s=1", queue=16, rate=6, warmup=4),
    ),
)

EXPLAINED = re.compile(r"pm\.max_children of pool www: (\d+) -> (\d+), bound by (\w+)")


def checks(host: Host, result: Mapping[str, Any]) -> Iterator[Check]:
    """After the remediation: what it says, what php-fpm says, and what was measured."""
    name = host.spec.host
    actions = (result.get("remediation") or {}).get("actions", [])
    sized = next((action for action in actions if action["id"] == "pool_size_set"), None)
    if sized is None or sized["result"] not in ("done", "refused"):
        answer = str(sized or result.get("remediation") or result)[:1500]
        yield Check(name, "the pool is sized, or it is told why not", answer)
        return
    output, most = host.configured()
    accepted = "test is successful" in output and "exit code" not in output
    yield Check(name, "php-fpm -t accepts", None if accepted else output[-800:])
    if set(most) != {"www", *host.case.pools}:
        yield Check(name, "php-fpm -tt tells all pools", "%s: %s" % (sorted(most), output[-500:]))
        return
    yield from measured(host, sized, most)


def measured(host: Host, sized: Mapping[str, Any], most: Mapping[str, int]) -> Iterator[Check]:
    """With all workers busy. sized: the action; most: the workers that each pool may have."""
    name = host.spec.host
    load = host.measure(most)
    room, worker, words = host.budget(load, most)
    print("     %s: %s: %s" % (name, sized["result"], sized["why"]))
    print("     %s: measured with all workers busy: %s" % (name, words))
    if sized["result"] == "done":
        wrong = wrong_value(sized["why"], most["www"], host.case.limit)
        yield Check(name, "the value is that of its explanation", wrong)
        yield Check(name, "memory holds all workers of all pools", None if room >= 0 else words)
    else:
        reserve = max(16 * MIB, host.case.limit * MIB // 20)
        full = "memory: " in sized["why"] and room - reserve < worker
        yield Check(name, "it is true that memory is full", None if full else words)
    yield Check(name, "every worker was busy", None if load["busy"] else words)
    fine = load["answers"] == {pool + " 200": count for pool, count in most.items()}
    yield Check(name, "every worker answers", None if fine else "%s of %s" % (load["answers"], most))
    kills = host.cgroup.kills() - host.killed if host.cgroup else None
    yield Check(name, "nothing was killed for memory", None if kills == 0 else "%s OOM kills" % kills)


def wrong_value(why: str, value: int, limit: int) -> str | None:
    """Compare the explanation with the value that is set. It must be the least of the bounds that are
    explained, and the memory limit must be the one that this test has set.
    """
    explained = EXPLAINED.search(why)
    bounds = {
        name: int(number)
        for name, number in re.findall(r"(?:^|; )(memory|cpu|demand): .*?: (\d+) workers", why)
    }
    if not explained or set(bounds) != {"memory", "cpu", "demand"}:
        return "it does not explain itself: %s" % why
    size, bound = int(explained.group(2)), explained.group(3)
    if not value == size == min(bounds.values()) == bounds[bound]:
        return "set is %d, explained %d by %s, of %s" % (value, size, bound, bounds)
    if "memory: %d MiB (cgroup " % limit not in why:
        return "another limit than %d MiB: %s" % (limit, why)
    return None


def different_bounds(results: Mapping[str, Any]) -> str | None:
    """These hosts prove little when the same bound decides on all of them."""
    whys = [
        action["why"]
        for result in results.values()
        for action in (result.get("remediation") or {}).get("actions", [])
    ]
    bounds = {explained.group(3) for explained in map(EXPLAINED.search, whys) if explained}
    return (
        None
        if "memory" in bounds and bounds & {"demand", "cpu"}
        else "what decided was %s" % (sorted(bounds) or "never told")
    )


def prove(few: FewHosts) -> Iterator[Check]:
    fleet = few.fleet
    members = {member.spec.host: member for member in (Host(fleet, case) for case in CASES)}
    specs = [member.spec for member in members.values()]
    for outcome in fleet.each(specs, lambda spec: members[spec.host].prepare(), lambda outcome: None):
        yield Check(outcome.spec.host, "the symptom shows", None if outcome.ok else outcome.words)
    run_of_all = mended.remediate(
        Path(sys.prefix), env.tree("tree-sizes"), fleet.inventory, env.WORK / "sizes", *mended.TOGETHER
    )
    results = run_of_all.results
    yield Check(
        FLEET, "the playbook runs", None if results and not run_of_all.code else run_of_all.output[-3000:]
    )
    answers = mended.answers(FLEET)
    by_host = dict[str, list[Check]]()

    def judge(spec: Spec) -> str:
        by_host[spec.host] = list(checks(members[spec.host], results.get(spec.host, {})))
        return ""

    for outcome in fleet.each(specs, judge, lambda outcome: None):
        name = outcome.spec.host
        yield Check(
            name, "the symptom's page answers under the same load", answers.get(name, "was not asked")
        )
        yield from by_host.get(name, [Check(name, "it can be measured", outcome.words)])
    yield Check(FLEET, "memory decides on one host, demand or the CPUs on another", different_bounds(results))


if __name__ == "__main__":
    os.umask(0o022)
    sys.exit(run(FLEET, ",".join("%s:%s" % (case.suite, case.fault) for case in CASES), prove))
