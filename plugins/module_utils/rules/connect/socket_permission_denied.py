# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Cause 2: php-fpm listens, but nginx's worker user may not connect."""

from typing import Optional

from ..case import CONFINED, DENIED, Case
from ..model import NOTHING, Answer, Cause, Clear, Match, Rule, Unclear, ids

CAUSE = Cause(
    "socket_permission_denied",
    ids(
        "acl address_family apparmor group_needs_restart group_not_in_force group_of_the_master "
        "mandatory_access mount_namespace not_a_socket parent_directory selinux_domain selinux_label "
        "selinux_port socket_mode socket_unit system_call user_not_in_force"
    ),
    code=2,
    rules_out_others=True,
)


def is_in_the_way(case: Case) -> bool:
    """Something else than a socket lies at the path. nginx gets errno 13, or 111 where it may write to it."""
    return case.endpoint.get("type") in ("file", "directory", "fifo")


def _is_confined(case: Case) -> bool:
    """Whether nginx may be refused what the probe is not. Where it is not, confined.py is not compiled."""
    known = case.snapshot.get("confinement")
    return known is not None and (any(known.values()) or bool(case.lost(CONFINED)))


def _let_in(case: Case) -> Answer:
    """The probe is; nginx may be confined in another way."""
    user = case.connect.get("as_user")
    if user is None or not case.is_let_in:
        return None
    if _is_confined(case):
        from . import confined

        doubt = confined.doubt(case)
        if doubt:
            return Unclear("connect_as_nginx", doubt)
        ended = confined.ended(case)
        if ended:
            return Match(CAUSE, ended.reason, confined.reason_of(case, ended))
        unasked = confined.unasked(case)
        if unasked and not case.lost(DENIED):
            return Unclear("selinux_port", unasked)
    if case.lost(DENIED):
        from . import no_access

        over = no_access.ended(case)
        if over:
            return over
    return Clear("%s may connect to %s" % (user, case.key))


def _refused(case: Case, match: Optional[Match] = None) -> Optional[Match]:
    """What a policy refuses nginx now. match: what owner and mode do; to mend these alone would not help."""
    if not _is_confined(case):
        return match
    from . import confined

    now = next((refused for refused in confined.refusals(case) if refused.now), None)
    if now is None:
        return match
    if match is None or match.reason_id == "mandatory_access":
        return Match(CAUSE, now.reason, confined.reason_of(case, now))
    proof = list(match.reason.proof) + now.proof
    return match._replace(reason=match.reason._replace(proof=proof, remedy=()))


def _refused_all_the_same(case: Case) -> Optional[Match]:
    return _refused(case) if case.is_let_in else None


def _not_tried(case: Case) -> Answer:
    """Dialled as ourselves, being let in or refused says nothing about nginx; its owner, mode and ACL do."""
    result = case.connect["result"]
    ours = case.connect.get("as_user") is None and not case.connect.get("blocked_by")
    if result == "not_tried" or (ours and (case.is_let_in or result == "denied")):
        return Unclear("connect_as_nginx", "could not try %s as nginx's worker user" % case.key)
    if result == "error" and case.connect.get("errno") is None:
        return Unclear("connect_as_nginx", "could not try %s: %s" % (case.key, case.connect.get("error")))
    return None


def _not_denied(case: Case) -> Answer:
    result = case.connect["result"]
    denied = result == "denied" or (result == "refused" and is_in_the_way(case))
    return None if denied or case.is_let_in else NOTHING


def _left_behind(case: Case) -> Answer:
    """A socket of nobody: opening it to nginx would not help."""
    runs = any(master["running"] for master in case.masters)
    return NOTHING if case.endpoint.get("listening") is False and not case.owners and runs else None


def _denied(case: Case) -> Optional[Match]:
    from . import no_access

    match = _refused(case, no_access.denied(case))
    if match and case.unloaded:
        from .older_pool import not_dialled_yet

        return not_dialled_yet(case, match)
    return match


RULE = Rule(
    "socket_permission_denied",
    (CAUSE,),
    (_refused_all_the_same, _let_in, _not_tried, _not_denied, _left_behind, _denied),
)
