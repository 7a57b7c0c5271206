# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One host on the page: its findings with their proof, and what a remediation did there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ..answers.bounds import STATUSES
from ..reports.remedies import full_name, identity, open_findings
from ..shapes.finding import Evidence
from ..shapes.missing import Missing
from ..shapes.plan import Chosen
from ..shapes.remediation import Difference, FindingResult, Shown
from ..shapes.report import Explained, HostEntry, Report
from ..shapes.snapshot import Stranger
from ..terminal.layout import STAMPS
from ..terminal.sentence import why_not_known
from ..terminal.text import clean, clock, names
from .view import Cause, Member, sites_of, steps_of, where, words_of

MOST_PIECES = 12
RESULTS = {
    "fixed": "mended",
    "would_fix": "would be mended",
    "rolled_back": "undone, it did not help",
    "escalated": "left to a person",
    "not_needed": "not needed any more",
}
TAKEN = {
    "done": "done",
    "would": "would be done",
    "unchanged": "was so already",
    "rolled_back": "undone",
    "refused": "refused",
    "skipped": "skipped",
    "failed": "failed",
}
RISKS = {"none": "no restart", "reload": "reload", "restart": "restart"}


class Piece(NamedTuple):
    at: str
    where: str
    text: str


class Change(NamedTuple):
    """before and after: (probe, HTTP status, queue) in words."""

    result: str
    word: str
    before: str
    after: str
    why: str


class Found(NamedTuple):
    """cause: the id of its place in the page, empty where a remediation has ended it."""

    title: str
    name: str
    cause: str
    over: bool
    summary: str
    place: list[tuple[str, str]]
    evidence: list[Piece]
    more: int
    ruled_out: list[tuple[str, str]]
    missing: list[str]
    fix: list[tuple[bool, str]]
    certain: bool
    change: Change | None


class Step(NamedTuple):
    """An action, planned or taken."""

    name: str
    target: str
    word: str
    cost: str
    why: str
    commands: list[str]
    backup: str


class Host(NamedTuple):
    """why: in short, why there is no finding."""

    member: Member
    error: str
    why: str
    causes: list[str]
    sites: str
    since: str
    began: int
    lost: int
    found: list[Found]
    missing: list[str]
    steps: list[Step]
    left_alone: str
    still: list[tuple[str, str]]
    diff: list[tuple[str, list[tuple[str, str]]]]
    strangers: list[str]

    @property
    def has_more(self) -> bool:
        """Whether there is something to open."""
        return bool(
            self.error or self.found or self.missing or self.steps or self.strangers or self.left_alone
        )


def host_of(entry: HostEntry, member: Member, causes: Mapping[tuple[str, bool], Cause], now: float) -> Host:
    """causes: those of the page by name, and whether they are over."""
    remediation = entry.get("remediation")
    results: Sequence[FindingResult] = remediation["findings"] if remediation else []
    open_ones = open_findings(entry)
    still_open = {identity(finding) for finding in open_ones}
    found = [
        _found(
            finding,
            causes.get((full_name(finding), finding["state"] == "recovered"))
            if identity(finding) in still_open
            else None,
            results[number] if number < len(results) else None,
            now,
        )
        for number, finding in enumerate(entry["findings"])
    ]
    shown = open_ones or entry["findings"]
    begins = [finding["since"] for finding in shown if finding["since"] is not None]
    began = min(begins, default=None)
    sites = list(dict.fromkeys(site for finding in shown for site in sites_of(finding)))
    return Host(
        member=member,
        error=clean(entry.get("error") or ""),
        why=clean(why_not_known(entry)),
        causes=_titles(found),
        sites=names(sites, 34)[0] if sites else "",
        since=clock(began, now) if began is not None else "",
        began=int(began or 0),
        lost=sum(finding["count"] for finding in entry["findings"]),
        found=found,
        missing=[missed(item) for item in entry["missing"]],
        steps=_steps(entry),
        left_alone=clean(remediation["why"]) if remediation else "",
        still=[(full_name(item), clean(item["summary"])) for item in remediation["still"]]
        if remediation
        else [],
        diff=[_difference(item) for item in entry.get("diff", [])],
        strangers=[_stranger(item) for item in entry["strangers"]],
    )


def _titles(found: Sequence[Found]) -> list[str]:
    """In the host's row: what is open; where nothing is, what was, and what became of it."""
    left = [item.title for item in found if not item.over]
    ended = ["%s (%s)" % (item.title, item.change.word if item.change else "over") for item in found]
    return list(dict.fromkeys(left or ended))


