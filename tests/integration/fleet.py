# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every fault on real hosts: ``fleet.py SUITE [FAULT,...]`` on one suite, ``fleet.py spread [FAULT,...]``
each once. Ends with "N passed, N failed".

Of each host it is proven that its symptom shows before we ask, that the verdict is the fault's true one, that
check mode says the same, and that nothing on the host is different afterwards. Then the same hosts are
mended: check mode foretells exactly what is done and changes nothing, what is safe to mend answers again,
everything else is as it was, and a second run has nothing left to do. The reports must be what their schema
promises. ``--with dead_default,crowd`` gives the hosts what tests/lab/extras.yml says, and takes the faults
that can be mended: they are found and mended all the same. FLEET_KEEP=1 leaves the hosts.
"""

import argparse
import fnmatch
import json
import os
import re
import shutil
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lab"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "run"))

import env
import hosts
import jsonschema
import mended
import yaml
from judge import facts_of, judge_host, truths_of
from webmedic_lab.data import extras_of, load_extras, load_faults, load_suites, select
from webmedic_lab.spread import spread

# Hosts at a time: what shows under load must not show because two dozen other hosts are loaded, too.
SHARDS = int(os.environ.get("FLEET_SHARDS", "3"))
# Another one for each checkout that tests on the same machine.
PREFIX = os.environ.get("FLEET_PREFIX", "test-")
SPREAD = "spread"

# What a template in a hostile text would make here, were it ever evaluated (tests/lab/faults/11_hostile.yml).
CANARY = Path("/tmp/webmedic-lab-pwned")


class Check(NamedTuple):
    """wrong: what is not as it must be, None when all is."""

    host: str
    what: str
    wrong: str | None


def symptoms(output: str) -> list[Check]:
    """The lab's own lines: "ok    HOST  words" or "WRONG HOST  words"."""
    return [
        Check(host, "the symptom shows", None if mark == "ok" else words.strip())
        for mark, host, words in re.findall(r"^(ok|WRONG) +(\S+) +(.*)$", output, re.M)
    ]


def essence(entry: Mapping[str, Any]) -> list[Any]:
    """What two looks at the same host must agree on; counts and times go on while there is traffic."""
    keys = ("cause", "reason", "state", "severity", "site", "endpoint", "pool", "unit")
    findings = [[finding.get(key) for key in keys] for finding in entry.get("findings", [])]
    return [
        entry.get("status"),
        sorted(findings, key=json.dumps),
        sorted(item["what"] for item in entry.get("missing", [])),
    ]


def changes(before: Mapping[str, Any], after: Mapping[str, Any], path: str = "") -> list[str]:
    """Where two fingerprints differ."""
    found: list[str] = []
    for key in sorted(set(before) | set(after), key=str):
        one, other, here = before.get(key), after.get(key), "%s/%s" % (path, key)
        if isinstance(one, dict) and isinstance(other, dict):
            found += changes(one, other, here)
        elif one != other:
            found.append("%s was %s, is %s" % (here, one, other))
    return found


def same(checked: Mapping[str, Any], real: Mapping[str, Any]) -> str | None:
    return (
        None
        if essence(checked) == essence(real)
        else "check mode: %s, else: %s" % (essence(checked), essence(real))
    )


def against_schema(report: Mapping[str, Any]) -> str | None:
    schema = json.loads((env.CHECKOUT / "docs" / "report.schema.json").read_text(encoding="utf-8"))
    errors = [
        "%s: %s" % (error.json_path, error.message[:200])
        for error in jsonschema.validators.validator_for(schema)(schema).iter_errors(report)
    ]
    return "; ".join(errors[:5]) or None


