# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table of risks: what hurts nobody now and will be the next outage, where, and what becomes of it.

A block for each risk, those on most hosts first. What is wrong now has a line: the table of causes tells it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ..answers.bounds import SEVERITIES
from ..catalogue.catalogue import words_for
from ..reports.remedies import full_name, sites_of
from ..shapes.report import Explained, HostEntry, Report
from .layout import COLORS as STATUS_COLORS
from .layout import MAX_COMMAND, PAGE, Line, Page, cells, hosts_cell, labelled
from .remedy_table import block as remedy_block
from .table import headline
from .text import clean, names, plural

# What became of a risk, in the order in which a row names it.
FATES = {
    "rolled_back": "put back",
    "would_fix": "would do",
    "fixed": "done",
    "escalated": "by hand",
    "not_named": "not named",
    "by_hand": "by hand",
}
COLORS = {"rolled_back": "red", "would_fix": "cyan", "fixed": "green", "not_named": "yellow"}
UNSEEN = ("unknown", "unreachable")
ILL = ("failing", "degraded", *UNSEEN)


class Risk(NamedTuple):
    host: str
    finding: Explained
    fate: str  # of FATES


def _fate(entry: HostEntry, number: int) -> str:
    remediation = entry.get("remediation")
    results = [item["result"] for item in remediation["findings"]] if remediation else []
    result = results[number] if number < len(results) else "not_needed"
    if result != "not_needed":
        return result
    return "not_named" if entry["findings"][number]["remedy"] else "by_hand"


def risks_of(hosts: Mapping[str, HostEntry]) -> list[Risk]:
    return [
        Risk(host, finding, _fate(entry, number))
        for host, entry in hosts.items()
        for number, finding in enumerate(entry["findings"])
        if finding["state"] == "latent"
    ]


def _blocks(risks: Sequence[Risk]) -> list[list[Risk]]:
    by_name: dict[tuple[str, str], list[Risk]] = {}
    for risk in risks:
        by_name.setdefault((full_name(risk.finding), risk.fate), []).append(risk)
    return sorted(
        by_name.values(),
        key=lambda rows: (SEVERITIES.index(rows[0].finding["severity"]), -len({row.host for row in rows})),
    )


def _block(page: Page, rows: Sequence[Risk]) -> list[Line]:
    first = rows[0].finding
    hosts = list(dict.fromkeys(row.host for row in rows))
    sites = list(dict.fromkeys(site for row in rows for site in sites_of(row.finding) if site))
    actions = list(dict.fromkeys(item["action"] for row in rows for item in row.finding["remedy"]))
    columns = (page.actions[0], 46, page.width - page.actions[0] - 46 - 8, 0)
    where, below = hosts_cell(page, hosts, columns[2])
    fate = rows[0].fate
    words = words_for(first)
    same = len({risk.finding["summary"] for risk in rows}) == 1
    summary = first["summary"] if same else "%s: %s" % (clean(rows[0].host), first["summary"])
    row = cells((FATES[fate], full_name(first), where, ""), columns).rstrip()
    lines: list[Line] = [(row, COLORS.get(fate)), *below]
    lines += labelled(page, "site", names(sites, page.room)[0] if sites else "", 1)
    lines += labelled(page, "why", summary, 2)
    lines += labelled(page, "then", words.get("outage", ""), 2)
    if fate in ("escalated", "by_hand", "rolled_back"):
        return lines + labelled(page, "do", words["fix"], MAX_COMMAND)
    return lines + labelled(page, "act", ", ".join(actions), 1)


def _policy(risks: Sequence[Risk]) -> list[Line]:
    """What names the risks that an action could take away."""
    open_ones = dict.fromkeys(
        (risk.finding["cause"], risk.finding["reason"]) for risk in risks if risk.fate == "not_named"
    )
    if not open_ones:
        return []
    lines: list[Line] = [("TO NAME, in prevent_policy, what is to be taken away", None)]
    return lines + [("  - {cause: %s, reason: %s}" % (cause, reason), None) for cause, reason in open_ones]


def _ill(page: Page, hosts: Mapping[str, HostEntry]) -> list[Line]:
    lines: list[Line] = []
    for status in ILL:
        members = [name for name, entry in hosts.items() if entry["status"] == status]
        if members:
            head = "%-12s %4d  " % (status, len(members))
            listed = names(members, page.width - len(head) - 34)[0]
            hint = "  what is wrong now comes first" if status in ("failing", "degraded") else ""
            lines.append((head + listed + hint, STATUS_COLORS.get(status)))
    return lines


def render(report: Report, footer: str = "", page: Page = PAGE) -> list[Line]:
    """Each line with its colour or None. footer: the last line, which is not cut."""
    hosts = report["hosts"]
    risks = risks_of(hosts)
    at_risk = len({risk.host for risk in risks})
    sentence = (
        "%s on %s" % (plural(len(risks), "risk"), plural(at_risk, "host")) if risks else "no risk was found"
    )
    unseen = sum(entry["status"] in UNSEEN for entry in hosts.values())
    sentence += "; %s could not be looked at" % plural(unseen, "host") if unseen else ""
    lines: list[Line] = [
        (headline(report["summary"]["counts"]), None),
        (sentence, "yellow" if risks or unseen else "green"),
    ]
    done = [
        entry
        for entry in hosts.values()
        if any(
            action["result"] != "skipped"
            for action in (entry.get("remediation") or {"actions": []})["actions"]
        )
    ]
    lines += [("", None), *remedy_block(page, hosts)] if done else []
    if risks:
        lines += [("", None), ("-" * page.width, None)]
    blocks = _blocks(risks)
    for rows in blocks[: 2 * page.rows]:
        lines += [*_block(page, rows), ("", None)]
    if len(blocks) > 2 * page.rows:
        lines.append(("and %s more in the report" % plural(len(blocks) - 2 * page.rows, "risk"), None))
    for part in (_ill(page, hosts), _policy(risks)):
        lines += [*part, ("", None)] if part else []
    return lines + ([(clean(footer), None)] if footer else [])
