# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report as a message for a chat: what is broken, where, since when, why and the fix, in at most 4 KB.

What came from a host stands between backquotes, where no chat makes a link, an image or a mention of it.
"""

from __future__ import annotations

import re

from ..answers.bounds import STATUSES, UNSEEN
from ..gate.policy_words import SIGNS
from ..reports.remedies import tally
from ..shapes.gate import Reason
from ..shapes.report import Report
from ..terminal.remedy_headline import headline as remedy_headline
from ..terminal.remedy_headline import with_remedy
from ..terminal.table import headline
from ..terminal.text import clean, cut, plural, width
from .facts import facts_of, moment_of, verdict_of
from .view import WORDS, Cause, causes_of, identifiers

LIMIT = 4096
FEW = 6  # names of hosts in a line
LONGEST = 60  # of a name
LONGEST_PROOF = 200
LONGEST_FIX = 300
_SPECIAL = re.compile(r"([\\`*_<>\[\]|~])")


def plain(text: str) -> str:
    """Words of ours, of which nothing is taken for markup."""
    return _SPECIAL.sub(r"\\\1", clean(text))


def quoted(text: str) -> str:
    """What a host, or a person, chose. Inside, only a backquote would end it."""
    return "`%s`" % (clean(text).replace("`", "'") or "-")


def hosts_in(names: list[str]) -> str:
    shown = ", ".join(quoted(cut(name, LONGEST)) for name in names[:FEW])
    return shown + (" and %d more" % (len(names) - FEW) if len(names) > FEW else "")


def _cause(cause: Cause) -> str:
    status = "" if cause.state == "recovered" else WORDS[cause.status][0] + ": "
    line = "- **%s%s** %s" % (status, plain(cause.title), cause.sentence)
    line += ", %s lost" % plural(cause.lost, "request") if cause.lost else ""
    line += ": %s." % hosts_in([member.name for member in cause.members])
    line += " Why: %s." % quoted(cut(cause.proof[1], LONGEST_PROOF)) if cause.proof else ""
    if len(cause.fixes) == 1 and width(cause.fixes[0].text) <= LONGEST_FIX:
        line += " %s: %s" % (
            "Next time" if cause.state == "recovered" else "Fix",
            quoted(cause.fixes[0].text),
        )
    elif cause.fixes:
        line += " The fix of each host is in the report."
    return line


def _closed(reason: Reason) -> str:
    """What closes a gate beside the causes on its hosts."""
    host = ", %s" % quoted(cut(reason["host"], LONGEST)) if reason["host"] else ""
    title = plain(SIGNS[reason["cause"]].title)
    line = "- **Gate: %s**%s: %s." % (title, host, quoted(cut(reason["why"], LONGEST_PROOF)))
    return line + (" Fix: %s" % quoted(cut(reason["fix"], LONGEST_FIX)) if reason["fix"] else "")


def render(report: Report) -> str:
    now = moment_of(report)
    hosts = report["hosts"]
    done = tally(hosts.values())
    head = ["**%s**" % plain(verdict_of(report)), "", plain(headline(report["summary"]["counts"])) + "."]
    reasons: list[Reason] = []
    if "gate" in report:
        head[:0] = ["**%s**" % plain(cut(report["gate"]["summary"], 300)), ""]
        reasons = report["gate"]["reasons"]
    if done:
        head.append("Remediation: %s." % plain(remedy_headline(with_remedy(hosts), done)))
    facts = ("%s %s" % (label, quoted(cut(value, 120))) for label, value in facts_of(report))
    head += ["", ", ".join(facts) + ".", "", ""]
    lines = [_closed(each) for each in reasons if each["decision"] == "fail" and each["cause"] in SIGNS]
    lines += [_cause(cause) for cause in causes_of(report, now, identifiers(hosts))]
    for status in STATUSES:
        named = [name for name, entry in hosts.items() if entry["status"] == status and not entry["findings"]]
        if named and status in UNSEEN:
            lines.append("- **%s**: %s." % (WORDS[status][0], hosts_in(named)))
    return _fitted("\n".join(head), lines)


def _fitted(head: str, lines: list[str]) -> str:
    """As many lines as there is room for, each whole; then how many are left out."""
    text = head
    for number, line in enumerate(lines):
        more = "- %d more in the report.\n" % (len(lines) - number)
        rest = len(lines) - number - 1
        room = LIMIT - (len(more.encode()) if rest else 0)
        if len((text + line + "\n").encode()) > room:
            return text + more
        text += line + "\n"
    return text
