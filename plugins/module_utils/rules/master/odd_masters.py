# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reasons of cause 1: workers without a master, and a master with another configuration."""

from typing import TYPE_CHECKING, Optional

from ..case import Case
from ..model import Cause, Match, Place, Reason, evidence

if TYPE_CHECKING:
    from .down import Down


def orphaned(cause: Cause, case: Case) -> Match:
    """Workers outlive a master that was killed, where nothing kills its whole control group."""
    words = "The master of %s is gone; %d of its workers serve on, and nothing replaces one that ends."
    pids = [worker["pid"] for worker in case.orphans]
    proof = [
        evidence("socket", "%s is held by workers without a master" % case.key),
        evidence("pids", " ".join(map(str, pids))),
    ]
    reason = Reason(
        words % (case.named, len(pids)),
        proof,
        severity="warning",
        confidence="likely",
        facts={"pids": pids},
    )
    return Match(cause, "orphaned", reason)


def other_config(down: "Down") -> Optional[Reason]:
    """The same program runs, with another configuration."""
    binary = down.master["binary"]
    others = [each for each in down.case.masters if each["running"] and each["binary"] == binary]
    if down.unit or not binary or not others:
        return None
    other = others[0]
    words = "No php-fpm master runs with %s: %s runs with %s"
    runs = "the master (pid %s) runs with it" % other["pid"]
    return Reason(
        words % (down.name, other["unit"] or binary, other["config"]),
        [evidence("process", runs, other["config"], at=other["started_at"]), down.state],
        confidence="likely",
        place=Place(None, other["unit"]),
        facts={"path": other["config"]},
    )
