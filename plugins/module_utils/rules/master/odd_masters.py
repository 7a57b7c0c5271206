# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reasons of cause 1: workers without a master, a master with another configuration, and
none that may start."""

from typing import TYPE_CHECKING, Optional

from ...parse.linux.systemctl import MASKED
from ...signatures.nginx import HIDDEN
from ..case import NOBODY_THERE, Case
from ..model import Cause, Match, Place, Reason, evidence, first_line

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


def of_masked_service(cause: Cause, case: Case) -> Optional[Match]:
    """Its file may be gone, so nothing tells what it runs."""
    maker = case.endpoint.get("made_by")
    if not maker or maker["load"] not in MASKED:
        return None
    words = "%s is masked, for which %s makes the socket at %s."
    lost = case.lost(NOBODY_THERE | HIDDEN)
    reason = Reason(
        words % (maker["service"], maker["name"], case.key),
        [evidence("systemd", "%s is masked" % maker["service"]), case.dialled()] + first_line(lost),
        lost,
        confidence="likely",
        place=Place(None, maker["service"]),
        explains=case.losses,
        facts={"sockets": maker["name"]},
    )
    return Match(cause, "masked", reason)


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
