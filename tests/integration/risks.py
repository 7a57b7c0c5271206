# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What will be the next 502, foretold and then driven to come true: ``python3 -m tests.integration.risks``.

Each story of risks/stories.yml happens on a real host. The risk is told. What it foretells is made to happen,
and is seen. The same host after a prevention holds. ``--few``, ``--only WORD``: as in ahead.py. FLEET_KEEP=1
leaves the hosts.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from tests.integration.ahead import AWAY, BACK, KEEP, SUITES, payload
from tests.lab.data import HOME, Suite, load_suites
from tests.lab.engine import LabError, engine, execute
from tests.run import env, hosts
from tests.run.checks import Check, print_checks

FLEET = hosts.PREFIX + "risks"
STORIES = Path(__file__).with_suffix("") / "stories.yml"
SECONDS = 180.0
CAUSE = "restart_at_risk"
# What every host of the lab has as its packages leave it. No OOM kill is seen by systemd in the containers'
# old hierarchy of control groups.
STANDING = ("reload_cuts",)
LOOK = """
cd %s && python3 - <<'PROGRAM'
import json
from ansible_collections.webmedic.php_fpm.plugins.module_utils.ahead.risks import take_with_risks
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.host import Host
from ansible_collections.webmedic.php_fpm.plugins.module_utils.rules.latent.diagnose import diagnose_ahead
print("\\n" + json.dumps(diagnose_ahead(take_with_risks(Host(), 5, 3.0, 60.0))))
PROGRAM
"""
PREVENT = """
cd %s && python3 - <<'PROGRAM'
import json
from ansible_collections.webmedic.php_fpm.plugins.module_utils.ahead.prevent import Wanted, prevent
from ansible_collections.webmedic.php_fpm.plugins.module_utils.change.disk import Disk
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.host import Host
from ansible_collections.webmedic.php_fpm.plugins.module_utils.plan.policy import Policy
options = dict(window=5, probe_timeout=3.0, max_risk="high", only=[], skip=[], probe_path="/index.php",
    verify_timeout=20.0, max_repeats=9, repeat_period=1, swap_size="", max_disruption="reload", max_cut=0,
    quiet_wait=10.0, managed_files="leave")
options.update(%r)
wanted = [Wanted("restart_at_risk", reason) for reason in %r]
print("\\n" + json.dumps(prevent(Host(), Disk(), Policy(**options), wanted, %r)["remediation"]))
PROGRAM
"""


class Story(NamedTuple):
    name: str
    do: str
    suites: Sequence[str] = SUITES
    reasons: Sequence[str] = ()
    strike: str = ""
    hurt: str = ""
    policy: Sequence[str] = ()
    options: dict[str, Any] = {}
    mend: str = ""
    well: str = ""
    undo: str = ":"
    variation: bool = False


def load() -> list[Story]:
    return [Story(**entry) for entry in yaml.safe_load(STORIES.read_text())]