def wanted_hosts(name: str, faults: Sequence[str], besides: Sequence[str]) -> list[str]:
    """The hosts as the lab's patterns: a suite's, or "spread", the one place of each fault
    (webmedic_lab/spread.py); of some faults only.

    besides: names of extras; the hosts then are those that can be mended, and have one of them.
    """
    specs = spread(load_faults().values(), load_suites()) if name == SPREAD else select([name + ":*"])
    extras = [load_extras()[extra] for extra in besides]
    return [
        "%s:%s" % (spec.suite.name, spec.fault.name)
        for spec in specs
        if any(
            fnmatch.fnmatch(word, glob) for glob in faults for word in (spec.fault.name, spec.fault.family)
        )
        and (not extras or spec.fault.safe_fix and extras_of(spec.suite, spec.fault, extras))
    ]


def run(name: str, wanted: Sequence[str], shard: str) -> list[Check]:
    """A part of the hosts that the lab's options name, from start to removal."""
    fleet = PREFIX + name
    try:
        return prove(fleet, name, wanted, shard)
    finally:
        if not os.environ.get("FLEET_KEEP"):
            hosts.lab("down", fleet, quiet=True, check=False)


def prove(fleet: str, name: str, wanted_of_lab: Sequence[str], shard: str) -> list[Check]:
    home, root = Path(sys.prefix), env.tree()
    reports = env.WORK / "fleet-test" / name / shard.replace("/", "-")
    shutil.rmtree(reports, ignore_errors=True)
    hosts.lab("down", fleet, quiet=True, check=False)
    found = symptoms(hosts.lab("fleet", fleet, *wanted_of_lab, "--shard", shard, check=False))
    truth = truths_of(yaml.safe_load(hosts.inventory(fleet).read_text()))
    CANARY.unlink(missing_ok=True)
    before = hosts.fingerprint(fleet)
    # The diagnosis has no check mode of its own: a part of each suite's hosts shows that. The remediation,
    # which has one, is shown on all.
    modes = {"real": (), **({"check": ("--check",)} if shard.startswith("1/") else {})}
    runs = {
        mode: hosts.diagnose(home, root, hosts.inventory(fleet), reports / mode, *words)
        for mode, words in modes.items()
    }
    after = hosts.fingerprint(fleet)
    print(runs["real"].stdout)
    for mode, done in runs.items():
        if done.returncode or not (reports / mode / "report.json").exists():
            return [*found, Check(fleet, "the playbook ran (%s)" % mode, done.stdout[-6000:])]
    found.append(
        Check(
            fleet, "no text of a host was evaluated here", "%s exists" % CANARY if CANARY.exists() else None
        )
    )
    written = {mode: hosts.load_report(reports / mode) for mode in runs}
    reported = written["real"]
    found += [
        Check(fleet, "the report is what its schema promises", against_schema(report))
        for report in written.values()
    ]
    for host, wanted in sorted(truth.items()):
        entry = reported["hosts"].get(host, {})
        found.append(
            Check(
                host,
                "the verdict is right",
                "; ".join(judge_host(host, wanted, reported["hosts"].get(host)).wrong) or None,
            )
        )
        if "check" in written:
            found.append(
                Check(host, "check mode says the same", same(written["check"]["hosts"].get(host, {}), entry))
            )
        found.append(
            Check(
                host, "nothing is different afterwards", "; ".join(changes(before[host], after[host])) or None
            )
        )
    return found + prove_remedy(fleet, home, root, reports, after)


