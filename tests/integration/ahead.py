# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the next restart would do, told before it happens: ``python3 -m tests.integration.ahead``.

Each story of ahead/stories.yml happens on a real host, which is put back before the next one: what would
fail, and beside it what looks like it and goes well. ``--few``: each story on one suite. ``--only WORD``: the
stories with this word in their name. FLEET_KEEP=1 leaves the hosts.
"""

import argparse
import base64
import datetime
import io
import json
import os
import string
import sys
import tarfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.integration.compare import changes
from tests.integration.gate_trace import whole_gate
from tests.lab.data import HOME, Suite, load_suites
from tests.lab.engine import LabError, execute
from tests.run import env, hosts
from tests.run.checks import Check, print_checks

# Of ahead/pages.sh: by site, whether it was asked, the status, whether that is well, and who answered.
PAGES = {
    "shop.example": (True, 200, True, "site"),
    "secure.example": (True, 200, True, "site"),
    "inner.example": (True, 200, True, "site"),
    "proxied.example": (True, 200, True, "site"),
    "moved.example": (True, 301, True, "site"),
    "twice.example": (False, None, None, None),
    "dead.example": (True, 502, False, "nginx"),
    "~^any": (False, None, None, None),
}
ASK = """
cd %s && python3 - <<'PROGRAM'
import json
from ansible_collections.webmedic.php_fpm.plugins.module_utils.ahead.site_pages import accepted, site_pages
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.host import Host
print("\\n" + json.dumps(site_pages(Host(), [], "/index.php", accepted(["200-399"]), 5.0, 30.0)))
PROGRAM
"""
FLEET = hosts.PREFIX + "ahead"
SUITES = ("trixie", "el")
STORIES = Path(__file__).with_suffix("") / "stories.yml"
AWAY = "/root/ahead"
SECONDS = 120.0
# What stories change. The copy keeps owners, modes and ACLs.
KEEP = "rm -rf /root/etc && cp -a /etc /root/etc"
BACK = """
for path in /etc/php* /etc/nginx /etc/systemd/system /etc/tmpfiles.d; do rm -rf "$path"; done
for path in /root/etc/php* /root/etc/nginx /root/etc/systemd/system /root/etc/tmpfiles.d; do
    [ ! -e "$path" ] || cp -a "$path" "/etc/${path#/root/etc/}" 2>/dev/null || cp -a "$path" /etc/systemd/
done
systemctl daemon-reload
systemctl reset-failed
pkill -f 'curl -s -o /dev/null' || true
systemctl restart "$FPM_UNIT" nginx
sleep 4  # a unit may start five times in ten seconds
"""
LOOK = (
    """
cd %s && python3 - <<'PROGRAM'
import json
from ansible_collections.webmedic.php_fpm.plugins.module_utils.ahead.look import restart
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.host import Host
from ansible_collections.webmedic.php_fpm.plugins.module_utils.reply import sendable
print("\\n" + json.dumps(sendable(restart(Host(), True, 60.0))))
PROGRAM
"""
    % AWAY
)


class Story(NamedTuple):
    """kinds: of all problems that are told. where: of a kind, fields and their values."""

    name: str
    verdict: str
    suites: Sequence[str] = SUITES
    do: str = ":"
    undo: str = ":"
    kinds: Sequence[str] = ()
    where: dict[str, dict[str, Any]] = {}
    missing: Sequence[str] = ()
    cuts: dict[str, float] = {}
    variation: bool = False


def load() -> list[Story]:
    return [Story(**entry) for entry in yaml.safe_load(STORIES.read_text())]


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


def certificate() -> str:
    """A key and a certificate that nobody has to trust, in PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name, now = x509.Name([]), datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return (private + made.public_bytes(pem)).decode()


def filled(value: Any, suite: Suite) -> Any:
    """With the suite's variables, as a script has them."""
    if isinstance(value, str):
        return string.Template(value).safe_substitute(suite.variables)
    return [filled(each, suite) for each in value] if isinstance(value, list) else value


