# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A stranger listens where a pool of this host should."""

from typing import Any

from .case import Case
from .model import evidence

CAUSE = "impostor"


def examine(case: Case) -> Any:
    """Of root's own programs none is one: a container's proxy may serve what a disabled php-fpm did."""
    them = [one for one in case.foreign_listeners if one.get("uid")]
    owner = case.owner
    if not them or not owner or not case.is_local:
        return None
    unit = owner.master["unit_state"] or {}
    fastcgi = case.answers or any(one["claims_fpm"] for one in them)
    if not fastcgi and unit.get("active") == "failed":
        return None  # by accident: php-fpm's own words tell that
    who = ", ".join("%s (pid %s) of %s" % (one["comm"], one["pid"], one["user"]) for one in them[:3])
    proof = [
        evidence("socket", "%s is held by %s" % (case.key, who)),
        evidence(
            "php-fpm",
            "listen = %s in pool %s" % (owner.pool["listen"], owner.pool["name"]),
            path=owner.pool["listen_file"],
            line=owner.pool["listen_line"],
        ),
    ]
    if unit:
        proof.append(
            evidence(
                "systemd",
                "%s is %s (%s)" % (owner.master["unit"], unit.get("active"), unit.get("sub")),
                at=unit.get("changed_at"),
            )
        )
    # Whoever runs another php-fpm on purpose disables the unit of this one.
    certain = owner.master["running"] or unit.get("enabled") not in ("disabled", "masked", "masked-runtime")
    words = "Not php-fpm but %s listens on %s, where pool %s should." % (who, case.key, owner.pool["name"])
    return case.match(
        CAUSE,
        "untrusted_php_fpm" if fastcgi else "not_php_fpm",
        words,
        proof,
        [],
        owner,
        confidence="certain" if certain else "likely",
    )