class Stage:
    """A host on which one story after the other happens."""

    def __init__(self, suite: Suite) -> None:
        self.suite = suite
        self.container = "webmedic-%s-%s-plain" % (FLEET, suite.name)

    def script(self, text: str) -> str:
        head = "\n".join(["set -eu", self.suite.exports(), (HOME / "image/lib.sh").read_text(), ""])
        return execute(self.container, head + text, timeout=SECONDS)

    def answer(self, text: str) -> Any:
        """What a program of ours says at its end."""
        return json.loads(self.script(text).strip().splitlines()[-1])

    def reasons(self) -> list[str]:
        """Of its risks, beside those that each host has."""
        verdict = self.answer(LOOK % AWAY)
        unseen = [entry for entry in verdict["missing"] if entry["what"].startswith("risk_")]
        if verdict["status"] not in ("healthy", "recovered") or unseen:
            raise LabError("%s, missing %s" % (verdict["status"], verdict["missing"]))
        found = [item["reason"] for item in verdict["findings"] if item["cause"] == CAUSE]
        return sorted(set(found) - set(STANDING))

    def strike(self, story: Story) -> None:
        if story.strike != "boot":
            self.script(story.strike)
            return
        engine("restart", "-t", "5", self.container)
        self.script(
            "timeout 60 systemctl is-system-running --wait || true; timeout 20 sh -c "
            '"until systemctl is-active -q nginx; do sleep 0.2; done"'
        )

    def prevent(self, story: Story) -> str | None:
        """Why the risk was not taken away."""
        if story.mend:
            self.script(story.mend)
            return None
        policy, options = list(story.policy), story.options
        shown = self.answer(PREVENT % (AWAY, options, policy, True))
        if {action["result"] for action in shown["actions"]} != {"would"}:
            return "check mode: %s" % shown
        done = self.answer(PREVENT % (AWAY, options, policy, False))
        results = {item["reason"]: item["result"] for item in done["findings"]}
        wrong = [reason for reason in policy if results.get(reason) != "fixed"]
        return "%s: %s" % (wrong, done) if wrong else None

    def tell(self, story: Story) -> Iterator[Check]:
        """The risk, the outage, the prevention, and the same without the outage."""

        def check(what: str, wrong: str | None) -> Check:
            return Check(self.suite.name, "%s %s" % (story.name, what), wrong and wrong[:2500])

        self.script(story.do)
        found = self.reasons()
        yield check("is told", None if found == sorted(story.reasons) else str(found))
        if story.hurt:
            self.strike(story)
            yield check("comes true", self.fails(story.hurt))
            self.back(story)
            self.script(story.do)
        if not story.well:
            return
        yield check("is taken away", self.prevent(story))
        left = self.reasons()
        gone = not set(left) & set(story.policy or story.reasons[:1])
        yield check("is told no more", None if gone else str(left))
        if story.strike:
            self.strike(story)
        yield check("does not come true", self.fails(story.well))

    def fails(self, script: str) -> str | None:
        try:
            self.script(script)
        except LabError as error:
            return str(error)
        return None

    def back(self, story: Story) -> None:
        self.script(story.undo + "\n" + BACK)
        self.script('systemctl enable -q "$FPM_UNIT" nginx')


def on_stage(stage: Stage, stories: Sequence[Story]) -> list[Check]:
    suite, checks = stage.suite.name, list[Check]()
    standing = stage.answer(LOOK % AWAY)
    told = sorted({item["reason"] for item in standing["findings"] if item["state"] == "latent"})
    checks.append(
        Check(suite, "a host as its packages leave it", None if told == sorted(STANDING) else str(told))
    )
    for story in stories:
        began = time.monotonic()
        try:
            checks += stage.tell(story)
        except (LabError, ValueError) as error:
            checks.append(Check(suite, "%s goes on" % story.name, str(error)[:2500]))
        finally:
            stage.back(story)
        print("%-8s %-45s %4.0f s" % (suite, story.name, time.monotonic() - began), flush=True)
    return checks


def stories_of(suite: str, every: Sequence[Story], few: bool) -> list[Story]:
    """few: without variations, and each on one suite."""
    mine = [story for story in every if suite in story.suites]
    if not few:
        return mine
    left = [story for story in every if not story.variation]
    shared = [story.name for story in left if len(story.suites) > 1]
    turn = shared[SUITES.index(suite) :: len(SUITES)]
    return [story for story in mine if not story.variation and (story.name in turn or len(story.suites) == 1)]


def prove(suites: Sequence[str], few: bool, only: str) -> Iterator[Check]:
    every = [story for story in load() if only in story.name]
    hosts.lab("down", FLEET, quiet=True, check=False)
    try:
        hosts.lab("up", FLEET, "--hosts", ",".join(suite + ":plain" for suite in suites), quiet=True)
        stages = [Stage(load_suites()[suite]) for suite in suites]
        for stage in stages:
            stage.script(payload(env.tree("tree-risks")) + KEEP)
        with ThreadPoolExecutor(len(stages)) as pool:
            work = [
                pool.submit(on_stage, stage, stories_of(stage.suite.name, every, few)) for stage in stages
            ]
            for ended in work:
                yield from ended.result()
    finally:
        if not os.environ.get("FLEET_KEEP"):
            hosts.lab("down", FLEET, quiet=True, check=False)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("suites", nargs="*")
    parser.add_argument("--few", action="store_true")
    parser.add_argument("--only", default="", metavar="WORD")
    words = parser.parse_args()
    return print_checks(prove(words.suites or SUITES, words.few, words.only))


if __name__ == "__main__":
    os.umask(0o022)
    sys.exit(main())
