# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The block of the table that says what a remediation did: what was mended, what was not, and what a person
has to do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from .catalogue import enrich
from .layout import (
    MAX_ROWS,
    NUMBERS,
    WIDTH,
    Key,
    Line,
    Pair,
    cells,
    fold,
    hosts_cell,
    hosts_of,
    labelled,
    rest,
)
from .remedies import full_name, key, tally, unfinished, voice, waiting
from .text import names, plural, wrap

HEADING = "REMEDY  "
# The columns of a row: result, action, target, hosts, seconds. With the gaps and the indent they fill the
# width.
COLUMNS = (11, 24, 32, 16, 7)
# A row without a target: result, finding, hosts, nothing.
WIDE = (11, 58, 16, 7)


class Section(NamedTuple):
    """Rows of one kind. by: what parts them, finest first; why: how many lines a reason may take."""

    word: str
    by: tuple[Key, ...]
    why: int


_BY_ACTION: tuple[Key, ...] = (lambda item: (item["id"], item["target"]), lambda item: item["id"])
# In the order in which they are shown. What was refused or skipped is told where it is left to a person.
ACTIONS = {
    "failed": Section("FAILED", _BY_ACTION, 3),
    "done": Section("done", _BY_ACTION, 1),
    "rolled_back": Section("rolled back", _BY_ACTION, 2),
    "would": Section("would do", _BY_ACTION, 2),
}
_BY_NAME: tuple[Key, ...] = (lambda item: (item["name"], item["target"]), lambda item: item["name"])
# What became of a change that a killed run had left open, and how that is said of it.
OPEN = {
    "put_back": (Section("taken back", _BY_NAME, 2), "a run that was killed had begun it; it %s taken back"),
    "kept": (Section("kept", _BY_NAME, 2), "a run that was killed had finished its work; it %s kept"),
    "left": (Section("by hand", _BY_NAME, 4), "a run that was killed had begun it; it %s left to a person"),
    "tidied": (
        Section("taken back", _BY_NAME, 2),
        "a run that was killed had left files of its own behind; that %s cleared away",
    ),
    "damaged": (
        Section("by hand", _BY_NAME, 4),
        "the record of a run that was killed cannot be read; it %s put aside",
    ),
}
BY_HAND: tuple[Key, ...] = (
    lambda item: (item["name"], item["do"], NUMBERS.sub("0", item["why"])),
    lambda item: (item["name"], item["do"]),
    lambda item: item["name"],
)
ASIDE = {"busy": "busy", "left_alone": "left alone"}


def title(hosts: Mapping[str, Mapping[str, Any]]) -> list[Line]:
    """The result in a line or two; none when no host has a remediation."""
    counts = tally(hosts.values())
    remedied, lost = _remedied(hosts), unfinished(hosts)
    if counts is None and not lost:
        return []
    told = [headline(remedied, counts)] if counts else []
    told += ["%s did not finish" % plural(len(lost), "host")] if lost else []
    color = "red" if lost else _color(remedied, counts or {})
    lines = wrap("; ".join(told), WIDTH - len(HEADING), 2)
    return [((" " * len(HEADING) if number else HEADING) + line, color) for number, line in enumerate(lines)]


def block(hosts: Mapping[str, Mapping[str, Any]]) -> list[Line]:
    """Lines of the table for the hosts of a report; none when no host has a remediation."""
    remedied = _remedied(hosts)
    rows: list[Line] = []
    for fate, (section, words) in OPEN.items():
        rows += _section(
            section,
            [
                (name, _left_open(entry["remediation"], words))
                for name, entry in remedied.items()
                if entry["remediation"]["undone"] and entry["remediation"]["undone"]["fate"] == fate
            ],
            "name",
        )
    for result, section in ACTIONS.items():
        rows += _section(
            section,
            [
                (name, action)
                for name, entry in remedied.items()
                for action in entry["remediation"]["actions"]
                if action["result"] == result
            ],
            "id",
        )
    rows += _still_ill(remedied)
    rows += _for_a_person(remedied)
    for outcome, word in ASIDE.items():
        aside = [
            (name, entry["remediation"])
            for name, entry in remedied.items()
            if entry["remediation"]["outcome"] == outcome and not _left_to_a_person(entry["remediation"])
        ]
        for pairs in fold(aside, (lambda item: NUMBERS.sub("0", item["why"]),))[:MAX_ROWS]:
            rows += [*_wide(word, "", pairs), *_why(pairs, 2)]
    header: list[Line] = [
        (cells(("RESULT", "ACTION", "TARGET", "HOSTS", "TOOK"), COLUMNS), None),
        ("-" * WIDTH, None),
    ]
    return [*title(hosts), *(header + rows if rows else [])]