def _found(finding: Explained, cause: Cause | None, result: FindingResult | None, now: float) -> Found:
    over = finding["state"] == "recovered" or bool(result and cause is None)
    shared = cause.ruled_out if cause else []
    ruled_out = [(item["cause"], clean(item["why"])) for item in finding["ruled_out"]]
    pieces = finding["evidence"][:MOST_PIECES]
    return Found(
        title=finding["title"],
        name=full_name(finding),
        cause=cause.id if cause else "",
        over=over,
        summary=clean(finding["summary"]),
        place=_place(finding, now),
        evidence=[Piece(_at(piece, now), where(piece), words_of(piece)) for piece in pieces],
        more=len(finding["evidence"]) - len(pieces),
        ruled_out=[pair for pair in ruled_out if pair not in shared],
        missing=[missed(item) for item in finding["missing"]],
        fix=steps_of(finding) if finding["fix"] else [],
        certain=finding["confidence"] == "certain",
        change=_change(result) if result else None,
    )


def _at(piece: Evidence, now: float) -> str:
    return clock(piece.get("at"), now) if "at" in piece else ""


def _place(finding: Explained, now: float) -> list[tuple[str, str]]:
    servers = ["%s:%s" % (site["file"], site["line"]) for site in finding["servers"] if site["file"]]
    known = (
        ("site", ", ".join(sites_of(finding)[:8])),
        ("in", ", ".join(servers[:4])),
        ("endpoint", finding["endpoint"]),
        ("pool", finding["pool"]),
        ("unit", finding["unit"]),
        ("since", clock(finding["since"], now) if finding["since"] is not None else None),
        ("lost", str(finding["count"]) if finding["count"] else None),
    )
    return [(label, clean(value)) for label, value in known if value]


def missed(item: Missing) -> str:
    """As "error log /var/log/nginx/error.log: permission denied (needs root)"."""
    what = " ".join(filter(None, (item["what"].replace("_", " "), item["path"])))
    needs = " (needs %s)" % item["needs"] if item["needs"] else ""
    return clean("%s: %s%s" % (what, STAMPS.sub("", item["why"]), needs))


def _seen(seen: Shown | None) -> str:
    if seen is None:
        return "not looked at"
    parts = ["probe " + seen["probe"].replace("_", " ") if seen["probe"] else ""]
    parts += ["page %d" % seen["http"] if seen["http"] is not None else ""]
    parts += ["%d waiting" % seen["queue"] if seen["queue"] is not None else ""]
    return clean(", ".join(filter(None, parts))) or "not looked at"


def _change(result: FindingResult) -> Change:
    return Change(
        result["result"],
        RESULTS[result["result"]],
        _seen(result["before"]),
        _seen(result["after"]),
        clean(result["why"]) if result["result"] in ("escalated", "rolled_back") else "",
    )


def _steps(entry: HostEntry) -> list[Step]:
    remediation = entry.get("remediation")
    if remediation is None:
        return [_step(action, "planned", "", [], None, "") for action in entry["plan"]]
    return [
        _step(
            action,
            TAKEN[action["result"]],
            action["why"],
            action["commands"],
            action["seconds"],
            action["backup"] or "",
        )
        for action in remediation["actions"]
    ]


def _step(
    action: Chosen, word: str, why: str, commands: Sequence[str], seconds: float | None, backup: str
) -> Step:
    cost = [action["risk"] + " risk", RISKS.get(action["disruption"], action["disruption"])]
    cost += ["%.1f s" % seconds] if seconds else []
    return Step(
        clean(action["id"].replace("_", " ")),
        clean(action["target"] or ""),
        word,
        clean(", ".join(cost)),
        clean(why),
        [clean(command) for command in commands],
        clean(backup),
    )


def _difference(item: Difference) -> tuple[str, list[tuple[str, str]]]:
    """(file, lines with what they are)."""
    path = item["after_header"] if item["after_header"] != "/dev/null" else item["before_header"]
    kinds = {"+": "added", "-": "removed", "@": "place"}
    lines = [line for line in item["prepared"].splitlines() if not line.startswith(("--- ", "+++ "))]
    return clean(path), [(kinds.get(line[:1], "same"), line) for line in lines]


def _stranger(item: Stranger) -> str:
    words = 'pid %d of %s calls itself "%s": %s' % (item["pid"], item["user"], item["title"], item["why"])
    return clean(words)


def hosts_of(
    report: Report, causes: Sequence[Cause], members: Mapping[str, Member], now: float
) -> list[Host]:
    """Worst first, then in the order of the inventory."""
    by_name = {(cause.name, cause.state == "recovered"): cause for cause in causes}
    hosts = [host_of(entry, members[name], by_name, now) for name, entry in report["hosts"].items()]
    return sorted(hosts, key=lambda host: STATUSES.index(host.member.status))
