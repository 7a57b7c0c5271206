# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A stranger listens where a pool of this host should."""

from .case import Case
from .model import Answer, Cause, Match, Reason, evidence

CAUSE = Cause("impostor", rules_out_others=True)


def examine(case: Case) -> Answer:
    """Root's own programs are none: a container's proxy may serve what a disabled php-fpm did."""
    strangers = [listener for listener in case.foreign_listeners if listener.get("uid")]
    owner = case.owner
    if not strangers or not owner or not case.is_local or case.orphans:
        return None
    unit = owner.state
    speaks_fastcgi = case.answers or any(listener["claims_fpm"] for listener in strangers)
    if not speaks_fastcgi and unit.get("active") == "failed":
        return None  # by accident: php-fpm's own words tell that
    who = ", ".join("%(comm)s (pid %(pid)s) of %(user)s" % stranger for stranger in strangers[:3])
    name = owner.pool["name"]
    proof = [
        evidence("socket", "%s is held by %s" % (case.key, who)),
        owner.listens(" in pool %s" % name),
    ]
    if unit:
        state = "%s is %s (%s)" % (owner.master["unit"], unit.get("active"), unit.get("sub"))
        proof.append(evidence("systemd", state, at=unit.get("changed_at")))
    # Whoever runs another php-fpm on purpose disables the unit of this one.
    certain = owner.master["running"] or unit.get("enabled") not in ("disabled", "masked", "masked-runtime")
    words = "Not php-fpm but %s listens on %s, where pool %s should." % (who, case.key, name)
    reason = Reason(words, proof, confidence="certain" if certain else "likely")
    return Match(CAUSE, "untrusted_php_fpm" if speaks_fastcgi else "not_php_fpm", reason)
