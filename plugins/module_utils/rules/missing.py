# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Entries of missing, and how a part of this collection may fail: that costs its own answer alone."""

from typing import TYPE_CHECKING, Callable, List, Optional, TypeVar

from .model import LONGEST_TEXT

if TYPE_CHECKING:
    from ...plugin_utils.shapes.missing import Missing

Item = TypeVar("Item")
FAILED = "rule_failed"


def unseen(what: str, path: Optional[str], why: str) -> "Missing":
    return {"what": what, "path": path, "why": why, "needs": None}


def attempt(missing: List["Missing"], part: str, make: Callable[[], Item]) -> Optional[Item]:
    """What make() gives. Where it raises, None, and missing gets an entry with the name of this part."""
    try:
        return make()
    except Exception as error:
        entry = unseen(FAILED, part, ("%s: %s" % (type(error).__name__, error))[:LONGEST_TEXT])
        if entry not in missing:
            missing.append(entry)
        return None
