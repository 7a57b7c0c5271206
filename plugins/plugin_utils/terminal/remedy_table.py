# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The block of the table about a remediation: what was mended, what was not, what a person has to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ..catalogue.catalogue import words_for
from ..reports.remedies import full_name, identity
from ..shapes.remediation import FindingResult, Remediation, Undone
from ..shapes.report import HostEntry
from .layout import (
    MAX_COMMAND,
    MAX_ROWS,
    NUMBERS,
    Key,
    Line,
    Page,
    Pair,
    cells,
    fold,
    hosts_cell,
    hosts_of,
    labelled,
    rest,
)
from .remedy_headline import title, with_remedy
from .text import names, plural

# What a row is made of: an action, a change that was left open, or a finding with its result.
Row = Mapping[str, Any]


class Section(NamedTuple):
    """Rows of one kind. by: what parts them, finest first; why: how many lines a reason may take."""

    word: str
    by: tuple[Key[Row], ...]
    why: int


_BY_ACTION: tuple[Key[Row], ...] = (lambda item: (item["id"], item["target"]), lambda item: item["id"])
# In the order in which they are shown. What was refused or skipped stands where it is left to a person.
ACTIONS = {
    "failed": Section("FAILED", _BY_ACTION, 4),
    "done": Section("done", _BY_ACTION, 2),
    "rolled_back": Section("rolled back", _BY_ACTION, 4),
    "would": Section("would do", _BY_ACTION, 4),
}
_BY_NAME: tuple[Key[Row], ...] = (lambda item: (item["name"], item["target"]), lambda item: item["name"])
# What became of a change that a killed run had left open, and the words for it.
OPEN = {
    "put_back": (Section("taken back", _BY_NAME, 4), "a run that was killed had begun it; it %s taken back"),
    "kept": (Section("kept", _BY_NAME, 4), "a run that was killed had finished its work; it %s kept"),
    "left": (Section("by hand", _BY_NAME, 4), "a run that was killed had begun it; it %s left to a person"),
    "tidied": (
        Section("taken back", _BY_NAME, 4),
        "a run that was killed had left files of its own behind; that %s cleared away",
    ),
    "damaged": (
        Section("by hand", _BY_NAME, 4),
        "the record of a run that was killed cannot be read; it %s put aside",
    ),
}
BY_HAND: tuple[Key[Row], ...] = (
    lambda item: (item["name"], item["do"], NUMBERS.sub("0", item["why"])),
    lambda item: (item["name"], item["do"]),
    lambda item: item["name"],
)
ASIDE = {"busy": "busy", "left_alone": "left alone"}


def block(page: Page, hosts: Mapping[str, HostEntry]) -> list[Line]:
    """Lines of the table for the hosts of a report; none when no host has a remediation."""
    remedied = with_remedy(hosts)
    rows: list[Line] = []
    for fate, (section, words) in OPEN.items():
        rows += _section(
            page,
            section,
            [
                (name, _left_open(entry["remediation"]["undone"], entry["remediation"]["check_mode"], words))
                for name, entry in remedied.items()
                if entry["remediation"]["undone"] and entry["remediation"]["undone"]["fate"] == fate
            ],
            "name",
        )
    for result, section in ACTIONS.items():
        rows += _section(
            page,
            section,
            [
                (name, action)
                for name, entry in remedied.items()
                for action in entry["remediation"]["actions"]
                if action["result"] == result
            ],
            "id",
        )
    rows += _still_ill(page, remedied)
    rows += _for_a_person(page, remedied)
    for outcome, word in ASIDE.items():
        aside = [
            (name, entry["remediation"])
            for name, entry in remedied.items()
            if entry["remediation"]["outcome"] == outcome and not _left_to_a_person(entry["remediation"])
        ]
        for pairs in fold(aside, (_refusal,))[: page.rows]:
            rows += [*_wide(page, word, "", pairs), *_why(page, pairs, 4)]
    header: list[Line] = [
        (cells(("RESULT", "ACTION", "TARGET", "HOSTS", "TOOK"), page.actions), None),
        ("-" * page.width, None),
    ]
    return [*title(hosts, page), *(header + rows if rows else [])]


def _refusal(remediation: Remediation) -> str:
    """What is the same of hosts that were left alone. A report from before 0.14.0 has the sentence alone."""
    return remediation["refusal_kind"] or NUMBERS.sub("0", remediation["why"])


