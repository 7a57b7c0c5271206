# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Joins the words that people read about a cause, in ``words/``, to findings.

Hosts return bare findings, so that the code sent to each of them stays small. ``enrich`` adds the words. No
cause is named here.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pkgutil import iter_modules
from typing import Any, NamedTuple

from ..shapes.finding import Finding
from ..shapes.report import Explained, Words
from . import words
from .entry import Entry
from .placeholders import complete, fields_of, filled, sayable

DOC_PAGE = "docs/causes.md"


class Step(NamedTuple):
    """A part of a fix. command: whether it can be pasted into a shell; else it is words."""

    command: bool
    text: str


# Of each file in words/: (cause, reason or None) -> what is said of it.
CATALOGUE: dict[tuple[str, str | None], Entry] = {
    key: entry
    for module in iter_modules(words.__path__)
    for key, entry in import_module("%s.%s" % (words.__name__, module.name)).WORDS.items()
}
UNKNOWN = Entry(
    title="a cause this version has no words for",
    what="The host reports a cause that the controller's catalogue does not know: the two come from "
    "different versions.",
    decides="See the evidence.",
    fix="read the evidence in the report; update the collection on the controller",
    advice="Read the evidence in the report, and update the collection on the controller.",
    do_not="Do not act on the name alone.",
)

# Where files that nobody has loaded yet are refused, a restart or reload ends what still runs.
LOADS = ("{restart}", "{reload}", "{reload_both}", "{load_unit_and_restart}")
FIRST = "first correct {refused}, which php-fpm -t refuses, or php-fpm ends here; then "
FIRST_OF_ALL = (
    "First correct {refused}: php-fpm -t refuses it, so a restart or reload would end php-fpm with all "
    "its pools. "
)


def lookup(cause: str, reason: str | None) -> Entry:
    """The entry of a reason, else of its cause, else ``UNKNOWN``."""
    return CATALOGUE.get((cause, reason)) or CATALOGUE.get((cause, None)) or UNKNOWN


def anchor(cause: str, reason: str | None) -> str:
    """Where docs/causes.md explains it, with the fallback of ``lookup``; the page itself for the unknown."""
    if reason and (cause, reason) in CATALOGUE:
        return "%s#%s-%s" % (DOC_PAGE, cause, reason)
    return "%s#%s" % (DOC_PAGE, cause) if (cause, None) in CATALOGUE else DOC_PAGE


def fill(text: str, finding: Mapping[str, Any]) -> str:
    """Put a finding's fields into a text. Plain words stand where a command would lack one of them."""
    return filled(text, fields_of(finding))


def _with_first(first: str, text: str, finding: Mapping[str, Any]) -> str:
    """The text, behind what has to be done before php-fpm may load its files."""
    refused = (finding.get("facts") or {}).get("refused")
    return first + text if refused and any(command in text for command in LOADS) else text


def _fix(finding: Mapping[str, Any]) -> str:
    """The text of a fix, with its marks."""
    return _with_first(FIRST, _usual_fix(finding), finding)


def _usual_fix(finding: Mapping[str, Any]) -> str:
    """An older host has fewer facts, and gets the usual one."""
    entry, cause = lookup(finding["cause"], finding.get("reason")), lookup(finding["cause"], None)
    known = {**(finding.get("facts") or {}), "state": finding.get("state")}
    for row in (*cause.when, *entry.when):
        value = known.get(row.fact)
        if value and row.value in (None, value) and sayable(row.fix, fields_of(finding)):
            return row.fix
    return entry.fix


def cure_of_the_past(finding: Mapping[str, Any]) -> str | None:
    """What keeps a cause from coming back that is over. None where nothing is known to bring it back."""
    entry, cause = lookup(finding["cause"], finding.get("reason")), lookup(finding["cause"], None)
    if entry.again:
        return fill(entry.again, finding)
    return fill(_fix(finding).replace("`", ""), finding) if cause.returns else None


def steps_for(finding: Mapping[str, Any]) -> list[Step]:
    """The fix of an active finding: its commands, and the words between them, in their order.

    The text is divided before the fields of the host are put into it.
    """
    known = fields_of(finding)
    parts = _fix(finding).split("`")
    return [
        Step(bool(number % 2) and complete(part, known), filled(part, known))
        for number, part in enumerate(parts)
        if part
    ]


def words_for(finding: Mapping[str, Any]) -> Words:
    """What is said of a finding. One of which only the name is known will do."""
    entry, cause = lookup(finding["cause"], finding.get("reason")), lookup(finding["cause"], None)
    fix = fill(_fix(finding).replace("`", ""), finding)
    if finding.get("state") == "recovered":
        fix = cure_of_the_past(finding) or fill(cause.over, finding) or fix
    words: Words = {
        "title": entry.title,
        "fix": fix,
        "advice": fill(_with_first(FIRST_OF_ALL, entry.advice, finding), finding),
        "do_not": entry.do_not,
        "doc": anchor(finding["cause"], finding.get("reason")),
    }
    if entry.outage:
        words["outage"] = fill(entry.outage, finding)
    return words


def enrich(finding: Finding) -> Explained:
    """A copy of ``finding`` with title, fix, advice, do_not and doc."""
    return {**finding, **words_for(finding)}
