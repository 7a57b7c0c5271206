# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every fault of the virtual machines, told apart, mended, and still mended after a reboot.

``python3 -m tests.integration.vm [--all] [KIND[:FAULT],...]`` with globs; see tests/lab/vm/README.md. Without
words, variations of a fault are left out; --all has them, too.

A machine is started once and set back before each fault. The symptom shows by HTTP before the diagnosis, by
the installed collection over SSH. What can be mended is mended, by the remediation or by what its advice
says, and answers. Then the machine is started again: the page answers, and nothing is wrong.

VM_KEEP=1 leaves the machines as they are after their last fault.
"""

import os
import queue
import shutil
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from tests.integration import mended, vm_stories
from tests.integration.broken_fleet import VERDICT
from tests.integration.compare import against_schema
from tests.lab import scripts
from tests.lab.engine import LabError
from tests.lab.judge import facts_of, judge_host
from tests.lab.vm import disks
from tests.lab.vm.kinds import Kind, Trial, load_kinds, select
from tests.lab.vm.machine import Machine
from tests.run import env, hosts, package
from tests.run.checks import Check, print_checks

AT_A_TIME = 2  # machines
ALL = "--all"
OVER = ("healthy", "recovered")
# An answer takes seconds where the processor is emulated.
PATIENT = tuple(
    word
    for pair in (
        "remediate_verify_timeout=90",
        "diagnose_deadline=120",
        "diagnose_host_timeout=240",
        "ansible_timeout=60",
    )
    for word in ("-e", pair)
)


class Bench:
    """One machine, and what is proven on it. collections: where the collection is installed."""

    def __init__(self, kind: Kind, collections: Path) -> None:
        self.kind, self.collections, self.home = kind, collections, Path(sys.prefix)
        self.machine = Machine(hosts.PREFIX + kind.name, kind, disks.ensure(kind))
        self.reports = env.WORK / "vm" / "reports" / kind.name
        shutil.rmtree(self.reports, ignore_errors=True)

    def prove(self, trials: Sequence[Trial]) -> Iterator[Check]:
        try:
            took = self.machine.start()
        except LabError as error:
            yield Check(self.kind.name, "the machine starts", str(error))
            return
        yield Check(self.kind.name, "the machine starts, %s" % took, None)
        for trial in trials:
            began = time.monotonic()
            try:
                yield from self._prove(trial)
            except LabError as error:
                yield Check(trial.fault.name, "the machine can be asked", str(error))
            print(
                "%-10s %-35s %4.0f s" % (self.kind.name, trial.fault.name, time.monotonic() - began),
                flush=True,
            )
        if not os.environ.get("VM_KEEP"):
            self.machine.end()

    def _prove(self, trial: Trial) -> Iterator[Check]:
        self.machine.reset()
        spec = trial.spec(self.kind)
        host = self.machine.write_inventory(spec)
        seen = self.broken(trial)
        yield Check(host, "the symptom shows", seen)
        if seen:
            return
        fact = facts_of(yaml.safe_load(self.machine.inventory.read_text()))[host]
        reported = self.diagnosed(trial, "broken")
        yield Check(host, "the report is what its schema promises", against_schema(reported))
        judged = judge_host(host, fact["lab_expected"], reported.get("hosts", {}).get(host))
        yield Check(host, VERDICT, "; ".join(judged.wrong) or None)
        if trial.risks:
            yield from vm_stories.risk_prevented(self, trial, host)
        if trial.sites:
            yield from vm_stories.sites(self, trial, host)
        if not trial.mended:
            return
        self.machine.execute(scripts.calm())
        yield self._mended(trial, host)
        yield from self._restarted(trial, host)

    def broken(self, trial: Trial) -> str | None:
        """What is wrong with the symptom of a machine that is as the fault leaves it."""
        spec = trial.spec(self.kind)
        return self.wrong_answers(scripts.broken(spec) + "\n" + scripts.traffic(spec))

    def wrong_answers(self, script: str) -> str | None:
        """What is wrong with the answers to the requests of a script; None when nothing is."""
        try:
            scripts.verdict(self.machine.execute(script))
        except LabError as error:
            return str(error)
        return None

    def done(self, trial: Trial, script: str) -> str | None:
        """Why the commands do not succeed."""
        try:
            self.machine.execute(scripts.with_helpers(trial.spec(self.kind), script))
        except LabError as error:
            return str(error)
        return None

    def diagnosed(self, trial: Trial, name: str) -> Mapping[str, Any]:
        target = self.reports / trial.fault.name / name
        target.mkdir(parents=True, exist_ok=True)
        latent = "diagnose_latent=%s" % str(trial.latent).lower()
        words = ("-e", "diagnose_snapshot=true", "-e", latent, *PATIENT)
        done = hosts.diagnose(self.home, self.collections, self.machine.inventory, target, *words)
        (target / "output.txt").write_text(done.stdout, encoding="utf-8")
        return hosts.load_report(target) if (target / "report.json").exists() else {}

    def _mended(self, trial: Trial, host: str) -> Check:
        """By the remediation where that may do it, else by the commands of the advice."""
        probe = scripts.probe(trial.spec(self.kind))
        if not trial.fault.safe_fix:
            self.machine.execute(scripts.with_helpers(trial.spec(self.kind), trial.cure))
            return Check(host, "the advice mends it", self.wrong_answers(probe))
        target = self.reports / trial.fault.name / "mended"
        words = [word for name, value in trial.options.items() for word in ("-e", "%s=%s" % (name, value))]
        run = mended.remediate(
            self.home, self.collections, self.machine.inventory, target, *words, *PATIENT, *mended.TOGETHER
        )
        mended.keep(target / "output.txt", run)
        problem = mended.mended_problem(run.results.get(host), trial.fault.actions, self.wrong_answers(probe))
        return Check(host, "the remediation mends it", problem)

    def _restarted(self, trial: Trial, host: str) -> Iterator[Check]:
        spec = trial.spec(self.kind)
        took = self.machine.restart()
        yield Check(host, "it answers after a reboot, %s" % took, self.wrong_answers(scripts.probe(spec)))
        if trial.after:
            yield Check(host, "what was mended is in use after the reboot", self.done(trial, trial.after))
        yield self.nothing_wrong(trial, host)

    def nothing_wrong(self, trial: Trial, host: str) -> Check:
        """On a machine that was started again."""
        entry = self.diagnosed(trial, "restarted").get("hosts", {}).get(host, {})
        found = [finding["cause"] for finding in entry.get("findings", []) if finding["state"] == "active"]
        active = [cause for cause in found if cause not in trial.still]
        status, right = entry.get("status"), (*OVER, trial.restarted)
        wrong = None if status in right and not active else "%s %s" % (status, active)
        return Check(host, "nothing is wrong after the reboot", wrong)


def side_by_side(wanted: Mapping[str, Sequence[Trial]], collections: Path) -> Iterator[Check]:
    """The checks of all machines as they come, two machines at a time."""
    checks: queue.Queue[Check | None] = queue.Queue()
    kinds, known, turn = list(wanted), load_kinds(), threading.Lock()

    def work() -> None:
        while True:
            with turn:
                if not kinds:
                    break
                name = kinds.pop(0)
            try:
                for check in Bench(known[name], collections).prove(wanted[name]):
                    checks.put(check)
            except Exception as error:  # a thread's own would be lost
                checks.put(Check(name, "the machine is proven", repr(error)))
        checks.put(None)

    workers = [threading.Thread(target=work, daemon=True) for _number in range(AT_A_TIME)]
    for worker in workers:
        worker.start()
    ended = 0
    while ended < len(workers):
        check = checks.get()
        if check is None:
            ended += 1
        else:
            yield check


def main(argv: Sequence[str]) -> int:
    try:
        words = [word for each in argv for word in each.split(",") if each != ALL]
        wanted = select(words or ["*"], variations=bool(words) or ALL in argv)
        hosts.lab("install", "--vm", quiet=True)
        collections = package.install(Path(sys.prefix))
    except LabError as error:
        sys.exit("FAILED %s" % error)
    code = print_checks(side_by_side(wanted, collections))
    print("%s: the reports" % (env.WORK / "vm" / "reports"))
    return code


if __name__ == "__main__":
    os.umask(0o022)
    sys.exit(main(sys.argv[1:]))
