# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The hosts that answer what they like, and what a report must say of each."""

import json
import shutil
from pathlib import Path
from typing import Any, NamedTuple

from tests.run import env

HERE = env.WORK / "hostile"
MARK = HERE / "a-host-was-obeyed"
NOW = 1795388580.0
# Each of its characters acts on a terminal or hides text from the reader. The template would be run if a text
# of a host were evaluated.
EVIL = (
    "\x1b[2J\x9b31m\x07\x7f\r\u202e\u2066\u200f\u061c\u200b\ufeff\u2028\U000e0041\x00{{ lookup('pipe', "
    "'touch %s') }}" % MARK
)
JUNK = EVIL.split("{")[0]
NO_DIAGNOSIS = "reported something that is not a diagnosis: "

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
        "findings": [0],
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


def reply(status: str, *findings: Reply, change: Reply | None = None, **more: Any) -> Reply:
    """What the modules return. change: the action of a module that would change something."""
    remediation = {
        "check_mode": True,
        "outcome": "would_change" if change else "nothing_to_do",
        "why": "",
        "status_before": status,
        "status_after": None,
        "diagnosed_at": NOW,
        "answered_after": None,
        "undone": None,
        "actions": [change] if change else [],
        "findings": [],
    }
    return {
        "changed": bool(change),
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
    """The same reply with EVIL in all texts but those of which only some values are allowed."""
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
            "risk",
            "disruption",
        )
        return {key: item if key in fixed else evil_everywhere(item) for key, item in value.items()}
    if isinstance(value, list):
        return [evil_everywhere(item) for item in value]
    return value + EVIL if isinstance(value, str) else value


class Hostile(NamedTuple):
    """stdout: what its Python prints; status and error: what the report must say of it."""

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
    "prepared": "@@ -1 +1 @@\n",
}


EVIL_DIFF = {
    "before": EVIL + "\na\n",
    "after": EVIL + "\nb\n",
    "before_header": EVIL,
    "after_header": EVIL,
    "prepared": EVIL,
}


def diagnoses() -> dict[str, Hostile]:
    """Replies that are a diagnosis. The report shows them, without what is evil in them."""
    failing = reply("failing", finding(), change=action())
    with_texts = reply(
        "failing",
        finding(),
        change=action(),
        diff=[{"before": "a", "after": "b", "before_header": "", "after_header": "", "prepared": "c"}],
        strangers=[STRANGER],
        missing=[{"what": "x", "path": None, "why": "y", "needs": None}],
    )
    replies = {
        "texts": evil_everywhere(with_texts),
        "orders": {**failing, **FACTS},
        "diffs": {**failing, "diff": [EVIL_DIFF, SLOW_DIFF]},
        "many": reply("degraded", *[finding()] * 2000),
    }
    return {name: Hostile(json.dumps(value), value["status"], None) for name, value in replies.items()}


def refused_replies() -> dict[str, Hostile]:
    """Replies that are no diagnosis. The report says why."""
    failing = reply("failing", finding(), change=action())
    large = [{"source": "x", "path": "y" * 1000, "text": "z" * 1000}] * 100
    replies: dict[str, tuple[Reply, str]] = {
        "huge-number": (
            reply("failing", finding(), change=action(seconds=10**400)),
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
        "status": ({**failing, "status": ["healthy"]}, "status is a list"),
        "skipped": ({"skipped": True, "unreachable": True, "msg": EVIL}, "status is missing"),
        "diff": ({**failing, "diff": {"before": 5}}, "diff is a dict"),
        "large": (reply("failing", *[finding(evidence=large)] * 100), "it is larger than 512 KiB"),
    }
    return {
        name: Hostile(json.dumps(value), "unknown", NO_DIAGNOSIS + why)
        for name, (value, why) in replies.items()
    }


def failures() -> dict[str, Hostile]:
    """Output that is no reply of a module, or of one that failed."""
    failed = {
        "failed": True,
        "msg": EVIL + " failed",
        "exception": "Traceback\n" + EVIL,
        "warnings": [EVIL],
        "diff": [EVIL_DIFF],
    }
    deep = '{"status": "healthy", "findings": %s%s}' % ("[" * 100_000, "]" * 100_000)
    return {
        "failed": Hostile(json.dumps(failed), "unknown", " failed"),
        "no-json": Hostile(EVIL + " nothing\n", "unknown", " nothing"),
        "junk": Hostile("%s\n%s\n%s\n" % (JUNK, json.dumps(reply("healthy")), JUNK), "healthy", None),
        "deep": Hostile(deep, "unknown", "nested too deep"),
        "ssh-banner": Hostile(EVIL + " go away\n", "unreachable", " go away"),
        "endless": Hostile("x" * (100 * 1024**2), "unknown", "is larger than 32 MiB"),
    }


def hostile() -> dict[str, Hostile]:
    return {**diagnoses(), **refused_replies(), **failures()}


HONEST = {"honest-healthy": reply("healthy"), "honest-failing": reply("failing", finding(), change=action())}


def inventory(printed: dict[str, str]) -> Path:
    """Hosts whose interpreter prints these texts, whatever it is asked."""
    shutil.rmtree(HERE, ignore_errors=True)
    entries = {}
    for name, text in printed.items():
        place = HERE / name
        place.mkdir(parents=True)
        (place / "stdout").write_bytes(text.encode("utf-8", "surrogatepass"))
        (place / "python").write_text("#!/bin/sh\ncat >/dev/null\nexec cat %s/stdout\n" % place)
        (place / "python").chmod(0o755)
        entries[name] = {"ansible_connection": "local", "ansible_python_interpreter": str(place / "python")}
    # This host lets nobody in, and says so in its own words.
    refuses = HERE / "ssh-banner" / "ssh"
    refuses.write_text("#!/bin/sh\ncat %s/stdout >&2\nexit 255\n" % refuses.parent)
    refuses.chmod(0o755)
    entries["ssh-banner"] = {"ansible_host": "192.0.2.1", "ansible_ssh_executable": str(refuses)}
    (HERE / "inventory.yml").write_text(json.dumps({"all": {"hosts": entries}}))
    return HERE / "inventory.yml"
