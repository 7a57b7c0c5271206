# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Entries of missing, and how a part of this collection may fail: that costs its own answer alone."""

from typing import TYPE_CHECKING, Callable, Iterable, List, Optional, TypeVar

from .model import LONGEST_TEXT, Answer, Match, RowFailed, Subject

if TYPE_CHECKING:
    from ...plugin_utils.shapes.missing import Missing, What

Item = TypeVar("Item")
FAILED: "What" = "rule_failed"


def unseen(what: "What", path: Optional[str], why: str) -> "Missing":
    return {"what": what, "path": path, "why": why, "needs": None}


def part_of(rule: str, ask: object) -> str:
    """The name of a predicate, in missing."""
    function = getattr(ask, "func", ask)  # of functools.partial
    return "%s.%s" % (rule, getattr(function, "__name__", "predicate").strip("_"))


def failed(missing: List["Missing"], part: str, error: Optional[BaseException]) -> None:
    """missing: gets an entry with the name of the part that raised."""
    entry = unseen(FAILED, part, ("%s: %s" % (type(error).__name__, error))[:LONGEST_TEXT])
    if entry not in missing:
        missing.append(entry)


def attempt(missing: List["Missing"], part: str, make: Callable[[], Item]) -> Optional[Item]:
    """What make() gives. Where it raises, None, and missing gets an entry with the name of this part."""
    try:
        return make()
    except Exception as error:
        failed(missing, part, error)
        return None


def first_answer(
    missing: List["Missing"],
    rule: str,
    predicates: Iterable[Callable[[Subject], Item]],
    subject: Subject,
) -> Optional[Item]:
    """The first answer that is not None. A predicate that raises ends the list: those behind it take for
    granted that it had no answer, and might say what is wrong. missing: gets its name behind the rule's.
    """
    ask: object = None
    try:
        for ask in predicates:
            answer = ask(subject)
            if answer is not None:
                return answer
    except RowFailed as row:
        failed(missing, "%s.%s" % (rule, row), row.__cause__)
    except Exception as error:
        failed(missing, part_of(rule, ask), error)
    return None


def matches_of(answer: Answer) -> List[Match]:
    if isinstance(answer, list):
        return answer
    return [answer] if isinstance(answer, Match) else []