def _section(page: Page, section: Section, shown: Sequence[Pair[Row]], field: str) -> list[Line]:
    lines: list[Line] = []
    rows = fold(shown, section.by)
    for pairs in rows[: page.rows]:
        items = [item for _host, item in pairs]
        targets = list(dict.fromkeys(item["target"] or "-" for item in items))
        where, below = hosts_cell(page, hosts_of(pairs), page.actions[3])
        took = max((item["seconds"] for item in items if item.get("seconds")), default=None)
        lines.append(
            (
                cells(
                    (
                        section.word,
                        items[0][field],
                        names(targets, page.actions[2])[0],
                        where,
                        "%.1f s" % took if took else "",
                    ),
                    page.actions,
                ),
                None,
            )
        )
        lines += [*below, *_cost(page, items), *_why(page, pairs, section.why)]
        lines += labelled(page, "undo", "; ".join(items[0].get("by_hand", ())), MAX_COMMAND)
        if items[0].get("result") == "would":
            lines += labelled(
                page,
                "run",
                "; ".join(
                    dict.fromkeys(command for item in items[:MAX_ROWS] for command in item["commands"])
                ),
                MAX_COMMAND,
            )
    return lines + rest(page, rows)


def _cost(page: Page, items: Sequence[Row]) -> list[Line]:
    """How many running requests a reload or restart cut, or would cut, on all hosts of a row together."""
    loading = [item for item in items if item.get("disruption", "none") != "none"]
    if not loading:
        return []
    if loading[0]["result"] != "would":
        return labelled(page, "cut", plural(sum(item["cut"] for item in loading), "running request"), 1)
    known = [item["running"] for item in loading if item["running"] is not None]
    victims = "an unknown number of running requests"
    if known:
        victims = "up to %s" % plural(sum(known), "running request")
    if loading[0]["disruption"] == "restart":
        victims += ", and who comes while it restarts"
    return labelled(page, "cuts", victims, 1)


def _wide(page: Page, word: str, name: str, pairs: Sequence[Pair[Row]]) -> list[Line]:
    where, below = hosts_cell(page, hosts_of(pairs), page.findings[2])
    return [(cells((word, name, where, ""), page.findings).rstrip(), None), *below]


def _why(page: Page, pairs: Sequence[Pair[Row]], lines: int) -> list[Line]:
    """The reason, with its host where other hosts have another reason."""
    host, first = pairs[0]
    alike = len({NUMBERS.sub("0", item["why"]) for _host, item in pairs}) == 1
    return labelled(
        page, "why", first["why"] if alike or not first["why"] else "%s: %s" % (host, first["why"]), lines
    )


def _left_open(undone: Undone, check_mode: bool, words: str) -> Row:
    parts = [words % ("would be" if check_mode else "was"), undone["why"], ", ".join(undone["files"])]
    return {**undone, "why": ": ".join(filter(None, parts))}


def _still_ill(page: Page, hosts: Mapping[str, HostEntry]) -> list[Line]:
    """What is wrong now and was no finding before. It is new, or another problem hid it."""
    rows: list[Pair[Row]] = []
    for name, entry in hosts.items():
        known = {identity(item) for item in entry["remediation"]["findings"]}
        rows += [
            (name, {**item, "name": full_name(item), "why": item["summary"]})
            for item in entry["remediation"]["still"]
            if identity(item) not in known
        ]
    lines: list[Line] = []
    for pairs in fold(rows, (lambda item: (item["new"], item["name"]),))[: page.rows]:
        lines += [
            *_wide(page, "new" if pairs[0][1]["new"] else "still ill", pairs[0][1]["name"], pairs),
            *_why(page, pairs, 4),
        ]
    return lines


def _left_to_a_person(remediation: Remediation) -> dict[int, FindingResult]:
    """The findings that only a person can mend, by number. None while another remediation is at work."""
    if remediation["outcome"] == "busy":
        return {}
    return {
        number: item
        for number, item in enumerate(remediation["findings"])
        if item["result"] in ("escalated", "rolled_back")
    }


def _for_a_person(page: Page, hosts: Mapping[str, HostEntry]) -> list[Line]:
    """What is left to do by hand: the catalogue's fix, or its longer advice where the fix was
    tried in vain.
    """
    left: list[Pair[Row]] = []
    for name, entry in hosts.items():
        known = dict(enumerate(entry["findings"]))
        for number, item in _left_to_a_person(entry["remediation"]).items():
            finding = known.get(number) or words_for(item)
            tried = item["result"] == "rolled_back"
            row = {
                "name": full_name(item),
                "do": finding["advice" if tried else "fix"],
                "why": "" if tried else item["why"],
            }
            left.append((name, row))
    lines: list[Line] = []
    rows = fold(left, BY_HAND)
    for pairs in rows[: page.rows]:
        lines += [
            *_wide(page, "by hand", pairs[0][1]["name"], pairs),
            *_why(page, pairs, 4),
            *labelled(page, "do", pairs[0][1]["do"], MAX_COMMAND),
        ]
    return lines + rest(page, rows)
