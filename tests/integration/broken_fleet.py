# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is proven on a fleet of broken hosts: they are told apart, then mended."""

import os
import re
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from tests.integration import mended
from tests.integration.compare import against_schema, changes, same, settled
from tests.lab.judge import facts_of, judge_host
from tests.run import env, hosts
from tests.run.checks import Check

# Hosts at a time. A host that waits for this machine's processors would look like one that hangs.
FORKS = ("--forks", str(5 * (os.cpu_count() or 2)))
VERDICT = "the verdict is right"
SHARE = 6  # of the hosts that are left alone, one in six is tried when not all are
# The file that a hostile text would make here, if it were evaluated (tests/lab/faults/11_hostile.yml).
CANARY = Path("/tmp/webmedic-lab-pwned")


def symptoms(output: str) -> list[Check]:
    """The lab's own lines: "ok    HOST  words" or "WRONG HOST  words"."""
    return [
        Check(host, "the symptom shows", None if mark == "ok" else words.strip())
        for mark, host, words in re.findall(r"^(ok|WRONG) +(\S+) +(.*)$", output, re.M)
    ]


def prove(fleet: str, name: str, options: Sequence[str], shard: str, in_full: bool) -> Iterator[Check]:
    """Start a part of the hosts that the lab's options name, and prove it all on them.

    in_full: on the hosts of the first part the diagnosis runs in check mode, too. It has none of its own. And
    the remediation is tried on each host, with its check mode and a second run. Else it is tried on those
    that it mends, and on some of the others. Its check mode and a second run are tried on one host of each
    kind of repair. harm.py shows what it leaves alone, after audits in check mode.
    """
    reports = env.WORK / "fleet-test" / name / shard.replace("/", "-")
    shutil.rmtree(reports, ignore_errors=True)
    yield from symptoms(hosts.lab("fleet", fleet, *options, "--shard", shard, check=False))
    broken = BrokenFleet(fleet, reports)
    yield from broken.prove_verdicts(check_mode=in_full and shard.startswith("1/"))
    yield from broken.prove_remedy(in_full)


