# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Cause 2: php-fpm listens, but nginx's worker user may not connect."""

from functools import partial
from typing import TYPE_CHECKING, List, NamedTuple, Optional, Sequence

from ..case import CONFINED, DENIED, HIDDEN, Case
from ..model import (
    NOTHING,
    NOWHERE,
    Answer,
    Cause,
    Clear,
    Confidence,
    Match,
    Reason,
    Remedy,
    Rule,
    Unclear,
    evidence,
    first_line,
    first_reason,
    ids,
    sample,
)

if TYPE_CHECKING:
    from ....plugin_utils.shapes.endpoint import Blocked
    from ....plugin_utils.shapes.finding import Evidence
    from ....plugin_utils.shapes.nginx import Configured

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
# All programs of such an account could run PHP as the pool's user, if it might connect.
SHARED_ACCOUNTS = frozenset(("nobody", "root", "daemon"))


class Denied(NamedTuple):
    """A connect that is refused."""

    case: Case
    user: Optional[str]  # nginx's; None: not tried as that
    blocked: Optional["Blocked"]  # by what in the file system

    @property
    def kind(self) -> Optional[str]:
        return self.blocked["kind"] if self.blocked else None


def _reason(
    denied: Denied, why: str, proof: Sequence["Evidence"] = (), remedy: Sequence[Remedy] = ()
) -> Reason:
    case, user = denied.case, denied.user
    lost = case.lost(DENIED | HIDDEN)
    tried = [case.dialled("Permission denied")] if user is not None else []
    words = "nginx's worker user %s may not connect to %s: %s."
    return Reason(
        words % (user or case.snapshot["nginx"]["user"], case.key, why),
        list(proof) + tried + first_line(lost),
        lost,
        remedy,
        "certain" if user is not None else "likely",
        explains=case.losses,
        facts={"user": user, "path": denied.blocked["path"] if denied.blocked else None},
    )


def _blocked(denied: Denied, remedy: Sequence[Remedy] = ()) -> Reason:
    """The reason, by what the collector found in the way, or by the kernel."""
    blocked = denied.blocked
    if not blocked:
        return _reason(denied, "the kernel refuses it", remedy=remedy)
    from ..blocked_words import why_blocked

    why = why_blocked(blocked)
    return _reason(denied, why, [evidence("file", why, blocked["path"])], remedy)


def _configured(denied: Denied) -> "Optional[Configured]":
    """Who will dial after a reload, where that is somebody else."""
    loaded = denied.case.snapshot["nginx"].get("loaded")
    return loaded["configured"] if loaded else None


def _remedy(denied: Denied, action: str, **arguments: object) -> List[Remedy]:
    owner, user = denied.case.owner, denied.user
    if not owner or user is None or user in SHARED_ACCOUNTS or _configured(denied):
        return []
    return [Remedy(action, dict(owner.arguments, user=user, **arguments))]


def _mount_namespace(denied: Denied) -> Optional[Reason]:
    hidden = denied.case.hidden
    return _reason(denied, hidden[0], [hidden[1]]) if hidden else None


def _mandatory_access(denied: Denied) -> Optional[Reason]:
    """A TCP connect has no owner or mode: SELinux or a packet filter refuses it."""
    is_unix = denied.case.endpoint.get("family") == "unix"
    return None if is_unix and denied.kind != "mandatory_access" else _blocked(denied)


def _parent_directory(denied: Denied) -> Optional[Reason]:
    blocked = denied.blocked
    if not blocked or denied.kind != "directory":
        return None
    path = blocked["path"]  # "/" each account needs
    return _blocked(denied, _remedy(denied, "directory_search_allow", path=path) if path != "/" else ())


def _not_in_force(kind: str, denied: Denied) -> Optional[Reason]:
    """What the running workers lack is there already: to open the socket further would be wrong."""
    if denied.kind != kind:
        return None
    nginx, configured, reason = denied.case.snapshot["nginx"], _configured(denied), _blocked(denied)
    if kind != "user_not_in_force" or configured is None:
        return reason
    says = evidence("nginx", "user %s" % configured["user"], configured["file"], configured["line"])
    place = denied.case.place._replace(unit=nginx["unit"])
    return reason._replace(place=place, proof=[says] + list(reason.proof))


def _is_in_the_way(case: Case) -> bool:
    """Something else than a socket lies at the path. nginx gets errno 13, or 111 where it may write to it."""
    return case.endpoint.get("type") in ("file", "directory", "fifo")


def _not_a_socket(denied: Denied) -> Optional[Reason]:
    if not _is_in_the_way(denied.case):
        return None
    kind, path = denied.case.endpoint["type"], denied.case.endpoint.get("path")
    reason = _blocked(denied) if denied.blocked else _reason(denied, "that is a %s" % kind)
    proof = list(reason.proof)
    proof.insert(bool(denied.blocked), evidence("file", "%s is a %s" % (path, kind), path))
    return reason._replace(proof=proof)


def _socket_unit(denied: Denied) -> Optional[Reason]:
    """systemd made the socket and hands it on: php-fpm changes neither owner nor mode (fpm_sockets.c)."""
    if denied.kind != "socket_unit":
        return None
    reason = _blocked(denied)
    words = reason.summary.rstrip(".") + ". systemd made it: listen.mode and listen.owner are void"
    return reason._replace(summary=words + ".")


