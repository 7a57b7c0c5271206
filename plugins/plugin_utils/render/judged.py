# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a gate decided, for the page and for pipelines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ..answers.bounds import DECISIONS
from ..reports.remedies import full_name
from ..shapes.finding import Finding
from ..shapes.gate import Gate, Reason
from ..shapes.report import Report
from ..terminal.layout import fold
from ..terminal.text import clean
from .view import Cause, Member

# Whose colour and mark a decision has on the page.
LIKE = {"fail": "failing", "warn": "degraded", "pass": "healthy"}
MOST_ROWS = 100
# By host, cause, reason and site.
Decisions = dict["tuple[str | None, str, str | None, str | None]", Reason]


class Row(NamedTuple):
    """A reason, and the hosts that have it; none: it is of the whole fleet. age: whether it is new.

    cause: the id of the cause's place in the page, which says the fix; empty where the reason is no finding.
    """

    decision: str
    name: str
    age: str
    site: str
    members: list[Member]
    why: str
    fix: str
    waiver: str
    cause: str


class Judged(NamedTuple):
    """rows: what was decided, what fails first. more: rows that are left out."""

    phase: str
    verdict: str
    summary: str
    rows: list[Row]
    more: int


def judged_of(gate: Gate, members: Mapping[str, Member], causes: Sequence[Cause]) -> Judged:
    """Equal reasons of several hosts in one row."""
    ids = {cause.name: cause.id for cause in reversed(causes)}
    pairs = [(reason["host"] or "", reason) for reason in gate["reasons"]]
    rows = [_row(found, members, ids) for found in fold(pairs, [_key])]
    rows.sort(key=lambda row: DECISIONS.index(row.decision))
    return Judged(
        gate["phase"],
        gate["verdict"],
        clean(gate["summary"]),
        rows[:MOST_ROWS],
        max(0, len(rows) - MOST_ROWS),
    )


def _key(reason: Reason) -> tuple[object, ...]:
    keys = (reason["decision"], full_name(reason), reason["site"], reason["why"], reason["fix"])
    return (*keys, reason["waiver"], reason["new"])


def _row(found: list[tuple[str, Reason]], members: Mapping[str, Member], ids: Mapping[str, str]) -> Row:
    reason = found[0][1]
    ages = {True: "new", False: "was so before", None: ""}
    return Row(
        reason["decision"],
        clean(full_name(reason)),
        ages[reason["new"]],
        clean(reason["site"] or ""),
        [members[host] for host, _reason in found if host in members],
        clean(reason["why"]),
        clean(reason["fix"]),
        clean(reason["waiver"] or ""),
        ids.get(full_name(reason), ""),
    )


def decisions_of(gate: Gate) -> Decisions:
    """The strictest by host, cause, reason and site."""
    found: Decisions = {}
    for reason in sorted(gate["reasons"], key=_strictness):
        found.setdefault((reason["host"], reason["cause"], reason["reason"], reason["site"]), reason)
    return found


def decision_on(decisions: Decisions, host: str, finding: Finding) -> Reason | None:
    """What was decided on a finding: the strictest, where it was judged more than once. None: it was not."""
    keys = ((host, finding["cause"], finding["reason"], site) for site in (finding["site"], None))
    return min((decisions[key] for key in keys if key in decisions), key=_strictness, default=None)


def beside_findings(report: Report) -> list[Reason]:
    """The reasons that are no finding of a host, as what the next restart would do."""
    known = {
        (host, finding["cause"], finding["reason"])
        for host, entry in report["hosts"].items()
        for finding in entry["findings"]
    }
    return [
        reason
        for reason in report["gate"]["reasons"]
        if (reason["host"], reason["cause"], reason["reason"]) not in known
    ]


def _strictness(reason: Reason) -> int:
    return DECISIONS.index(reason["decision"])
