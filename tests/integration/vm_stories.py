# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a virtual machine shows and a container cannot. A boot or the kernel brings a risk about. Sites of the
role site serve again after a boot.
"""

import json
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from tests.integration.site_host import SiteHost
from tests.integration.site_plays import variables
from tests.lab.data import Spec
from tests.lab.engine import LabError
from tests.lab.vm.kinds import Trial
from tests.lab.vm.machine import Machine
from tests.run import hosts
from tests.run.checks import Check

if TYPE_CHECKING:
    from tests.integration.vm import Bench

CAUSE = "restart_at_risk"
SLOW = ("-e", "prevent_verify_timeout=90", "-e", "ansible_timeout=60")


def _strike(bench: "Bench", trial: Trial) -> None:
    if trial.strike == "boot":
        bench.machine.restart()
        return
    wrong = bench.done(trial, trial.strike)
    if wrong:
        raise LabError(wrong)


def _prevented(bench: "Bench", trial: Trial, host: str) -> str | None:
    """Why the risks were not taken away by the playbook prevent."""
    target = bench.reports / trial.fault.name / "prevented"
    target.mkdir(parents=True, exist_ok=True)
    policy = [{"cause": CAUSE, "reason": reason} for reason in trial.risks]
    options = {"prevent_policy": policy, "prevent_report_dir": str(target), **trial.options}
    done = hosts.play(
        *(bench.home, bench.collections, bench.machine.inventory, "webmedic.php_fpm.prevent"),
        *("-e", json.dumps(options), *SLOW),
    )
    (target / "output.txt").write_text(done.stdout, encoding="utf-8")
    if not (target / "report.json").exists():
        return done.stdout[-1500:]
    entry = hosts.load_report(target)["hosts"].get(host, {})
    found = (entry.get("remediation") or {}).get("findings", [])
    results = {item["reason"]: item["result"] for item in found}
    wrong = [reason for reason in trial.risks if results.get(reason) != "fixed"]
    return "%s: %s" % (wrong, entry.get("remediation")) if wrong else None


def risk_prevented(bench: "Bench", trial: Trial, host: str) -> Iterator[Check]:
    """The risk was told: it comes true, is prevented, is told no more, and does not come true."""
    _strike(bench, trial)
    yield Check(host, "what is foretold comes true", bench.done(trial, trial.hurt))
    bench.machine.reset()
    wrong = bench.broken(trial)
    yield Check(host, "it is prevented", wrong or _prevented(bench, trial, host))
    entry = bench.diagnosed(trial, "prevented-again").get("hosts", {}).get(host, {})
    left = {item["reason"] for item in entry.get("findings", [])} & set(trial.risks)
    remains = "%s, still %s" % (entry.get("status"), sorted(left)) if left or not entry else None
    yield Check(host, "it is told no more", remains)
    _strike(bench, trial)
    yield Check(host, "it does not come true", bench.done(trial, trial.after))


class _Site(SiteHost):
    """Of a virtual machine."""

    # pylint: disable-next=super-init-not-called  # no fleet holds it
    def __init__(self, machine: Machine, spec: Spec) -> None:
        self.machine, self.spec, self.name = machine, spec, spec.host

    def script(self, text: str) -> str:
        return self.machine.execute("set -eu\n%s\n%s\n" % (self.spec.suite.exports(), text))


def _made(bench: "Bench", trial: Trial, host: str) -> tuple[str | None, int]:
    """(why the role did not make the sites, how many of its tasks changed something)."""
    target = bench.reports / trial.fault.name
    tasks = [
        {"ansible.builtin.include_role": {"name": "webmedic.php_fpm.site"}, "vars": variables(preset)}
        for preset in trial.sites
    ]
    book = target / "sites.yml"
    book.write_text(json.dumps([{"hosts": host, "gather_facts": False, "tasks": tasks}]))
    patience = ("--diff", "-e", "site_verify_timeout=90", "-e", "ansible_timeout=60")
    done = hosts.play(bench.home, bench.collections, bench.machine.inventory, str(book), *patience)
    with open(target / "sites.txt", "a", encoding="utf-8") as log:
        log.write(done.stdout)
    changed = re.search(r"^%s .*changed=(\d+) " % re.escape(host), done.stdout, re.M)
    wrong = done.stdout[-2500:] if done.returncode or not changed else None
    return wrong, int(changed.group(1)) if changed else 0


def sites(bench: "Bench", trial: Trial, host: str) -> Iterator[Check]:
    """A site of each preset is made and serves; it does so again after a boot, and nothing is left to do."""
    site = _Site(bench.machine, trial.spec(bench.kind))
    site.prepare(trial.sites)
    wrong, _changed = _made(bench, trial, host)
    yield Check(host, "the role makes the sites", wrong)
    if wrong:
        return
    yield from site.quiet()
    took = bench.machine.restart()
    for preset in trial.sites:
        yield from site.pages(preset)
    wrong, changed = _made(bench, trial, host)
    more = "%d tasks changed something, see sites.txt" % changed if changed else None
    yield Check(host, "the role changes nothing after a reboot, %s" % took, wrong or more)
    yield bench.nothing_wrong(trial, host)