def _remedied(hosts: Mapping[str, Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    return {name: entry for name, entry in hosts.items() if "remediation" in entry}


def headline(hosts: Mapping[str, Mapping[str, Any]], counts: Mapping[str, int]) -> str:
    """As "3 of 4 findings fixed; 2 of 3 hosts answer again, 1.2 to 4.8 s after the diagnosis"."""
    real = [entry for entry in hosts.values() if not waiting(entry)]
    if not counts["wanted"]:
        return "nothing to do%s" % ("" if real else "; nothing was changed")
    wanted = plural(counts["wanted"], "finding")
    ill = [
        entry
        for entry in hosts.values()
        if any(item["result"] != "not_needed" for item in entry["remediation"]["findings"])
    ]
    if not real:
        if not counts["would_fix"]:
            return "nothing is safe to do: %s on %s left to a person; nothing was changed" % (
                wanted,
                plural(len(ill), "host"),
            )
        able = [
            entry
            for entry in ill
            if any(item["result"] == "would_fix" for item in entry["remediation"]["findings"])
        ]
        return "would fix %d of %s, on %d of %s; nothing was changed" % (
            counts["would_fix"],
            wanted,
            len(able),
            plural(len(ill), "host"),
        )
    voices = [voice(entry) for entry in ill]
    throughout, again, part = (voices.count(word) for word in ("throughout", "again", "part"))
    mute = len(voices) - throughout
    times = [
        entry["remediation"]["answered_after"]
        for entry in real
        if entry["remediation"]["answered_after"] is not None
    ]
    told = "%d of %s fixed" % (counts["fixed"], wanted)
    told += "; %s answered throughout" % plural(throughout, "host") if throughout else ""
    told += (
        "; %d of %s %s again" % (again, plural(mute, "host"), "answers" if mute == 1 else "answer")
        if mute
        else ""
    )
    told += ", %d in part" % part if part else ""
    if times and (again or part):
        told += ", %s after the diagnosis" % _span(times)
    later = sum(
        waiting(entry) and any(item["result"] == "would_fix" for item in entry["remediation"]["findings"])
        for entry in ill
    )
    return told + ("; %d not tried yet" % later if later else "")


def _color(hosts: Mapping[str, Mapping[str, Any]], counts: Mapping[str, int]) -> str | None:
    results = {action["result"] for entry in hosts.values() for action in entry["remediation"]["actions"]}
    if counts["rolled_back"] or "failed" in results:
        return "red"
    if counts["escalated"]:
        return "yellow"
    return "green" if counts["wanted"] and counts["fixed"] == counts["wanted"] else None


def _span(seconds: Sequence[float]) -> str:
    low, high = ("%.1f" % min(seconds), "%.1f" % max(seconds))
    return "%s s" % low if low == high else "%s to %s s" % (low, high)


def _section(section: Section, found: Sequence[Pair], field: str) -> list[Line]:
    lines: list[Line] = []
    rows = fold(found, section.by)
    for pairs in rows[:MAX_ROWS]:
        items = [item for _host, item in pairs]
        targets = list(dict.fromkeys(item["target"] or "-" for item in items))
        where, below = hosts_cell(hosts_of(pairs), COLUMNS[3])
        took = max((item["seconds"] for item in items if item.get("seconds")), default=None)
        lines.append(
            (
                cells(
                    (
                        section.word,
                        items[0][field],
                        names(targets, COLUMNS[2])[0],
                        where,
                        "%.1f s" % took if took else "",
                    ),
                    COLUMNS,
                ),
                None,
            )
        )
        lines += [*below, *_cost(items), *_why(pairs, section.why)]
        lines += labelled("undo", "; ".join(items[0].get("by_hand", ())), 6)
        if items[0].get("result") == "would":
            lines += labelled(
                "run",
                "; ".join(
                    dict.fromkeys(command for item in items[:MAX_ROWS] for command in item["commands"])
                ),
                2,
            )
    return lines + rest(rows)


def _cost(items: Sequence[Mapping[str, Any]]) -> list[Line]:
    """What a reload or restart did to requests that ran, or would do, on all hosts of a row together."""
    loading = [item for item in items if item.get("disruption", "none") != "none"]
    if not loading:
        return []
    if loading[0]["result"] != "would":
        return labelled("cut", plural(sum(item["cut"] for item in loading), "running request"), 1)
    known = [item["running"] for item in loading if item["running"] is not None]
    told = (
        "up to %s" % plural(sum(known), "running request")
        if known
        else "an unknown number of running requests"
    )
    return labelled(
        "cuts",
        told + (", and who comes while it restarts" if loading[0]["disruption"] == "restart" else ""),
        1,
    )


def _wide(word: str, told: str, pairs: Sequence[Pair]) -> list[Line]:
    where, below = hosts_cell(hosts_of(pairs), WIDE[2])
    return [(cells((word, told, where, ""), WIDE).rstrip(), None), *below]


def _why(pairs: Sequence[Pair], lines: int) -> list[Line]:
    """The reason, with the host it is from where others have another one."""
    host, first = pairs[0]
    alike = len({NUMBERS.sub("0", item["why"]) for _host, item in pairs}) == 1
    return labelled(
        "why", first["why"] if alike or not first["why"] else "%s: %s" % (host, first["why"]), lines
    )


def _left_open(remediation: Mapping[str, Any], words: str) -> dict[str, Any]:
    undone = remediation["undone"]
    told = [
        words % ("would be" if remediation["check_mode"] else "was"),
        undone["why"],
        ", ".join(undone["files"]),
    ]
    return {**undone, "why": ": ".join(filter(None, told))}


def _still_ill(hosts: Mapping[str, Mapping[str, Any]]) -> list[Line]:
    """What is wrong now and is no finding of before: it is new, or what was in front of it is gone."""
    found: list[Pair] = []
    for name, entry in hosts.items():
        told = {key(item) for item in entry["remediation"]["findings"]}
        found += [
            (name, {**item, "why": item["summary"]})
            for item in entry["remediation"]["still"]
            if key(item) not in told
        ]
    lines: list[Line] = []
    for pairs in fold(found, (lambda item: (item["new"], full_name(item)),))[:MAX_ROWS]:
        lines += [
            *_wide("new" if pairs[0][1]["new"] else "still ill", full_name(pairs[0][1]), pairs),
            *_why(pairs, 2),
        ]
    return lines


def _left_to_a_person(remediation: Mapping[str, Any]) -> dict[int, Mapping[str, Any]]:
    """The findings that nobody but a person can mend, by number; none where another remediation is at work."""
    if remediation["outcome"] == "busy":
        return {}
    return {
        number: item
        for number, item in enumerate(remediation["findings"])
        if item["result"] in ("escalated", "rolled_back")
    }


def _for_a_person(hosts: Mapping[str, Mapping[str, Any]]) -> list[Line]:
    """What is left to do by hand, with the words of the catalogue: the fix, and where that was just tried in
    vain, where to look.
    """
    found: list[Pair] = []
    for name, entry in hosts.items():
        known = dict(enumerate(entry["findings"]))
        for number, item in _left_to_a_person(entry["remediation"]).items():
            finding = known.get(number) or enrich(dict(item))
            tried = item["result"] == "rolled_back"
            found.append(
                (
                    name,
                    {
                        "name": full_name(item),
                        "do": finding["advice" if tried else "fix"],
                        "why": "" if tried else item["why"],
                    },
                )
            )
    lines: list[Line] = []
    rows = fold(found, BY_HAND)
    for pairs in rows[:MAX_ROWS]:
        lines += [
            *_wide("by hand", pairs[0][1]["name"], pairs),
            *_why(pairs, 2),
            *labelled("do", pairs[0][1]["do"], 3),
        ]
    return lines + rest(rows)
