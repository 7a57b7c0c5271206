# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A real host on which one story of a risk after the other happens."""

import base64
import io
import json
import shlex
import string
import tarfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.integration.risk_stories import BOOT, STANDING, STORIES, Restart, Story
from tests.lab.data import HOME, load_suites
from tests.lab.engine import LabError, engine, execute
from tests.run import env, hosts
from tests.run.checks import Check

FLEET = hosts.PREFIX + "risks"
ON_HOST = Path(__file__).resolve().parent / "on_host"
AWAY = "/root/away"
SECONDS = 600.0
MARK = "ANSWER "  # of a line with what a program of on_host/ says
ILL = ("failing", "degraded")
# Ends well where the first script does not, and the second does.
NOT_BUT = """
set +e
( set -e
%s
)
came=$?
set -e
[ "$came" != 0 ] || { echo 'the outage came all the same' >&2; exit 1; }
%s
"""
# What stories change. The copy keeps owners, modes and ACLs.
KEEP = "rm -rf /root/kept && mkdir /root/kept && cp -a /etc /var/www /root/kept/"
BACK = """
rm -rf /etc/php* /etc/{nginx,tmpfiles.d,logrotate.d,systemd/system} /var/www
for path in /root/kept/etc/php* /root/kept/etc/{nginx,tmpfiles.d,logrotate.d}; do
    [ ! -e "$path" ] || cp -a "$path" /etc/
done
cp -a /root/kept/etc/systemd/system /etc/systemd/
cp -a /root/kept/www /var/
for file in "$NGINX_LOG" "$FPM_LOG" /var/log/nginx/*access*log; do [ ! -e "$file" ] || : >"$file"; done
systemctl daemon-reload
pkill -f 'curl -s -o /dev/null' || true
systemctl reset-failed  # a unit may start five times in ten seconds
systemctl restart "$FPM_UNIT" nginx
sleep 0.5  # what the next story writes must be seen to be newer than what runs
"""
# Stories restart a unit so often that one start more within ten seconds could be refused, and that is told.
RESTED = """
for unit in "$FPM_UNIT" nginx.service; do
    for _ in $(seq 100); do
        starts=$(journalctl -q --no-pager -b -o cat --since=-10s _PID=1 "UNIT=$unit" \
            MESSAGE_ID=39f53479d3a045ac8e11786248231fbf MESSAGE_ID=be02cf6855d2428ba40df7e9d022f03d | wc -l)
        [ "$starts" -ge 5 ] || break
        sleep 0.1
    done
done
"""
# Before systemd listens, systemctl does not wait.
BOOTED = """
timeout 60 sh -c "until [ -S /run/systemd/private ]; do sleep 0.2; done"
timeout 60 systemctl is-system-running --wait || true
timeout 60 sh -c "until systemctl is-active -q nginx; do sleep 0.2; done"
"""


def payload(tree: Path) -> str:
    """A script that unpacks the hosts' side of the collection in a host."""
    utils = tree / env.COLLECTION / "plugins" / "module_utils"
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for path in sorted(utils.rglob("*.py")):
            archive.add(path, str(path.relative_to(tree)))
    text = base64.encodebytes(packed.getvalue()).decode()
    unpack = "mkdir -p %s; base64 -d <<'DATA' | tar xz --no-same-owner -C %s\n%sDATA\n"
    return unpack % (AWAY, AWAY, text)


def program(name: str, *words: str) -> str:
    """A script that runs a program of on_host/ with the hosts' side of the collection."""
    line = shlex.join(["python3", "-", *words])
    return "\ncd %s && %s <<'PROGRAM'\n%sPROGRAM\n" % (AWAY, line, (ON_HOST / name).read_text())


def look(*names: str) -> str:
    return RESTED + program("told_risks.py", *names)


def answers_in(output: str) -> list[Any]:
    """What programs of on_host/ say there."""
    return [json.loads(line[len(MARK) :]) for line in output.splitlines() if line.startswith(MARK)]


def back_from(story: Story) -> str:
    return "\n%s\n%s" % (story.undo, BACK)


def prevention(story: Story) -> str:
    """In check mode, and then really."""
    wanted = json.dumps([(cause, reason) for cause in story.causes for reason in story.prevented])
    return "".join(program("prevent_risks.py", wanted, word) for word in ("check", "do"))


def wrong_prevention(story: Story, shown: dict[str, Any], done: dict[str, Any]) -> str | None:
    """Why the risk was not taken away."""
    if {action["result"] for action in shown["actions"]} != {"would"}:
        return "check mode: %s" % json.dumps(shown)[:2000]
    results = {item["reason"]: item["result"] for item in done["findings"]}
    wrong = [reason for reason in story.prevented if results.get(reason) != "fixed"]
    return "%s: %s" % (wrong, json.dumps(done)[:2000]) if wrong else None


