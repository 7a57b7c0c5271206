# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reasons of cause 3 around a configuration that is not loaded, or of which a part does not count."""

from typing import TYPE_CHECKING, List, Optional

from ...parse.timestamps import LOG_SECOND
from ...signatures.nginx import HIDDEN
from ..case import NOBODY_THERE, Case
from ..missing import unseen
from ..model import Cause, Match, Reason, evidence, first_line
from ..seen import Owner

if TYPE_CHECKING:
    from ....plugin_utils.shapes.missing import Missing

RECENT = 3600.0  # seconds before the first loss in which the pool was written


def _loaded(owner: Owner, first: float, last: float) -> Optional[str]:
    """How php-fpm came to listen after the last loss. A reload keeps the process, and so its start:
    fpm_pctl_exec() is an execvp() by the master.
    """
    master = owner.master
    started, loaded, changed = master["started_at"], master["loaded_at"], master["config_changed_at"]
    if started is None or loaded is None or changed is None or last > loaded + LOG_SECOND:
        return None
    if started < first and loaded > started + LOG_SECOND:
        return "was reloaded"
    # Restarted, and master/fpm_not_running.py says that it ran before.
    return "was restarted" if started > first and first - RECENT < changed <= started else None


def pool_was_not_loaded(cause: Cause, case: Case) -> Optional[Match]:
    """Nobody listened while the master ran; since it has loaded its files, its pool does."""
    lost = case.lost(NOBODY_THERE)
    if not lost or not case.answers:
        return None
    for owner in case.running:
        how = _loaded(owner, lost[0].at, lost[-1].at)
        if how is None:
            continue
        words = "pool %s is configured for %s, and did not listen there until php-fpm %s."
        text = "the master (pid %s) has loaded its configuration" % owner.master["pid"]
        proof = [
            evidence(
                "process", text, owner.pool["file"], owner.pool["listen_line"], owner.master["loaded_at"]
            )
        ]
        reason = Reason(
            words % (owner.pool["name"], case.key, how),
            proof + first_line(lost),
            lost,
            confidence="likely" if how == "was reloaded" else "possible",
            state="recovered",
            place=owner.place,
        )
        return Match(cause, "config_not_loaded", reason)
    return None


def not_dialled_yet(case: Case, match: Match) -> Match:
    """What is wrong with an endpoint that nginx's files name and that nginx has not loaded. As long as it
    dials the place before, no request is lost by it.
    """
    loaded = case.snapshot["nginx"]["loaded"]
    newer, perhaps = loaded["newer_files"], loaded.get("perhaps_newer", [])
    named = {route["file"] for route in case.routes}
    named |= {
        target["file"]
        for route in case.routes
        for target in route["endpoints"]
        if target["endpoint"] == case.key
    }
    if case.losses or case.unheard or not named.issubset(newer + perhaps):
        return match
    several = any(len({target["endpoint"] for target in route["endpoints"]}) > 1 for route in case.routes)
    if several and not named.issubset(newer):
        return match  # beside a server that answers it costs no request, so no loss will ever tell
    verb = "has not" if named.issubset(newer) else "may not have"
    words = "%s; nginx %s loaded yet that it is to dial it." % (match.reason.summary.rstrip("."), verb)
    reason = match.reason._replace(
        summary=words, state="latent", severity="warning", confidence="likely", remedy=()
    )
    return match._replace(reason=reason)


def replaced_listen(cause: Cause, case: Case) -> Optional[Match]:
    """php-fpm takes pools of one name for one pool (fpm_conf.c)."""
    for owner in case.seen.pools:
        pool = owner.pool
        before = next((each for each in pool.get("replaced", ()) if each["endpoint"] == case.key), None)
        if before is None:
            continue
        words = "pool %s has two places for listen, and that of %s:%d gives way to that of %s:%s."
        words %= (pool["name"], before["file"], before["line"], pool["listen_file"], pool["listen_line"])
        lost = case.lost(NOBODY_THERE | HIDDEN)
        gone = evidence("php-fpm", "this listen does not count", before["file"], before["line"])
        reason = Reason(
            words,
            [gone, owner.listens(), case.dialled()] + first_line(lost),
            lost,
            place=owner.place,
            explains=case.losses,
        )
        return Match(cause, "name_used_twice", reason)
    return None


def configured_no_more(case: Case) -> "List[Missing]":
    """php-fpm serves by what it has loaded. A pool whose file is gone since ends with its next load."""
    if "fpm_config" in case.seen.blind:
        return []
    configs = {each["master_config"] for each in case.endpoint["listeners"] if each["fpm"]}
    why = "php-fpm (pid %s) listens on it, and no pool's file has it any more: its next reload ends that"
    return [
        unseen("pool_gone", case.key, why % master["pid"])
        for master in case.masters
        if master["running"] and master["config"] in configs
        if all(pool["endpoint"] for pool in master["pools"])
    ]
