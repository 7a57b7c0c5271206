# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Looks at the subjects of risks, each in a process of its own: one that hangs or raises costs its own answer
alone.
"""

from functools import partial
from typing import TYPE_CHECKING, Callable, Dict, List, Mapping, cast

from ..child import Child, Say, end
from ..host import Host

if TYPE_CHECKING:
    from ....plugin_utils.shapes.missing import Missing
    from ....plugin_utils.shapes.risks import Risks
    from ....plugin_utils.shapes.snapshot import Snapshot

Collect = Callable[[Host, "Snapshot"], object]


def _look(host: Host, snapshot: "Snapshot", collect: Collect, say: Say) -> None:
    """The child's part: [what was seen, why it failed, what is missing]."""
    host.missing = []
    value, why = None, None
    try:
        value = collect(host, snapshot)
    except Exception as error:
        why = "%s: %s" % (type(error).__name__, error)
    say([value, why, host.missing])


def _unseen(subject: str, why: str) -> "Missing":
    return {"what": "risk_unseen", "path": subject, "why": why, "needs": None}


def look(host: Host, snapshot: "Snapshot", subjects: Mapping[str, Collect]) -> "Risks":
    """What is missing here says nothing about the host's health now, so it is kept apart."""
    missing: List[Missing] = []
    seen: Dict[str, object] = {"missing": missing}
    for subject, collect in subjects.items():
        if host.left() <= 0:
            missing.append(_unseen(subject, "the deadline was over before its turn"))
            continue
        child = Child(partial(_look, host, snapshot, collect))
        try:
            message = child.next(host.left())
        finally:
            end([child])
        if message is None:
            late = "the deadline was over" if host.left() <= 0 else "it broke off"
            missing.append(_unseen(subject, "the look at it did not come to an end: %s" % late))
            continue
        value, why, gaps = message
        missing += gaps
        if why:
            missing.append(_unseen(subject, why))
        else:
            seen[subject] = value
    return cast("Risks", seen)
