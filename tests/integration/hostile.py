# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The controller among hostile hosts: ``python3 -m tests.integration.hostile``.

The Python of a hostile host answers what it likes. Here its interpreter is a script that prints a prepared
reply, over a local connection. Honest hosts stand beside the hostile ones. All playbooks must end with their
table and their report. In the report each hostile host has an error of its own. Nothing that a host wrote may
act on the terminal, on another host or on the controller.
"""

import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import jsonschema

from tests.integration.hostile_hosts import (
    EVIL,
    HERE,
    HONEST,
    MARK,
    Hostile,
    Reply,
    finding,
    hostile,
    inventory,
)
from tests.run import env, hosts
from tests.run.checks import Check, print_checks

# Characters that act on a terminal or hide text there: all controls but tab and newline, and invisible ones.
DANGEROUS = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"
    "\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufffe\U000e0000-\U000e0fff]"
)


class Played(NamedTuple):
    rc: int
    output: str
    seconds: float


def play(home: Path, collections: Path, playbook: str, *words: str, **engine: str) -> Played:
    argv = [str(home / "bin" / "ansible-playbook"), "webmedic.php_fpm." + playbook, *words]
    began = time.monotonic()
    try:
        done = subprocess.run(
            argv,
            env=env.environ(
                home, collections, ANSIBLE_NOCOLOR="1", LC_ALL="C.UTF-8", **dict(hosts.ENGINE, **engine)
            ),
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=120,
            check=False,
        )
    except subprocess.TimeoutExpired as late:
        return Played(-1, (late.stdout or b"").decode("utf-8", "backslashreplace"), 120.0)
    return Played(done.returncode, done.stdout.decode("utf-8", "backslashreplace"), time.monotonic() - began)


def dangerous(text: str) -> str | None:
    """The first dangerous character and the text around it, else None."""
    match = DANGEROUS.search(text)
    if not match:
        return None
    return "%r in %r" % (match.group(), text[max(0, match.start() - 80) : match.end() + 20])


def load_checked(path: Path) -> tuple[dict[str, Any], str | None]:
    """A report, and what is wrong with it."""
    schema = json.loads((env.CHECKOUT / "docs" / "report.schema.json").read_text())
    try:
        text = path.read_text()
        report = json.loads(text)
        jsonschema.validate(report, schema)
    except (OSError, ValueError, jsonschema.ValidationError) as error:
        return {"hosts": {}}, str(error)[:500]
    return report, dangerous(text) or (None if text.isascii() else "not ASCII")


def as_expected(entry: Reply, want: Hostile) -> bool:
    if entry.get("status") != want.status:
        return False
    return "error" not in entry if want.error is None else want.error in entry.get("error", "")


def judged(name: str, done: Played, rc: int, report: Path, expected: dict[str, Hostile]) -> Iterator[Check]:
    yield Check(
        name, "it ends as it must", None if done.rc == rc else "rc %d: %s" % (done.rc, done.output[-1500:])
    )
    shown = "\nhonest-failing" in done.output or "  honest-failing" in done.output
    yield Check(name, "the table is shown", None if shown else done.output[-1500:])
    yield Check(name, "nothing acts on the terminal", dangerous(done.output))
    yield Check(name, "no word of a host is obeyed", "%s exists" % MARK if MARK.exists() else None)
    made, wrong = load_checked(report / "report.json")
    yield Check(name, "the report keeps its contract", wrong)
    for host, want in expected.items():
        entry = made["hosts"].get(host) or {}
        yield Check(
            name,
            "%s is reported as what it is" % host,
            None if as_expected(entry, want) else "%s: %s" % (entry.get("status"), entry.get("error")),
        )
    others = set(made["hosts"]) - set(expected)
    yield Check(name, "no host is made up", ", ".join(others) or None)


def playbooks(home: Path, tree: Path, expected: dict[str, Hostile], hosts_file: Path) -> Iterator[Check]:
    for name, playbook, rc, words in (
        ("diagnose", "diagnose", 0, []),
        ("audit -vvv", "audit", 0, ["-vvv"]),
        ("remediate --check --diff", "remediate", 2, ["--check", "--diff", "-v"]),
    ):
        prefix = "remediate" if playbook == "remediate" else "diagnose"
        report = HERE / "report" / playbook
        options = {prefix + "_report_dir": str(report), prefix + "_become": False}
        done = play(
            home,
            tree,
            playbook,
            "-i",
            str(hosts_file),
            *words,
            "-e",
            json.dumps(options),
            ANSIBLE_DISPLAY_OK_HOSTS="true",
            ANSIBLE_SHOW_CUSTOM_STATS="true",
        )
        yield from judged(name, done, rc, report, expected)


# ------------------------------------------------------------------------------------------ saved reports


def quadratic() -> Reply:
    """A small snapshot with much work in it: each of many losses is compared with each of many deaths."""
    stored = next(
        (env.CHECKOUT / "tests" / "unit" / "fixtures" / "snapshots").glob("bookworm-*-segfault.json")
    )
    snapshot: Reply = json.loads(stored.read_text())["snapshot"]
    for event in snapshot["logs"]["events"]:
        event["times"] = [int(snapshot["taken_at"]) - (60 if event["source"] == "nginx" else 600)] * 18_000
    return snapshot


def saved(**entries: Any) -> Reply:
    return {
        "schema_version": 1,
        "generated_at": "2026-11-26T02:00:00Z",
        "window": 900,
        "hosts": {"honest-failing": entry(), **entries},
        "summary": {},
    }


def entry(**more: Any) -> Reply:
    return {"status": "failing", "findings": [finding()], "missing": [], "plan": [], **more}


def explanations(home: Path, tree: Path) -> Iterator[Check]:
    documents = HERE / "saved"
    documents.mkdir()
    shown = {
        "slow-snapshot": (saved(slow=entry(snapshot=quadratic())), "18000 lost requests"),
        "evil-names": (
            saved(**{"../../etc/passwd" + EVIL: entry(error=EVIL + " e"), "b": [], "c": {"status": EVIL}}),
            "3 unknown",
        ),
    }
    refused = {
        "deep.json": ("[" * 100_000, "nested too deep"),
        "no.json": ("{" + EVIL, "it is no JSON"),
        "list.json": ("[]", "no hosts by name"),
        "other.json": (json.dumps({**saved(), "schema_version": 7}), "schema_version is not 1"),
        "values.json": ("[%s0]" % ("0," * 3_000_000), "more than 1200000 values"),
    }
    for name, (document, want) in shown.items():
        (documents / name).write_text(json.dumps(document))
        done = play(home, tree, "explain", "-i", "localhost,", "-e", "explain_report=%s" % (documents / name))
        fine = done.rc == 0 and "honest-failing" in done.output and want in done.output
        yield Check("explain " + name, "the fleet has its table", None if fine else done.output[-1500:])
        yield Check("explain " + name, "nothing acts on the terminal", dangerous(done.output))
        yield Check("explain " + name, "it ends soon", None if done.seconds < 20 else "%.0f s" % done.seconds)
    for name, (text, _want) in refused.items():
        (documents / name).write_bytes(text.encode("utf-8", "surrogatepass"))
    subprocess.run(["mkfifo", str(documents / "fifo")], check=True)
    (documents / "huge.json").touch()
    with (documents / "huge.json").open("r+b") as stream:
        stream.truncate(2 * 1024**3)
    wanted = {documents / name: want for name, (_text, want) in refused.items()}
    wanted |= {
        documents / "fifo": "not a regular file",
        Path("/dev/zero"): "not a regular file",
        documents / "huge.json": "larger than 64 MiB",
    }
    with ThreadPoolExecutor(2) as pool:
        yield from pool.map(lambda item: refusal(home, tree, *item), wanted.items())


def refusal(home: Path, tree: Path, path: Path, want: str) -> Check:
    done = play(home, tree, "explain", "-i", "localhost,", "-e", "explain_report=%s" % path)
    fine = done.rc == 2 and want in done.output and dangerous(done.output) is None and done.seconds < 20
    return Check(
        "explain " + path.name,
        "it is refused, soon and clearly",
        None if fine else "rc %d, %.0f s: %s" % (done.rc, done.seconds, done.output[-1500:]),
    )


def prove() -> Iterator[Check]:
    home, tree = Path(sys.prefix), env.tree("tree-hostile")
    expected = hostile() | {
        name: Hostile(json.dumps(value), value["status"], None) for name, value in HONEST.items()
    }
    hosts_file = inventory({name: host.stdout for name, host in expected.items()})
    yield from playbooks(home, tree, expected, hosts_file)
    yield from explanations(home, tree)


if __name__ == "__main__":
    sys.exit(print_checks(prove()))
