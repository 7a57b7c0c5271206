# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A sized pool is one that php-fpm takes and that memory holds: ``python3 -m tests.integration.sizes``.

Four real hosts with exhausted pools of heavy workers, with limits from 256 MB to 4 GB, with and without
opcache, with and without other pools. After one remediation all workers of all pools are made busy at once,
and what they hold is measured anew. FLEET_KEEP=1 leaves the hosts.
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

# Chosen so that memory is what binds on the first two, demand on the third, the CPUs on the fourth. What is
# sent is less than what the sized pool can answer: a pool that is still exhausted would be put back.
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


def checks(host: Host, result: Mapping[str, Any]) -> list[Check]:
    """After the remediation: what it says, what php-fpm says, and what was measured."""
    name = host.spec.host
    sized = next(
        (one for one in (result.get("remediation") or {}).get("actions", []) if one["id"] == "pool_size_set"),
        None,
    )
    if sized is None or sized["result"] not in ("done", "refused"):
        return [
            Check(
                name,
                "the pool is sized, or it is told why not",
                str(sized or result.get("remediation") or result)[:1500],
            )
        ]
    output, most = host.configured()
    found = [
        Check(
            name,
            "php-fpm -t accepts",
            None if "test is successful" in output and "exit code" not in output else output[-800:],
        )
    ]
    if set(most) != {"www", *host.case.pools}:
        return [
            *found,
            Check(name, "php-fpm -tt tells all pools", "%s: %s" % (sorted(most), output[-500:])),
        ]
    seen = host.measure(most)
    room, worker, words = host.budget(seen, most)
    print("     %s: %s: %s" % (name, sized["result"], sized["why"]))
    print("     %s: measured with all workers busy: %s" % (name, words))
    if sized["result"] == "done":
        found.append(
            Check(
                name,
                "the value is that of its explanation",
                wrong_value(sized["why"], most["www"], host.case.limit),
            )
        )
        found.append(Check(name, "memory holds all workers of all pools", None if room >= 0 else words))
    else:
        reserve = max(16 * MIB, host.case.limit * MIB // 20)
        found.append(
            Check(
                name,
                "it is true that memory is full",
                None if "memory: " in sized["why"] and room - reserve < worker else words,
            )
        )
    found.append(Check(name, "every worker was busy", None if seen["busy"] else words))
    fine = seen["answers"] == {pool + " 200": count for pool, count in most.items()}
    found.append(Check(name, "every worker answers", None if fine else "%s of %s" % (seen["answers"], most)))
    kills = host.cgroup.kills() - host.killed if host.cgroup else None
    found.append(Check(name, "nothing was killed for memory", None if kills == 0 else "%s OOM kills" % kills))
    return found


def wrong_value(why: str, value: int, limit: int) -> str | None:
    """The explanation against what is set: the least of its own bounds, inside the limit that was set from
    outside.
    """
    explained = EXPLAINED.search(why)
    bounds = {
        name: int(number)
        for name, number in re.findall(r"(?:^|; )(memory|cpu|demand): .*?: (\d+) workers", why)
    }
    if not explained or set(bounds) != {"memory", "cpu", "demand"}:
        return "it does not explain itself: %s" % why
    told, bound = int(explained.group(2)), explained.group(3)
    if not value == told == min(bounds.values()) == bounds[bound]:
        return "set is %d, told %d by %s, of %s" % (value, told, bound, bounds)
    return (
        None if "memory: %d MiB (cgroup " % limit in why else "another limit than %d MiB: %s" % (limit, why)
    )


def different_bounds(results: Mapping[str, Any]) -> str | None:
    """These hosts prove little when the same thing decides on all of them."""
    whys = [
        action["why"]
        for result in results.values()
        for action in (result.get("remediation") or {}).get("actions", [])
    ]
    bounds = {found.group(3) for found in map(EXPLAINED.search, whys) if found}
    return (
        None
        if "memory" in bounds and bounds & {"demand", "cpu"}
        else "what decided was %s" % (sorted(bounds) or "never told")
    )


def prove(few: FewHosts) -> Iterator[Check]:
    fleet, found = few.fleet, dict[str, list[Check]]()
    members = {member.spec.host: member for member in (Host(fleet, case) for case in CASES)}
    specs = [member.spec for member in members.values()]

    def after(spec: Spec) -> str:
        found[spec.host] = checks(members[spec.host], run_of.results.get(spec.host, {}))
        return ""

    for outcome in fleet.each(specs, lambda spec: members[spec.host].prepare(), lambda outcome: None):
        yield Check(outcome.spec.host, "the symptom shows", None if outcome.ok else outcome.words)
    run_of = mended.remediate(
        Path(sys.prefix), env.tree("tree-sizes"), fleet.inventory, env.WORK / "sizes", *mended.TOGETHER
    )
    yield Check(
        FLEET, "the playbook runs", None if run_of.results and not run_of.code else run_of.output[-3000:]
    )
    answers = mended.answers(FLEET)
    for outcome in fleet.each(specs, after, lambda outcome: None):
        name = outcome.spec.host
        yield Check(
            name, "the symptom's page answers under the same load", answers.get(name, "was not asked")
        )
        yield from found.get(name, [Check(name, "it can be measured", outcome.words)])
    yield Check(
        FLEET, "memory decides on one host, demand or the CPUs on another", different_bounds(run_of.results)
    )


if __name__ == "__main__":
    os.umask(0o022)
    sys.exit(run(FLEET, ",".join("%s:%s" % (case.suite, case.fault) for case in CASES), prove))
