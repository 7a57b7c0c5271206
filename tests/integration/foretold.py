# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What will be the next 502, told and then brought about: ``python3 -m tests.integration.foretold``.

Each story of foretold/*.yml happens on a real host, which is put back before the next one. The host gets the
risk, and exactly that is told. Then it is driven into the outage that was foretold. Then it is cured as the
advice says: the risk is told no more, and what brought the outage about does not any more. Beside them stand
hosts that nearly have it. ``--few``: without variations, each on one suite. ``--only WORD``: the stories with
this word in their name. FLEET_KEEP=1 leaves the hosts.
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

from tests.integration.ahead import AWAY, BACK, KEEP, Stage, filled, payload
from tests.lab.data import HOME, load_suites
from tests.lab.engine import LabError, execute
from tests.run import env, hosts
from tests.run.checks import Check, print_checks

FLEET = hosts.PREFIX + "foretold"
SUITES = ("trixie", "el")
SECONDS = 300.0
STORIES = Path(__file__).with_suffix("")
# What stories change beside the configuration.
CLEAN = """
for file in "$NGINX_LOG" "$FPM_LOG"; do [ ! -e "$file" ] || : >"$file"; done
rm -f /var/www/shop/.user.ini /var/www/*/told_*.php
"""
LOOK = (
    """
cd %s && python3 - <<'PROGRAM'
import json
from ansible_collections.webmedic.php_fpm.plugins.module_utils.ahead.risks import take_with_risks
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.host import Host
from ansible_collections.webmedic.php_fpm.plugins.module_utils.reply import sendable
from ansible_collections.webmedic.php_fpm.plugins.module_utils.rules.latent.diagnose import diagnose_ahead
print("\\n" + json.dumps(sendable(diagnose_ahead(take_with_risks(Host(), 900, 3.0, 60.0)))))
PROGRAM
"""
    % AWAY
)


PREVENT = (
    """
cd %s && python3 - <<'PROGRAM'
import json
from ansible_collections.webmedic.php_fpm.plugins.module_utils.ahead.prevent import Wanted, prevent
from ansible_collections.webmedic.php_fpm.plugins.module_utils.change.disk import Disk
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.host import Host
from ansible_collections.webmedic.php_fpm.plugins.module_utils.plan.policy import Policy
policy = Policy(window=5, probe_timeout=3.0, max_risk="high", only=[], skip=[], probe_path="/index.php",
    verify_timeout=20.0, max_repeats=9, repeat_period=1, swap_size="", max_disruption="reload", max_cut=0,
    quiet_wait=10.0, managed_files="leave")
