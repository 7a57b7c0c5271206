# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Cause 1: the php-fpm master that should serve the endpoint does not run, or did not for a while."""

from typing import Optional

from .case import HIDDEN, NOBODY_THERE, Case
from .fpm_was_down import was_down
from .model import Answer, Cause, Clear, Match, Reason, Unclear, first_line
from .whereabouts import name_of

CAUSE = Cause("fpm_not_running", code=1, rules_out_others=True)


def _down(case: Case) -> Optional[Match]:
    from .not_running import not_running

    return not_running(CAUSE, case)


def _not_installed(case: Case) -> Optional[Match]:
    """Nobody is there, and no php-fpm exists that could be."""
    is_there = case.connect["result"] not in ("missing", "refused") or case.endpoint.get("listening")
    blind = case.seen.blind & {"processes", "fpm_container", "units"}
    if is_there or blind or not case.looks_like_php:
        return None
    lost = case.lost(NOBODY_THERE | HIDDEN)
    reason = Reason(
        "no php-fpm was found on this host: no process, no unit, no program.",
        [case.dialled()] + first_line(lost),
        lost,
        confidence="likely",
        explains=case.losses,
    )
    return Match(CAUSE, "not_installed", reason)


def examine(case: Case) -> Answer:
    if not case.is_local:
        return None
    if not case.masters:
        return _not_installed(case)
    if case.orphans:
        from .odd_masters import orphaned

        return orphaned(CAUSE, case)
    listeners = case.endpoint.get("listeners") or []
    relevant = [owner.master for owner in case.owners] or case.masters
    ending = [
        master["unit_state"]["active"] == "deactivating"
        for master in relevant
        if master["running"] and master["unit_state"]
    ]
    if any(ending) and not case.answers:  # its workers still end what they do
        return _down(case)
    up = sorted({name_of(master) for master in relevant if master["running"]})
    if up or case.answers or any(listener["fpm"] for listener in listeners):
        why = "%s runs" % ", ".join(up) if up else "php-fpm listens on %s" % case.key
        return was_down(case, CAUSE) or Clear(why)
    # Without root the processes may be hidden: systemd's word, or a listener without a known holder, says
    # that it runs.
    units = [master["unit_state"] for master in relevant if master["unit_state"]]
    # A unit that was made of a script stays active (exited) when its process is gone.
    states = [unit["active"] for unit in units if unit["sub"] != "exited"]
    hidden = case.endpoint.get("listening") and not listeners and not any(states)
    if hidden or "active" in states or "reloading" in states:
        why = "something listens on " + case.key if hidden else "its unit is active"
        return Unclear("live_probe", "no php-fpm master was seen, though %s" % why)
    return _down(case)
