# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a person reads who is asked. Pure.

Texts of hosts stand in it. They are one line each, act on no terminal, and are no templates.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timezone
from typing import Any, NamedTuple

from ..answers.complaints import harmless
from ..reports.remedies import full_name, sites_of
from ..shapes.report import Explained
from ..terminal.text import names as names_of

MOST_FINDINGS = 20  # that are told
LONGEST = 400
COMMAND = "ansible-playbook -i INVENTORY webmedic.php_fpm"


class Request(NamedTuple):
    """id: of the response. status: of the host now, "" where it was not looked at. report: its folder. again:
    a person was asked for the same lately.
    """

    host: str
    id: str
    at: float
    alerts: Sequence[str]
    why: str
    status: str
    left: Sequence[tuple[Explained, str]]  # findings, and why each is left to a person
    report: str | None
    again: bool = False


def clock(at: float) -> str:
    return datetime.fromtimestamp(int(at), timezone.utc).strftime("%Y-%m-%d %H:%M:%S UTC")


def headline(request: Request) -> str:
    """In one line."""
    found = list(dict.fromkeys(full_name(finding) for finding, _why in request.left))
    what = names_of(found, 120)[0] if found else request.why
    return harmless("A person is needed for %s: %s." % (request.host, what.rstrip(".")))


def _item(number: int, finding: Explained, why: str) -> list[str]:
    places = [name for name in sites_of(finding) if name]
    where = " on %s" % names_of(places, 100)[0] if places else ""
    pool = ", pool %s" % finding["pool"] if finding["pool"] else ""
    rows = [
        ("", "%d. %s (%s)%s%s" % (number, finding["title"], full_name(finding), where, pool)),
        ("   what: ", finding["summary"]),
        ("   left to you, since: ", why),
        ("   do: ", finding["fix"] or finding["advice"]),
        ("   not: ", finding["do_not"]),
    ]
    return [head + harmless(words, LONGEST) for head, words in rows if words]


def text(request: Request) -> str:
    """The file requests/HOST.txt."""
    alerts = ", ".join(request.alerts) or "none that has a name"
    lines = [
        headline(request),
        "",
        "asked:  %s, by response %s" % (clock(request.at), request.id),
        "alerts: " + harmless(alerts, LONGEST),
        "host:   " + (request.status or "not looked at"),
        "why:    " + harmless(request.why, LONGEST),
    ]
    for number, (finding, why) in enumerate(request.left[:MOST_FINDINGS], 1):
        lines += ["", *_item(number, finding, why)]
    if len(request.left) > MOST_FINDINGS:
        lines += ["", "And %d more: see the report." % (len(request.left) - MOST_FINDINGS)]
    lines += ["", *(["report: " + request.report] if request.report else [])]
    lines += [
        "look:   %s.diagnose -e diagnose_hosts=%s" % (COMMAND, request.host),
        "mend:   %s.remediate -e remediate_hosts=%s --check --diff" % (COMMAND, request.host),
        "",
        "This file goes when an alert of the host is answered and the host is well. You may remove it.",
    ]
    return "\n".join(lines) + "\n"


def message(request: Request) -> dict[str, Any]:
    """The same for a program, which takes it by HTTP."""
    return {
        "host": request.host,
        "id": request.id,
        "at": clock(request.at),
        "alerts": list(request.alerts),
        "status": request.status or None,
        "why": harmless(request.why),
        "title": headline(request),
        "findings": [
            {
                "cause": finding["cause"],
                "reason": finding["reason"],
                "pool": finding["pool"],
                "site": finding["site"],
                "summary": harmless(finding["summary"]),
                "why": harmless(why),
                "do": harmless(finding["fix"] or finding["advice"]),
            }
            for finding, why in request.left[:MOST_FINDINGS]
        ],
        "report": request.report,
        "text": text(request),
    }