done = prevent(Host(), Disk(), policy, [Wanted(*words) for words in WANTED], False)["remediation"]
print("\\n" + json.dumps(done))
PROGRAM
"""
    % AWAY
)


class Story(NamedTuple):
    """causes: of its file; risks of others are not its business. risks: reasons, each as often as it is told.

    where: of a reason, fields and their values. outage: a script that ends well where the outage came. cure:
    what ends the risk, by hand. prevented: by the prevention of these reasons, in place of that.
    """

    causes: Sequence[str]
    name: str
    do: str = ":"
    risks: Sequence[str] = ()
    suites: Sequence[str] = SUITES
    where: dict[str, dict[str, Any]] = {}
    outage: str = ""
    cure: str = ""
    prevented: Sequence[str] = ()
    variation: bool = False


def load() -> list[Story]:
    stories = []
    for path in sorted(STORIES.glob("*.yml")):
        data = yaml.safe_load(path.read_text())
        stories += [Story(data["causes"], **entry) for entry in data["stories"]]
    return stories


class Told(Stage):
    """A host on which one story after the other happens."""

    def __init__(self, suite: str) -> None:
        super().__init__(load_suites()[suite])
        self.container = "webmedic-%s-%s-plain" % (FLEET, suite)
        self.pages = "".join(path.read_text() for path in sorted(STORIES.glob("*.sh")))

    def script(self, text: str) -> str:
        """A prevention looks more than once."""
        head = "\n".join(["set -eu", self.suite.exports(), (HOME / "image/lib.sh").read_text(), ""])
        return execute(self.container, head + text, timeout=SECONDS)

    def ends_well(self, text: str) -> str | None:
        try:
            self.script(self.pages + text)
        except LabError as error:
            return str(error)[:1500] or "it failed"
        return None

    def look(self, story: Story, expected: Sequence[str]) -> str | None:
        told = json.loads(self.script(LOOK).strip().splitlines()[-1])
        found = [
            each for each in told["findings"] if each["state"] == "latent" and each["cause"] in story.causes
        ]
        words = []
        if sorted(each["reason"] for each in found) != sorted(expected):
            words.append("told: %s" % sorted(each["reason"] for each in found))
        for reason, fields in story.where.items() if expected else ():
            seen = [each for each in found if each["reason"] == reason]
            for name, value in fields.items():
                if filled(value, self.suite) not in [each[name] for each in seen]:
                    words.append("%s: %s is %s" % (reason, name, [each[name] for each in seen]))
        gaps = [entry for entry in told["missing"] if entry["what"].startswith("risk_")]
        words += ["missing: %s" % gaps] if gaps else []
        return "; ".join([*words, json.dumps(found or told)])[:3000] if words else None

    def prevent(self, story: Story) -> str | None:
        wanted = [(cause, reason) for cause in story.causes for reason in story.prevented]
        done = json.loads(self.script(PREVENT.replace("WANTED", repr(wanted))).strip().splitlines()[-1])
        results = {item["reason"]: item["result"] for item in done["findings"]}
        wrong = [reason for reason in story.prevented if results.get(reason) != "fixed"]
        return "%s: %s" % (wrong, json.dumps(done)[:2000]) if wrong else None

    def acts(self, story: Story) -> Iterator[Check]:
        name = story.name
        self.script(self.pages + story.do)
        wrong = self.look(story, story.risks)
        told = "is told" if story.risks else "nothing is told"
        yield Check(self.suite.name, "%s: %s" % (name, told), wrong)
        if story.outage:
            yield Check(self.suite.name, "%s: comes true" % name, self.ends_well(story.outage))
        if not story.cure and not story.prevented:
            return
        self.script(BACK + CLEAN + self.pages + story.do + "\n" + story.cure)
        if story.prevented:
            yield Check(self.suite.name, "%s: is prevented" % name, self.prevent(story))
        yield Check(self.suite.name, "%s: cured, nothing is told" % name, self.look(story, ()))
        if story.outage:
            came = None if self.ends_well(story.outage) else "the outage came all the same"
            yield Check(self.suite.name, "%s: cured, it does not come" % name, came)

    def play(self, story: Story) -> list[Check]:
        checks: list[Check] = []
        try:
            checks += self.acts(story)
        except (LabError, ValueError) as error:
            checks.append(Check(self.suite.name, "%s is played" % story.name, str(error)[:1500]))
        finally:
            self.script(BACK + CLEAN)
        return checks


def stories_of(suite: str, every: Sequence[Story], few: bool) -> list[Story]:
    """few: those that both suites have are shared out by turns."""
    mine = [story for story in every if suite in story.suites]
    if not few:
        return mine
    left = [story for story in every if not story.variation]
    shared = [story for story in left if len(story.suites) > 1][SUITES.index(suite) :: len(SUITES)]
    return [story for story in left if story in shared or story.suites == [suite]]


def on_stage(stage: Told, stories: Sequence[Story]) -> list[Check]:
    checks: list[Check] = []
    for story in stories:
        began = time.monotonic()
        checks += stage.play(story)
        print("%-8s %-45s %4.0f s" % (stage.suite.name, story.name, time.monotonic() - began), flush=True)
    return checks


def prove(suites: Sequence[str], few: bool, only: str) -> Iterator[Check]:
    every = [story for story in load() if only in story.name]
    hosts.lab("down", FLEET, quiet=True, check=False)
    try:
        hosts.lab("up", FLEET, "--hosts", ",".join(suite + ":plain" for suite in suites), quiet=True)
        stages = [Told(suite) for suite in suites]
        for stage in stages:
            stage.script(payload(env.tree("tree-foretold")) + KEEP)
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
