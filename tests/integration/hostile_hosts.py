# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The hosts that answer what they like, and how a report must have each of them."""

import json
import shutil
from pathlib import Path
from typing import Any, NamedTuple

from tests.run import env

HERE = env.WORK / "hostile"
MARK = HERE / "a-host-was-obeyed"
NOW = 1795388580.0
# Each of them does something to a terminal, or hides something from its reader.
EVIL = (
    "\x1b[2J\x9b31m\x07\x7f\r\u202e\u2066\u200f\u061c\u200b\ufeff\u2028\U000e0041\x00{{ lookup('pipe', "
    "'touch %s') }}" % MARK
)
JUNK = EVIL.split("{")[0]
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
    """What the modules return; ``change`` makes it the answer of one that would change something."""
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
    ill = reply("failing", finding(), change=action())
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
            change=action(),
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


HONEST = {"honest-healthy": reply("healthy"), "honest-failing": reply("failing", finding(), change=action())}


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