def _acl(denied: Denied) -> Optional[Reason]:
    """An ACL makes listen.owner and listen.group void (fpm_unix.c)."""
    by_acl = bool(denied.blocked and denied.blocked["acl"]) or any(
        owner.pool.get("acl_users") or owner.pool.get("acl_groups") for owner in denied.case.owners
    )
    return _blocked(denied, _remedy(denied, "socket_acl_add")) if by_acl else None


def _socket_mode(denied: Denied) -> Reason:
    return _blocked(denied, _remedy(denied, "socket_access_set"))


# The first that applies is the reason.
REASONS = (
    ("mount_namespace", _mount_namespace),
    ("mandatory_access", _mandatory_access),
    ("parent_directory", _parent_directory),
    ("user_not_in_force", partial(_not_in_force, "user_not_in_force")),
    ("group_not_in_force", partial(_not_in_force, "group_not_in_force")),
    ("group_needs_restart", partial(_not_in_force, "group_needs_restart")),
    ("group_of_the_master", partial(_not_in_force, "group_of_the_master")),
    ("not_a_socket", _not_a_socket),
    ("socket_unit", _socket_unit),
    ("acl", _acl),
    ("socket_mode", _socket_mode),
)


def _is_over(case: Case, words: str, proof: "Evidence", confidence: Confidence) -> Reason:
    lost = case.lost(DENIED)
    place = case.running[0].place if case.running else NOWHERE
    proofs = [sample(lost[-1].event), proof]
    return Reason(words, proofs, lost, confidence=confidence, state="recovered", place=place)


def _until_a_restart(case: Case) -> Optional[Reason]:
    """A master's start sets who may connect."""
    last = case.lost(DENIED)[-1]
    nginx = case.snapshot["nginx"]["master"]
    starts = [("php-fpm", owner.master["pid"], owner.master["started_at"]) for owner in case.running]
    for name, pid, started in starts + ([("nginx", nginx["pid"], nginx["started_at"])] if nginx else []):
        if started is not None and last.at <= started + 1:
            words = "nginx's worker user could not connect to %s until %s was restarted." % (case.key, name)
            runs = "the master of %s runs since then (pid %s)" % (name, pid)
            return _is_over(case, words, evidence("process", runs, at=started), "likely")
    return None


def _set_right(case: Case) -> Reason:
    words = "nginx's worker user was refused on the way to %s for a while, and may connect now." % case.key
    connects = "%s may connect to %s" % (case.connect.get("as_user"), case.key)
    return _is_over(case, words, evidence("probe", connects), "possible")


def _by_hand(case: Case) -> Optional[Reason]:
    from .opened_by_hand import opened_by_hand

    found = opened_by_hand(case)
    return _is_over(case, found[0], found[1], "likely") if found else None


def _acl_set_right(case: Case) -> Optional[Reason]:
    return _set_right(case) if case.endpoint.get("acl") else None


# Of refusals that have ended. Without a restart, what was in the way was set right by itself: an entry of the
# socket's ACL, a directory or a label.
OVER = (
    ("socket_mode", _until_a_restart),
    ("socket_mode", _by_hand),
    ("acl", _acl_set_right),
    ("parent_directory", _set_right),
)


def _is_confined(case: Case) -> bool:
    """Whether nginx may be refused what the probe is not. Where it is not, confined.py is not compiled."""
    known = case.snapshot.get("confinement")
    return known is not None and (any(known.values()) or bool(case.lost(CONFINED)))


def _is_let_in(case: Case) -> bool:
    """The probe was."""
    return case.connect["result"] in ("ok", "full")


def _let_in(case: Case) -> Answer:
    """The probe is; nginx may be confined in another way."""
    user = case.connect.get("as_user")
    if user is None or not _is_let_in(case):
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
    over = first_reason(CAUSE, OVER, case) if case.lost(DENIED) else None
    return over or Clear("%s may connect to %s" % (user, case.key))


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
    return _refused(case) if _is_let_in(case) else None


def _not_tried(case: Case) -> Answer:
    """Dialled as ourselves, being let in or refused says nothing about nginx; its owner, mode and ACL do."""
    result = case.connect["result"]
    ours = case.connect.get("as_user") is None and not case.connect.get("blocked_by")
    if result == "not_tried" or (ours and (_is_let_in(case) or result == "denied")):
        return Unclear("connect_as_nginx", "could not try %s as nginx's worker user" % case.key)
    if result == "error" and case.connect.get("errno") is None:
        return Unclear("connect_as_nginx", "could not try %s: %s" % (case.key, case.connect.get("error")))
    return None


def _not_denied(case: Case) -> Answer:
    result = case.connect["result"]
    denied = result == "denied" or (result == "refused" and _is_in_the_way(case))
    return None if denied or _is_let_in(case) else NOTHING


def _left_behind(case: Case) -> Answer:
    """A socket of nobody: opening it to nginx would not help."""
    runs = any(master["running"] for master in case.masters)
    return NOTHING if case.endpoint.get("listening") is False and not case.owners and runs else None


def _denied(case: Case) -> Optional[Match]:
    denied = Denied(case, case.connect.get("as_user"), case.connect.get("blocked_by"))
    match = _refused(case, first_reason(CAUSE, REASONS, denied))
    if match and case.unloaded:
        from .older_pool import not_dialled_yet

        return not_dialled_yet(case, match)
    return match


RULE = Rule(
    "socket_permission_denied",
    (CAUSE,),
    (_refused_all_the_same, _let_in, _not_tried, _not_denied, _left_behind, _denied),
)
