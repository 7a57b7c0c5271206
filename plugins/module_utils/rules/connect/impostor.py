# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A stranger listens where a pool of this host should."""

from typing import TYPE_CHECKING, List

from ...parse.linux.systemctl import DISABLED
from ..case import Case
from ..model import NOTHING, Answer, Cause, Match, Reason, Rule, evidence

if TYPE_CHECKING:
    from ....plugin_utils.shapes.endpoint import Listener

CAUSE = Cause("impostor", ("not_php_fpm", "untrusted_php_fpm"), rules_out_others=True)


def _strangers(case: Case) -> "List[Listener]":
    """Root's own programs are none: a container's proxy may serve what a disabled php-fpm did."""
    listeners = case.foreign_listeners or case.endpoint.get("beside") or []
    return [listener for listener in listeners if listener.get("uid")]


def _speaks_fastcgi(case: Case) -> bool:
    answers = case.answers and case.foreign_listeners
    return bool(answers) or any(listener["claims_fpm"] for listener in _strangers(case))


def _nobody_else(case: Case) -> Answer:
    is_ours = not case.owner or not case.is_local or case.orphans
    return NOTHING if is_ours or not _strangers(case) else None


def _by_accident(case: Case) -> Answer:
    """php-fpm's own words tell that it found its place taken."""
    failed = case.owner and case.owner.state.get("active") == "failed"
    return NOTHING if failed and not _speaks_fastcgi(case) else None


def _stranger(case: Case) -> Answer:
    owner = case.owner
    if owner is None:
        return None
    who = ", ".join("%(comm)s (pid %(pid)s) of %(user)s" % each for each in _strangers(case)[:3])
    name, unit = owner.pool["name"], owner.state
    place = case.key if case.foreign_listeners else "an address of " + case.key
    proof = [evidence("socket", "%s is held by %s" % (place, who)), owner.listens(" in pool %s" % name)]
    if unit:
        state = "%s is %s (%s)" % (owner.master["unit"], unit.get("active"), unit.get("sub"))
        proof.append(evidence("systemd", state, at=unit.get("changed_at")))
    # Whoever runs another php-fpm on purpose disables the unit of this one.
    certain = owner.master["running"] or unit.get("enabled") not in DISABLED
    words = "Not php-fpm but %s listens on %s, where pool %s should." % (who, case.key, name)
    if not case.foreign_listeners:
        words = "Beside php-fpm %s listens on an address of %s: nginx hands it a part of the requests." % (
            who,
            case.key,
        )
    reason = Reason(words, proof, confidence="certain" if certain else "likely")
    return Match(CAUSE, "untrusted_php_fpm" if _speaks_fastcgi(case) else "not_php_fpm", reason)


RULE = Rule("impostor", (CAUSE,), (_nobody_else, _by_accident, _stranger))