class BrokenFleet:
    """Hosts whose symptom shows. facts: what the lab says of each, by its name. reports: the directory of the
    reports.
    """

    def __init__(self, fleet: str, reports: Path) -> None:
        self.fleet, self.reports = fleet, reports
        self.inventory = hosts.inventory(fleet)
        self.facts = facts_of(yaml.safe_load(self.inventory.read_text()))
        self.home, self.tree = Path(sys.prefix), env.tree()
        self.as_broken: dict[str, Any] = {}  # the fingerprints after the diagnosis

    def prove_verdicts(self, check_mode: bool) -> Iterator[Check]:
        """The diagnosis says what is true, and changes nothing. check_mode: it says the same with --check."""
        CANARY.unlink(missing_ok=True)
        before = hosts.fingerprint(self.fleet)
        real = self.diagnosed("real")
        checked = self.diagnosed("check", "--check") if check_mode else {}
        after = self.as_broken = hosts.fingerprint(self.fleet)
        yield Check(
            self.fleet,
            "no text of a host was evaluated here",
            "%s exists" % CANARY if CANARY.exists() else None,
        )
        for report in filter(None, (real, checked)):
            yield Check(
                self.fleet,
                "the report is what its schema promises",
                report.get("no report") or against_schema(report),
            )
        for host, fact in sorted(self.facts.items()):
            entry = real.get("hosts", {}).get(host)
            yield Check(host, VERDICT, "; ".join(judge_host(host, fact["lab_expected"], entry).wrong) or None)
            if checked:
                in_check_mode = checked.get("hosts", {}).get(host, {})
                yield Check(host, "check mode says the same", same(in_check_mode, entry or {}))
            yield unchanged(host, "nothing is different afterwards", before, after)
        yield from self.prove_pages(real)

    def prove_pages(self, report: Mapping[str, Any]) -> Iterator[Check]:
        """No host that is called well has a page that fails. Asked for on every site, after the verdict."""
        well = [
            host
            for host in sorted(self.facts)
            if report.get("hosts", {}).get(host, {}).get("status") in ("healthy", "recovered")
        ]
        if not well:
            return
        output = hosts.lab("pages", self.fleet, *self.only(well), quiet=True, check=False)
        for mark, host, words in re.findall(r"^(ok|WRONG) +(\S+) +(.*)$", output, re.M):
            yield Check(host, "no page of a well host fails", None if mark == "ok" else words.strip())
        # The questions stand in the logs.
        self.as_broken |= hosts.fingerprint(self.fleet, *self.only(well))

    def only(self, chosen: Iterable[str]) -> tuple[str, str]:
        """The option of the lab that names these hosts."""
        return "--hosts", ",".join("%(lab_suite)s:%(lab_fault)s" % self.facts[host] for host in chosen)

    def diagnosed(self, name: str, *words: str) -> dict[str, Any]:
        """The report of one run; without one, {"no report": the end of the output}."""
        done = hosts.diagnose(self.home, self.tree, self.inventory, self.reports / name, *FORKS, *words)
        print(done.stdout)
        if done.returncode or not (self.reports / name / "report.json").exists():
            return {"no report": done.stdout[-6000:]}
        return hosts.load_report(self.reports / name)

    def remediated(self, name: str, *words: str) -> mended.Run:
        return mended.remediate(self.home, self.tree, self.inventory, self.reports / name, *FORKS, *words)

    def prove_remedy(self, in_full: bool) -> Iterator[Check]:
        """Check mode predicts the remediation, which mends what is safe, and no more. Call it after
        prove_verdicts(). in_full: see prove().
        """
        safe = {name: fact["lab_actions"] for name, fact in self.facts.items() if fact["lab_safe_fix"]}
        others = sorted(self.facts.keys() - safe)
        tried = sorted([*safe, *(others if in_full else others[::SHARE])])
        first_of = {tuple(actions): host for host, actions in sorted(safe.items(), reverse=True)}
        sampled = tried if in_full else sorted(first_of.values())
        twice = sorted(safe.keys() & set(sampled))
        before = self.as_broken
        checked = self.remediated("would", *limit(sampled), "--check", "--diff") if sampled else mended.NO_RUN
        untouched = hosts.fingerprint(self.fleet, *self.only(sampled)) if sampled else {}
        real = self.remediated("mend", *limit(tried), *mended.TOGETHER)
        print(real.output)
        after = hosts.fingerprint(self.fleet, *self.only(tried))
        answers = mended.answers(self.fleet, *self.only(safe)) if safe else {}
        again = self.remediated("again", *limit(twice), *mended.TOGETHER) if twice else mended.NO_RUN
        later = hosts.fingerprint(self.fleet, *self.only(twice)) if twice else {}
        ran = [("check", checked, sampled), ("real", real, tried), ("again", again, twice)]
        for name, run in [(name, run) for name, run, wanted in ran if wanted]:
            yield Check(
                self.fleet,
                "the remediation's report is what its schema promises (%s)" % name,
                against_schema(run.report) if run.report else run.output[-3000:],
            )
        wrong: dict[str, str | None] = {}
        for host in tried:
            fact, result = self.facts[host], real.results.get(host)
            if host in sampled:
                yield unchanged(host, "the remediation's check mode changes nothing", before, untouched)
                yield Check(
                    host,
                    "check mode predicts exactly what is done",
                    mended.prediction_problem(checked.results.get(host), result),
                )
            if host in twice:
                settled_later = changes(settled(after[host]), settled(later[host]))
                if not settled_later and again.results.get(host, {}).get("changed", True):
                    settled_later = ["it says it changed something"]
                yield Check(host, "a second run has nothing to do", "; ".join(settled_later) or None)
            if host in safe:
                answer = answers.get(host, "was not asked")
                wrong[host] = mended.mended_problem(result, safe[host], answer, fact["lab_other_actions"])
                yield Check(host, "it is mended", wrong[host])
            else:
                entry = real.report.get("hosts", {}).get(host, {})
                differences = "; ".join(changes(before[host], after[host])) or None
                yield Check(
                    host,
                    "it is left as it was, with advice",
                    mended.left_alone_problem(result, entry, differences),
                )
        print(mended.sum_up(safe, real.results, wrong))


def limit(names: Iterable[str]) -> tuple[str, str]:
    return "--limit", ",".join(names)


def unchanged(host: str, what: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Check:
    """before, after: fingerprints of all hosts."""
    return Check(host, what, "; ".join(changes(before[host], after[host])) or None)
