# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reasons of the cause fpm_not_running where a start helps by now, or ends again by a signal or for want of
memory.
"""

from typing import Optional

from ...signatures import kinds
from ..model import Reason, evidence
from .down import Down, ended_by


def account_late(down: Down) -> Optional[Reason]:
    """A directory service came up after php-fpm: the next boot brings it again."""
    failure, facts = down.failure, down.master.get("last_start")
    if failure is None or not down.failed_with("unknown_user") or not (facts and facts.get("account")):
        return None
    words = "%s was started before this host knew the account %s" % (down.name, failure.first)
    proof = evidence("now", "the account %s is there" % failure.first)
    return Reason(words, [proof] + down.proof, remedy=down.start, confidence="likely")


def reload_failed(down: Down) -> Optional[Reason]:
    """fpm_pctl_exec(): the master becomes its program again, and ends if it cannot."""
    if not down.failed_with("reload_failed") or down.unit is None or down.result != "exit-code":
        return None
    words = "%s ended when it was reloaded: it could not run its program once more" % down.name
    remedy = []
    if down.master["test"].get("ok"):  # which ran it
        words += ", which runs by now"
        remedy = down.start
    return Reason(words, down.proof, remedy=remedy, confidence="likely")


def crashes_at_test(down: Down) -> Optional[Reason]:
    signal = ended_by(down.master["test"])
    if signal is None:
        return None
    words = "%s crashes as soon as it runs: php-fpm -t ends by signal %s too" % (down.name, signal)
    proof = evidence("php-fpm -t", "ended by signal %s" % signal, down.master["binary"])
    return Reason(words, [proof, down.state], confidence="likely")


def too_many_children(down: Down) -> Optional[Reason]:
    """fpm_scoreboard_init_main(): a place for each worker that a pool may have."""
    failure = down.failure
    if failure is None or failure.kind != kinds.SCOREBOARD or down.changed_since():
        return None
    pool = max(down.master["pools"], key=lambda each: each["max_children"] or 0, default=None)
    words = "%s cannot start: it gets no memory to count so many workers in" % down.name
    proof = down.failed_start
    if pool:
        text = "pm.max_children = %s of pool %s" % (pool["max_children"], pool["name"])
        words = "%s, %s" % (words, text)
        proof = [evidence("file", text, pool["file"], pool["line"])] + proof
    return Reason(words, proof + [down.state], confidence="likely")
