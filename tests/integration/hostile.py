# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The controller among hostile hosts: ``hostile.py``. Ends with "N passed, N failed".

A hostile host is one whose Python answers what it likes. Here its interpreter is a script that prints a
prepared reply, over a local connection. With honest ones beside them, all playbooks must end with their table
and their report, in which each hostile host has an error of its own; nothing that a host wrote acts on the
terminal, on another host or on the controller.
"""

import json
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lab"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "run"))

import env
import hosts
import jsonschema
from checks import Check

HERE = env.WORK / "hostile"
MARK = HERE / "a-host-was-obeyed"
NOW = 1795388580.0
# Each of them does something to a terminal, or hides something from its reader.
EVIL = (
    "\x1b[2J\x9b31m\x07\x7f\r\u202e\u2066\u200f\u061c\u200b\ufeff\u2028\U000e0041\x00{{ lookup('pipe', "
    "'touch %s') }}" % MARK
)
JUNK = EVIL.split("{")[0]
SEEN_RAW = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufffe\U000e0000-\U000e0fff]"
)
NOT_ONE = "reported something that is not a diagnosis: "

Reply = dict[str, Any]


def finding(**more: Any) -> Reply:
    return {
        "cause": "fpm_not_running",
        "code": 1,
        "reason": "stopped",
        "severity": "critical",
        "confidence": "certain",
        "state": "active",
        "site": "shop.example",
        "sites": ["shop.example"],
        "endpoint": "unix:/run/php/php8.2-fpm.sock",
        "pool": "www",
        "unit": "php8.2-fpm.service",
        "since": NOW - 60,
        "count": 3,
        "summary": "php8.2-fpm.service is stopped.",
        "evidence": [
            {
                "source": "systemd",
                "path": None,
                "text": "php8.2-fpm.service is inactive (dead)",
                "at": NOW - 60,
            }
        ],
        "ruled_out": [],
        "missing": [],
        "remedy": [{"action": "unit_start", "arguments": {"unit": "php8.2-fpm.service"}}],
        **more,
    }


def action(**more: Any) -> Reply:
    return {
        "id": "unit_start",
        "target": "php8.2-fpm.service",
        "arguments": {"unit": "php8.2-fpm.service"},
        "because": ["fpm_not_running/stopped"],
        "risk": "low",
        "reversible": True,
        "disruption": "none",
        "result": "would",
        "why": "",
        "files": [],
        "commands": ["systemctl start php8.2-fpm.service"],
        "backup": None,
        "seconds": 0.0,
        **more,
    }


def reply(status: str, *findings: Reply, deed: Reply | None = None, **more: Any) -> Reply:
    """What the modules return; ``deed`` makes it the answer of one that would change something."""
    remediation = {
        "check_mode": True,
        "outcome": "would_change" if deed else "nothing_to_do",
        "why": "",
        "status_before": status,
        "status_after": None,
        "diagnosed_at": NOW,
        "answered_after": None,
        "undone": None,
        "actions": [deed] if deed else [],
        "findings": [],
    }
    return {
        "changed": bool(deed),
        "status": status,
        "findings": list(findings),
        "plan": [],
        "missing": [],
        "window": 900,
        "diff": [],
        "remediation": remediation,
        **more,
    }


def evil_everywhere(value: Any) -> Any:
    """The same reply with EVIL in all of its texts that may be any."""
    if isinstance(value, dict):
        fixed = (
            "status",
            "cause",
            "reason",
            "severity",
            "confidence",
            "state",
            "outcome",
            "status_before",
            "result",
            "claims",
        )
        return {key: item if key in fixed else evil_everywhere(item) for key, item in value.items()}
    if isinstance(value, list):
        return [evil_everywhere(item) for item in value]
    return value + EVIL if isinstance(value, str) else value


class Hostile(NamedTuple):
    """stdout: what its Python prints; status and error: how the report must have it."""

    stdout: str
    status: str
    error: str | None


STRANGER = {
    "pid": 4711,
    "user": "stranger",
    "claims": "php-fpm",
    "title": "php-fpm: master process (/home/x.conf)",
    "exe": None,
    "why": "not root's",
}
FACTS = {
    "ansible_facts": {"ansible_python_interpreter": "/bin/sh -c 'touch %s'" % MARK, "webmedic": EVIL},
    "ansible_stats": {"data": {"webmedic": {"verdict": EVIL}}, "per_host": False, "aggregate": False},
    "_ansible_no_log": EVIL,
    "add_host": {
        "host_name": "evil",
        "groups": ["webmedic_to_remediate"],
        "host_vars": {"ansible_connection": "local"},
    },
    "warnings": [EVIL],
    "deprecations": [{"msg": EVIL, "version": EVIL}],
    "invocation": {"module_args": {EVIL: EVIL}},
}
SLOW_DIFF = {
    "before": "".join("%d\n" % (number * 7919 % 100) for number in range(20_000)),
    "after": "".join("%d\n" % (number * 6101 % 100) for number in range(20_000)),
    "before_header": "/etc/x",
    "after_header": "/etc/x",
}


def hostile() -> dict[str, Hostile]:
    ill = reply("failing", finding(), deed=action())
    diff = {
        "before": EVIL + "\na\n",
        "after": EVIL + "\nb\n",
        "before_header": EVIL,
        "after_header": EVIL,
        "prepared": EVIL,
    }
    shown = {
        "texts": reply(
            "failing",
            finding(),
            deed=action(),
            diff=[{"before": "a", "after": "b", "before_header": "", "after_header": ""}],
            strangers=[STRANGER],
            missing=[{"what": "x", "path": None, "why": "y", "needs": None}],
        ),
        "orders": {**ill, **FACTS},
        "diffs": {**ill, "diff": [diff, SLOW_DIFF]},
        "many": reply("degraded", *[finding()] * 2000),
    }
    refused = {
        "huge-number": (
            reply("failing", finding(), deed=action(seconds=10**400)),
            "remediation.actions[0].seconds is out of bounds",
        ),
        "nan": (reply("failing", finding(since=float("nan"))), "findings[0].since is out of bounds"),
        "negative": (reply("failing", finding(since=-1)), "findings[0].since is out of bounds"),
        "list-for-time": (
            reply("failing", *[finding()] * 3, finding(since=[1])),
            "findings[3].since is a list",
        ),
        "texts-for-numbers": (reply("failing", finding(count="9" * 4000)), "findings[0].count is a text"),
        "million": (reply("failing", *[{}] * 1_000_000), "findings[0].cause is missing"),
        "status": ({**ill, "status": ["healthy"]}, "status is a list"),
        "skipped": ({"skipped": True, "unreachable": True, "msg": EVIL}, "status is missing"),
        "diff": ({**ill, "diff": {"before": 5}}, "diff is a dict"),
        "large": (
            reply(
                "failing",
                *[finding(evidence=[{"source": "x", "path": "y" * 1000, "text": "z" * 1000}] * 100)] * 100,
            ),
            "it is larger than 512 KiB",
        ),
    }
    made = {
        name: Hostile(json.dumps(evil_everywhere(value) if name == "texts" else value), value["status"], None)
        for name, value in shown.items()
    }
    made |= {
        name: Hostile(json.dumps(value), "unknown", NOT_ONE + why) for name, (value, why) in refused.items()
    }
    failed = {
        "failed": True,
        "msg": EVIL + " failed",
        "exception": "Traceback\n" + EVIL,
        "warnings": [EVIL],
        "diff": [diff],
    }
    made["failed"] = Hostile(json.dumps(failed), "unknown", " failed")
    made["no-json"] = Hostile(EVIL + " nothing\n", "unknown", " nothing")
    made["junk"] = Hostile("%s\n%s\n%s\n" % (JUNK, json.dumps(reply("healthy")), JUNK), "healthy", None)
    made["deep"] = Hostile(
        '{"status": "healthy", "findings": %s%s}' % ("[" * 100_000, "]" * 100_000),
        "unknown",
        "nested too deep",
    )
    made["ssh-banner"] = Hostile(EVIL + " go away\n", "unreachable", " go away")
    made["endless"] = Hostile("x" * (100 * 1024**2), "unknown", "is larger than 32 MiB")
    return made


HONEST = {"honest-healthy": reply("healthy"), "honest-failing": reply("failing", finding(), deed=action())}


def inventory(printed: dict[str, str]) -> Path:
    """Hosts whose interpreter prints what it is told to, whatever it is asked."""
    shutil.rmtree(HERE, ignore_errors=True)
    entries = {}
    for name, text in printed.items():
        place = HERE / name
        place.mkdir(parents=True)
        (place / "stdout").write_bytes(text.encode("utf-8", "surrogatepass"))
        (place / "python").write_text("#!/bin/sh\ncat >/dev/null\nexec cat %s/stdout\n" % place)
        (place / "python").chmod(0o755)
        entries[name] = {"ansible_connection": "local", "ansible_python_interpreter": str(place / "python")}
    # This one lets nobody in, and says so in its own words.
    refuses = HERE / "ssh-banner" / "ssh"
    refuses.write_text("#!/bin/sh\ncat %s/stdout >&2\nexit 255\n" % refuses.parent)
    refuses.chmod(0o755)
    entries["ssh-banner"] = {"ansible_host": "192.0.2.1", "ansible_ssh_executable": str(refuses)}
    (HERE / "inventory.yml").write_text(json.dumps({"all": {"hosts": entries}}))
    return HERE / "inventory.yml"


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


def raw(text: str) -> str | None:
    found = SEEN_RAW.search(text)
    return (
        "%r in %r" % (found.group(), text[max(0, found.start() - 80) : found.end() + 20]) if found else None
    )


def judged(name: str, done: Played, rc: int, report: Path, expected: dict[str, Hostile]) -> Iterator[Check]:
    yield Check(
        name, "it ends as it must", None if done.rc == rc else "rc %d: %s" % (done.rc, done.output[-1500:])
    )
    yield Check(
        name,
        "the table is shown",
        None
        if "\nhonest-failing" in done.output or "  honest-failing" in done.output
        else done.output[-1500:],
    )
    yield Check(name, "nothing acts on the terminal", raw(done.output))
    yield Check(name, "no word of a host is obeyed", "%s exists" % MARK if MARK.exists() else None)
    try:
        text = (report / "report.json").read_text()
        made = json.loads(text)
        jsonschema.validate(made, json.loads((env.CHECKOUT / "docs" / "report.schema.json").read_text()))
        wrong = raw(text) or ("not ASCII" if not text.isascii() else None)
    except (OSError, ValueError, jsonschema.ValidationError) as error:
        made, wrong = {"hosts": {}}, str(error)[:500]
    yield Check(name, "the report keeps its contract", wrong)
    for host, want in expected.items():
        entry = made["hosts"].get(host) or {}
        fine = entry.get("status") == want.status and (
            want.error is None
            and "error" not in entry
            or want.error is not None
            and want.error in entry.get("error", "")
        )
        yield Check(
            name,
            "%s is reported as what it is" % host,
            None if fine else "%s: %s" % (entry.get("status"), entry.get("error")),
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
    """A small snapshot that takes a rule minutes: each of many losses is held against each of many deaths."""
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
        yield Check("explain " + name, "nothing acts on the terminal", raw(done.output))
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
    fine = done.rc == 2 and want in done.output and raw(done.output) is None and done.seconds < 20
    return Check(
        "explain " + path.name,
        "it is refused, soon and clearly",
        None if fine else "rc %d, %.0f s: %s" % (done.rc, done.seconds, done.output[-1500:]),
    )


def main() -> int:
    began = time.monotonic()
    home, tree = Path(sys.prefix), env.tree("tree-hostile")
    expected = hostile() | {
        name: Hostile(json.dumps(value), value["status"], None) for name, value in HONEST.items()
    }
    hosts_file = inventory({name: each.stdout for name, each in expected.items()})
    passed = failed = 0
    for prove in (playbooks(home, tree, expected, hosts_file), explanations(home, tree)):
        for check in prove:
            passed, failed = passed + (check.wrong is None), failed + (check.wrong is not None)
            print(
                "ok     %s: %s" % check[:2] if check.wrong is None else "FAILED %s: %s: %s" % check,
                flush=True,
            )
    print("%.0f s" % (time.monotonic() - began))
    print("%d passed, %d failed" % (passed, failed))
    return int(failed > 0 or not passed)


if __name__ == "__main__":
    sys.exit(main())