class Stage:
    """A host on which one story after the other happens."""

    def __init__(self, suite: Suite) -> None:
        self.suite = suite
        self.container = "webmedic-%s-%s-plain" % (FLEET, suite.name)

    def script(self, text: str) -> str:
        head = "\n".join(["set -eu", self.suite.exports(), (HOME / "image/lib.sh").read_text(), ""])
        return execute(self.container, head + text, timeout=SECONDS)

    def tell(self, story: Story) -> Iterator[Check]:
        try:
            out = self.script(story.do + "\n" + LOOK)
            told = json.loads(out.strip().splitlines()[-1])
        except (LabError, ValueError) as error:
            yield Check(self.suite.name, "%s is told" % story.name, str(error)[:1500])
        else:
            yield Check(self.suite.name, story.name, self.wrong(story, told))
        finally:
            self.script(story.undo + "\n" + BACK)

    def wrong(self, story: Story, told: dict[str, Any]) -> str | None:
        problems = told["problems"]
        words = []
        kinds = sorted(problem["kind"] for problem in problems)
        if (told["verdict"], kinds) != (story.verdict, sorted(story.kinds)):
            words.append("%s %s" % (told["verdict"], kinds))
        missing = sorted({entry["what"] for entry in told["missing"]})
        if missing != sorted(story.missing):
            words.append("missing %s" % told["missing"])
        for kind, fields in story.where.items():
            seen = [problem for problem in problems if problem["kind"] == kind]
            for name, value in fields.items():
                if filled(value, self.suite) not in [problem[name] for problem in seen]:
                    words.append("%s: %s is %s" % (kind, name, [problem[name] for problem in seen]))
        for name, value in story.cuts.items():
            if [cut[name] for cut in told["cuts"]] != [value]:
                words.append("cuts: %s" % told["cuts"])
        return "; ".join([*words, json.dumps(told)])[:3000] if words else None


def stories_of(suite: str, every: Sequence[Story], few: bool) -> list[Story]:
    """few: without variations. Those that both suites have are shared out by turns."""
    if not few:
        return [story for story in every if suite in story.suites]
    left = [story for story in every if not story.variation]
    shared = [story.name for story in left if len(story.suites) > 1]
    mine = ["nothing", *shared[SUITES.index(suite) :: len(SUITES)]]
    return [story for story in left if story.name in mine or story.suites == [suite]]


def pages(stage: Stage) -> Iterator[Check]:
    """Sites of every kind are asked, each for itself."""
    pem = "cat >/etc/nginx/lab.pem <<'PEM'\n%sPEM\n" % certificate()
    stage.script(pem + (STORIES.parent / "pages.sh").read_text())
    told = json.loads(stage.script(ASK % AWAY).strip().splitlines()[-1])
    seen = {page["site"]: (page["asked"], page["status"], page["ok"], page["by"]) for page in told["pages"]}
    for site, wanted in PAGES.items():
        wrong = None if seen.get(site) == wanted else "%s: %s" % (seen.get(site), told["pages"])
        yield Check(stage.suite.name, "%s is asked" % site, wrong)
    stage.script(BACK)


def without_a_trace(stages: Sequence[Stage]) -> Iterator[Check]:
    before = hosts.fingerprint(FLEET)
    for stage in stages:
        stage.script(LOOK)
    after = hosts.fingerprint(FLEET)
    for host in before:
        differ = "; ".join(changes(before[host], after[host]))
        yield Check(host, "a look leaves no trace", differ or None)


def on_stage(stage: Stage, stories: Sequence[Story]) -> list[Check]:
    checks, suite = list(pages(stage)), stage.suite.name
    for story in stories:
        began = time.monotonic()
        checks += stage.tell(story)
        print("%-8s %-45s %4.0f s" % (suite, story.name, time.monotonic() - began), flush=True)
    return checks


def prove(suites: Sequence[str], few: bool, only: str) -> Iterator[Check]:
    every = [story for story in load() if only in story.name]
    hosts.lab("down", FLEET, quiet=True, check=False)
    try:
        hosts.lab("up", FLEET, "--hosts", ",".join(suite + ":plain" for suite in suites), quiet=True)
        stages = [Stage(load_suites()[suite]) for suite in suites]
        for stage in stages:
            stage.script(payload(env.tree("tree-ahead")) + KEEP)
        yield from without_a_trace(stages)
        yield from whole_gate(FLEET, {stage.suite.name + "-plain": stage.script for stage in stages})
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