def prove_remedy(fleet: str, home: Path, root: Path, reports: Path, before: Mapping[str, Any]) -> list[Check]:
    """before: the hosts' fingerprints as they are, broken."""
    facts = facts_of(yaml.safe_load(hosts.inventory(fleet).read_text()))
    safe = {name: fact["lab_actions"] for name, fact in facts.items() if fact["lab_safe_fix"]}
    checked = mended.remediate(home, root, hosts.inventory(fleet), reports / "would", "--check", "--diff")
    untouched = hosts.fingerprint(fleet)
    real = mended.remediate(home, root, hosts.inventory(fleet), reports / "mend", *mended.TOGETHER)
    print(real.output)
    after = hosts.fingerprint(fleet)
    answer = mended.answers(fleet)
    again = (
        mended.remediate(
            home, root, hosts.inventory(fleet), reports / "again", "--limit", ",".join(safe), *mended.TOGETHER
        )
        if safe
        else real
    )
    later = hosts.fingerprint(fleet)
    found = [
        Check(
            fleet,
            "the remediation's report is what its schema promises (%s)" % name,
            against_schema(run.report) if run.report else run.output[-3000:],
        )
        for name, run in (("check", checked), ("real", real), ("again", again))
    ]
    wrong: dict[str, str | None] = {}
    for host in sorted(facts):
        entry = real.report.get("hosts", {}).get(host, {})
        found.append(
            Check(
                host,
                "the remediation's check mode changes nothing",
                "; ".join(changes(before[host], untouched[host])) or None,
            )
        )
        found.append(
            Check(
                host,
                "check mode foretold exactly what was done",
                mended.foretold(checked.results.get(host), real.results.get(host)),
            )
        )
        if host in safe:
            wrong[host] = mended.wrong_with_mended(
                real.results.get(host),
                safe[host],
                answer.get(host, "was not asked"),
                facts[host]["lab_other_actions"],
            )
            found.append(Check(host, "it is mended", wrong[host]))
            found.append(
                Check(
                    host,
                    "a second run has nothing to do",
                    "; ".join(changes(settled(after[host]), settled(later[host])))
                    or (
                        "it says it changed something"
                        if again.results.get(host, {}).get("changed", True)
                        else None
                    ),
                )
            )
        else:
            found.append(
                Check(
                    host,
                    "it is left as it was, with advice",
                    mended.wrong_with_left(
                        real.results.get(host),
                        entry,
                        "; ".join(
                            changes(before[host], after[host])
                            + changes(settled(after[host]), settled(later[host]))
                        )
                        or None,
                    ),
                )
            )
    print(mended.sum_up(safe, real.results, wrong))
    return found


def settled(fingerprint: Mapping[str, Any]) -> dict[str, Any]:
    """Without the logs, which hold the visits that were made to see whether it answers."""
    return {name: part for name, part in fingerprint.items() if name != "logs"}


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("name", metavar="SUITE", choices=[*load_suites(), SPREAD], help="or %s" % SPREAD)
    parser.add_argument("faults", nargs="?", default="", metavar="FAULT,...")
    parser.add_argument(
        "--with", dest="extras", default="", metavar="EXTRA,...", help="of tests/lab/extras.yml"
    )
    args = parser.parse_args(argv)
    began = time.monotonic()
    patterns = wanted_hosts(
        args.name, (args.faults or "*").split(","), args.extras.split(",") if args.extras else ()
    )
    if not patterns:
        sys.exit("no such hosts: %s" % " ".join(argv))
    wanted = ["--hosts", ",".join(patterns), *(["--with", args.extras] if args.extras else [])]
    shards = 1 if args.faults else SHARDS
    checks = list[Check]()
    for number in range(shards):
        since, shard = time.monotonic(), "%d/%d" % (number + 1, shards)
        found = run(args.name, wanted, shard)
        for check in found:
            if check.wrong:
                print("FAILED %s: %s: %s" % (check.host, check.what, check.wrong))
        print("part %s of the hosts: %.0f s" % (shard, time.monotonic() - since), flush=True)
        checks += found
    verdicts = [check for check in checks if check.what == "the verdict is right"]
    right = sum(not check.wrong for check in verdicts)
    print(
        "%s: %d of %d hosts told apart rightly, %.0f s"
        % (args.name, right, len(verdicts), time.monotonic() - began)
    )
    failed = sum(bool(check.wrong) for check in checks)
    print("%d passed, %d failed" % (len(checks) - failed, failed))
    return int(failed > 0 or not verdicts)


if __name__ == "__main__":
    os.umask(0o022)
    sys.exit(main(sys.argv[1:]))