class Stage:
    """The host, and what is proven on it by one story."""

    def __init__(self, suite: str) -> None:
        self.suite = load_suites()[suite]
        self.container = "webmedic-%s-%s-plain" % (FLEET, suite)
        self.helpers = "".join(path.read_text() for path in sorted(STORIES.glob("*.sh")))

    def script(self, text: str) -> str:
        head = "\n".join(["set -eu", self.suite.exports(), (HOME / "image/lib.sh").read_text(), ""])
        return execute(self.container, head + text, timeout=SECONDS)

    def answers(self, text: str) -> list[Any]:
        """Of a script of a story, whose helpers make pages."""
        return answers_in(self.script(self.helpers + text))

    def set_up(self, tree: Path) -> None:
        self.script(payload(tree) + KEEP)

    def ends_well(self, text: str) -> str | None:
        try:
            self.answers(text)
        except LabError as error:
            return str(error)[:1500] or "it failed"
        return None

    def strike(self, story: Story) -> str:
        """What is left to do for it in the host."""
        if story.strike != BOOT:
            return story.strike + "\n"
        try:
            engine("restart", "-t", "5", self.container)
        except LabError:  # a busy machine ends a host too late for the engine
            engine("start", self.container)
        return BOOTED

    def acts(self, story: Story) -> Iterator[Check]:
        """The risk, the outage, the cure, and the same without the outage."""

        began = time.monotonic()

        def check(what: str, wrong: str | None) -> Check:
            took = time.monotonic() - began
            return Check(self.suite.name, "%s: %s, %.0f s" % (story.name, what, took), wrong)

        looks = [*(["restart"] if story.restart else []), *(["risks"] if story.audited else [])]
        back = "" if story.outage or story.cured else back_from(story)
        reply = self.answers(story.do + "\n" + look(*looks) + back)[0]
        self.is_back = bool(back)
        if story.restart:
            yield check("restart_info tells it", self.wrong_restart(story.restart, reply["restart"]))
        if story.audited:
            expected = story.risks or ()
            wrong = self.wrong_risks(story, expected, reply["risks"])
            yield check("an audit tells it" if expected else "an audit tells nothing", wrong)
        if story.outage:
            yield check("it comes true", self.ends_well(self.strike(story) + story.outage))
        if not story.cured:
            return
        # What is put back has not the pages that the helpers make.
        again = back_from(story) + self.helpers + story.do if story.outage else ""
        cure = prevention(story) if story.prevented else story.cure
        *prevented, left = self.answers("\n".join([again, cure, look("risks")]))
        if story.prevented:
            yield check("it is prevented", wrong_prevention(story, *prevented))
        yield check("cured, nothing is told", self.wrong_risks(story, (), left["risks"]))
        if story.outage:
            text = NOT_BUT % (self.strike(story) + story.outage, story.well)
            yield check("cured, it does not come", self.ends_well(text))

    def play(self, story: Story) -> Iterator[Check]:
        """The whole story. The next one finds the host as this one did."""
        self.is_back = False
        try:
            yield from self.acts(story)
        except (LabError, ValueError) as error:
            yield Check(self.suite.name, "%s is played" % story.name, str(error)[:1500])
        wrong = None if self.is_back else self.ends_well(back_from(story))
        if wrong:
            yield Check(self.suite.name, "%s is put back" % story.name, wrong)

    def wrong_restart(self, wanted: Restart, reply: dict[str, Any]) -> str | None:
        problems = reply["problems"]
        words = []
        kinds = sorted(problem["kind"] for problem in problems)
        if (reply["verdict"], kinds) != (wanted.verdict, sorted(wanted.kinds)):
            words.append("%s %s" % (reply["verdict"], kinds))
        missing = sorted({entry["what"] for entry in reply["missing"]})
        if missing != sorted(wanted.missing):
            words.append("missing %s" % reply["missing"])
        words += self.differing(wanted.where, problems, "kind")
        for name, value in wanted.cuts.items():
            if [cut[name] for cut in reply["cuts"]] != [value]:
                words.append("cuts: %s" % reply["cuts"])
        return "; ".join([*words, json.dumps(reply)])[:3000] if words else None

    def wrong_risks(self, story: Story, expected: Sequence[str], reply: dict[str, Any]) -> str | None:
        unsaid = set(STANDING) - set(story.risks or ())
        found = [
            each
            for each in reply["findings"]
            if each["state"] == "latent" and each["cause"] in story.causes and each["reason"] not in unsaid
        ]
        words = []
        if sorted(each["reason"] for each in found) != sorted(expected):
            words.append("told: %s" % sorted(each["reason"] for each in found))
        words += self.differing(story.where, found, "reason") if expected else []
        if "restart_at_risk" in story.causes and reply["status"] in ILL:
            words.append("the host is %s" % reply["status"])
        gaps = [entry for entry in reply["missing"] if entry["what"].startswith("risk_")]
        words += ["missing: %s" % gaps] if gaps else []
        return "; ".join([*words, json.dumps(found or reply)])[:3000] if words else None

    def differing(
        self, where: Mapping[str, Mapping[str, Any]], found: Sequence[Mapping[str, Any]], key: str
    ) -> Iterator[str]:
        """Where no entry of a kind or reason has the value of a field."""
        for kind, fields in where.items():
            seen = [each for each in found if each[key] == kind]
            for name, value in fields.items():
                if self.filled(value) not in [each[name] for each in seen]:
                    yield "%s: %s is %s" % (kind, name, [each[name] for each in seen])

    def filled(self, value: Any) -> Any:
        """With the suite's variables, as a script has them."""
        if isinstance(value, str):
            return string.Template(value).safe_substitute(self.suite.variables)
        return [self.filled(each) for each in value] if isinstance(value, list) else value
