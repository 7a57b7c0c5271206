# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A bundle of hosts full of secrets, as the one who gets it sees it: ``python3 -m tests.integration.bundle``.

The secrets of planted*.yml are put wherever people keep them, on a host that answers 502. The playbook makes
a bundle at full verbosity. It is opened by the program that encrypted it, and by Python's own reader. No
secret may be in it, in whatever spelling, nor in what was printed. What a diagnosis needs must be there, and
the verdict must be the host's. With --all on each suite of Debian. FLEET_KEEP=1 leaves the hosts.
"""

import json
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.integration import recipients
from tests.integration.few_hosts import FewHosts, run
from tests.integration.planting import AGAIN, ALL_KINDS, MORE, Planting, planted
from tests.integration.redaction import Runs
from tests.run import hosts
from tests.run.checks import Check

FLEET = hosts.PREFIX + "bundle"
# What a diagnosis needs of a configuration: each must be shown, by the program whose file it is.
NEEDED = {
    "nginx": (
        r"server_name shop\.example",
        r"fastcgi_pass unix:/\S+;",
        r"fastcgi_pass guarded;",
        r"listen 80",
        r"user \S+;",
        r"error_log /var/log/nginx/error\.log",
        r"server unix:/\S+;",
        r"fastcgi_param +SCRIPT_FILENAME +\$document_root\$fastcgi_script_name",
    ),
    "php-fpm": (
        r"listen = /\S+\.sock",
        r"pm = (dynamic|static|ondemand)",
        r"pm\.max_children = \d+",
        r"user = \S+",
        r"env\[LICENCE\] = \[redacted\]",
    ),
    "php": (r"memory_limit = \d\S+", r"mysqli\.default_pw = \[redacted\]"),
    "systemd": (
        r"Type=\w+",
        r"ExecStart=/usr/sbin/php-fpm[\d.]* --nodaemonize --fpm-config /etc/",
        r"\[Service\]",
    ),
}


def handed_on(few: FewHosts) -> Iterator[Check]:
    planting = Planting(MORE, AGAIN, kinds=ALL_KINDS)
    yield from planted(few, planting)
    runs = Runs(few, planting, "bundle")
    with recipients.somebody() as somebody:
        yield from made(runs, somebody)


def made(runs: Runs, somebody: recipients.Recipient) -> Iterator[Check]:
    place = runs.kept / "bundles"
    options = {"bundle_directory": str(place), "bundle_recipients": [somebody.age]}
    yield from runs.silent("bundle", "ansible-playbook", "webmedic.php_fpm.bundle", "-e", json.dumps(options))
    bundle = next(iter(place.glob("*.age")), None)
    yield Check(FLEET, "the bundle is there", None if bundle else "no file in %s" % place)
    if bundle:
        yield from opened(runs, recipients.opened(bundle, somebody))
        yield from same_verdict(runs, bundle, somebody)


def opened(runs: Runs, members: dict[str, bytes]) -> Iterator[Check]:
    """members: of the bundle, by path."""
    texts = {path: content.decode("utf-8", "replace") for path, content in members.items()}
    words = runs.planting.words
    forms = recipients.spellings(words)
    leaks = [
        "%s of %s as %s in %s" % (word, words[word], form, path)
        for path, text in texts.items()
        for form, word in forms.items()
        if form in text
    ]
    what = "the opened bundle holds none of %d secrets, in no spelling" % len(words)
    yield Check(FLEET, what, "%d: %s" % (len(leaks), leaks[:20]) if leaks else None)
    report = json.loads(texts["report/report.json"])
    for entry in json.loads(texts["manifest.json"])["hosts"]:
        host, directory = entry["name"], entry["directory"]
        shown = "".join(
            text for path, text in texts.items() if path.startswith(directory + "/configuration/")
        )
        gone = [words for needed in NEEDED.values() for words in needed if not re.search(words, shown)]
        yield Check(host, "what a diagnosis needs of the configuration is there", str(gone) if gone else None)
        lines = texts[directory + "/log_lines.txt"]
        decided = "connect() to unix:" in lines and "failed (2: No such file or directory)" in lines
        yield Check(host, "so are the lines that decided", None if decided else lines[:2000])
        there = "snapshot" in report["hosts"][host]
        yield Check(host, "so is its snapshot", None if there else str(entry["left_out"]))
        versions = texts[directory + "/versions.txt"]
        known = re.search(r"^nginx: 1\.", versions, re.M) and re.search(
            r"^packages: php\S*-fpm ", versions, re.M
        )
        yield Check(host, "so are the versions", None if known else versions)


def same_verdict(runs: Runs, bundle: Path, somebody: recipients.Recipient) -> Iterator[Check]:
    """Who gets the bundle is told what the host itself said."""
    answers = runs.returned("bundle", "configuration")
    explained = runs.kept / "explained"
    options = {
        "explain_bundle": str(bundle),
        "explain_bundle_key": str(somebody.key),
        "explain_to": str(explained),
    }
    yield from runs.silent(
        "explain", "ansible-playbook", "webmedic.php_fpm.explain", "-e", json.dumps(options)
    )
    again = json.loads((explained / "report.json").read_text(encoding="utf-8"))["hosts"]
    for host in runs.few.specs:
        verdicts = [
            (entry.get("status"), [(item["cause"], item["reason"]) for item in entry.get("findings", [])])
            for entry in (answers.get(host, {}), again[host])
        ]
        fine = verdicts[0] == verdicts[1] and verdicts[0][0] in ("failing", "degraded")
        yield Check(host, "the verdict of the opened bundle is the host's", None if fine else str(verdicts))


if __name__ == "__main__":
    os.umask(0o022)
    suites = ["bullseye", "bookworm", "trixie"] if "--all" in sys.argv else ["bookworm"]
    patterns = ",".join(suite + ":wrong_socket" for suite in suites)
    sys.exit(run(FLEET, patterns, handed_on, symptoms=True))
