# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A dozen real hosts, each broken in its own way, told apart and mended by the installed collection.
DEMO_KEEP=1 leaves the hosts.
"""

import os
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from tests.integration import mended
from tests.lab.judge import facts_of, judge, summary
from tests.run import env, hosts, package

FLEET = "demo"
REPORT = env.CHECKOUT / "webmedic-report"


class Played(NamedTuple):
    """What the collection said and did. facts: the truth about each host, by name."""

    facts: dict[str, dict[str, Any]]
    diagnosed: dict[str, Any]
    mended: mended.Run
    answers: dict[str, str | None]


class Clock:
    def __init__(self) -> None:
        self.began = time.monotonic()

    def tell(self, text: str) -> None:
        print("== %3.0f s  %s" % (time.monotonic() - self.began, text), flush=True)


def diagnose_and_mend(home: Path, collections: Path, clock: Clock) -> Played:
    """On a fleet that is started for it."""
    inventory, engine = hosts.inventory(FLEET), hosts.as_shown()
    print(hosts.lab("fleet", FLEET, check=False), end="")
    clock.tell("ansible-playbook -i %s webmedic.php_fpm.diagnose" % inventory)
    facts = facts_of(yaml.safe_load(inventory.read_text()))
    REPORT.mkdir(exist_ok=True)
    (REPORT / "report.json").unlink(missing_ok=True)
    print(hosts.diagnose(home, collections, inventory, REPORT, engine=engine).stdout, end="")
    diagnosed = hosts.load_report(REPORT) if (REPORT / "report.json").exists() else {}
    for options in (("--check", "--diff"), mended.TOGETHER):
        clock.tell("ansible-playbook -i %s webmedic.php_fpm.remediate %s" % (inventory, " ".join(options)))
        run = mended.remediate(home, collections, inventory, REPORT, *options, engine=engine)
        print(run.output, end="")
    answers = mended.answers(FLEET)
    clock.tell("ansible-playbook -i %s webmedic.php_fpm.prevent --check" % inventory)
    where = ("--check", "-e", "prevent_report_dir=%s" % REPORT)
    risks = hosts.play(home, collections, inventory, "webmedic.php_fpm.prevent", *where, engine=engine)
    print(risks.stdout, end="")
    return Played(facts, diagnosed, run, answers)


def judged(played: Played, clock: Clock) -> int:
    """Compares it with the truth; 0 where all of it is right."""
    verdicts = judge(played.diagnosed, {name: fact["lab_expected"] for name, fact in played.facts.items()})
    for verdict in verdicts:
        if verdict.wrong:
            print("WRONG %s: %s" % (verdict.host, "; ".join(verdict.wrong)))
    safe = {name: fact["lab_actions"] for name, fact in played.facts.items() if fact["lab_safe_fix"]}
    results = played.mended.results
    problems = {
        name: mended.mended_problem(results.get(name), actions, played.answers.get(name, "was not asked"))
        for name, actions in safe.items()
    }
    for name, why in problems.items():
        if why:
            print("WRONG %s: %s" % (name, why))
    clock.tell(summary(verdicts))
    clock.tell(mended.sum_up(safe, results, problems))
    print("Report: %s" % (REPORT / "report.json"))
    print("Page:   %s" % (REPORT / "latest" / "report.html").resolve().as_uri())
    return int(any(verdict.wrong for verdict in verdicts) or any(problems.values()))


def main() -> int:
    clock = Clock()
    home = Path(sys.prefix)
    clock.tell("what the lab needs: podman, runc, mmdebstrap")
    hosts.lab("install", quiet=True)
    clock.tell("the hosts' images (the first time: a few minutes)")
    hosts.lab("images", quiet=True)
    clock.tell("a tarball of the collection, installed on its own")
    collections = package.install(home)
    clock.tell("the hosts: started, broken, and asked for a page")
    hosts.lab("down", FLEET, quiet=True, check=False)
    try:
        played = diagnose_and_mend(home, collections, clock)
    finally:
        if os.environ.get("DEMO_KEEP"):
            clock.tell("the hosts stay; `make down` removes them")
        else:
            hosts.lab("down", FLEET, quiet=True)
    return judged(played, clock) if played.diagnosed and played.mended.report else 1


if __name__ == "__main__":
    os.umask(0o022)
    sys.exit(main())
