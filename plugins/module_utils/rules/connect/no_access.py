# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reasons of cause 2: what keeps nginx's worker user from a socket, and what kept it."""

from functools import partial
from typing import TYPE_CHECKING, List, NamedTuple, Optional, Sequence

from ...signatures.nginx import HIDDEN
from ..blocked_words import why_blocked
from ..case import DENIED, Case
from ..model import NOWHERE, Confidence, Match, Reason, Remedy, evidence, first_line, first_reason, sample
from ..seen import sockets_of
from .socket_permission_denied import CAUSE, is_in_the_way

if TYPE_CHECKING:
    from ....plugin_utils.shapes.endpoint import Blocked
    from ....plugin_utils.shapes.finding import Evidence
    from ....plugin_utils.shapes.nginx import Configured

# All programs of such an account could run PHP as the pool's user, if it might connect.
SHARED_ACCOUNTS = frozenset(("nobody", "root", "daemon"))
GIVEN_AWAY = (
    "nginx could not connect to %s until somebody gave the socket away, which the next restart undoes."
)


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
    """A TCP connect has no owner or mode: SELinux or a packet filter refuses it. To what is no socket nobody
    connects.
    """
    is_unix = denied.case.endpoint.get("family") == "unix"
    if is_in_the_way(denied.case):
        return None
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


def _not_a_socket(denied: Denied) -> Optional[Reason]:
    if not is_in_the_way(denied.case):
        return None
    kind, path = denied.case.endpoint["type"], denied.case.endpoint.get("path")
    by_mode = denied.blocked and denied.kind != "mandatory_access"
    reason = _blocked(denied) if by_mode else _reason(denied, "that is a %s" % kind)
    proof = list(reason.proof)
    proof.insert(bool(by_mode), evidence("file", "%s is a %s" % (path, kind), path))
    return reason._replace(proof=proof)


def _socket_unit(denied: Denied) -> Optional[Reason]:
    """systemd made the socket and hands it on: php-fpm changes neither owner nor mode (fpm_sockets.c)."""
    owner = denied.case.owner
    # A socket unit that is stopped holds it no more.
    given_up = denied.kind == "socket" and owner is not None and sockets_of(owner.state)
    if denied.kind != "socket_unit" and not given_up:
        return None
    reason = _blocked(denied)
    if given_up:
        reason = reason._replace(confidence="likely")
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
    """By chown: the socket is not as its pool's file has it, which its master has loaded."""
    there, owner = case.endpoint, case.owner
    if owner is None or owner.master["config_newer"] is not False or owner.pool["acl_users"]:
        return None
    names = (owner.pool["listen_owner"], there.get("owner")), (owner.pool["listen_group"], there.get("group"))
    if all(written is None or written.isdigit() or written == now for written, now in names):
        return None
    text = "%s belongs to %s:%s" % (case.key, there.get("owner"), there.get("group"))
    return _is_over(case, GIVEN_AWAY % case.key, evidence("file", text), "likely")


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


def ended(case: Case) -> Optional[Match]:
    return first_reason(CAUSE, OVER, case) if case.lost(DENIED) else None


def denied(case: Case) -> Optional[Match]:
    blocked = case.connect.get("blocked_by")
    return first_reason(CAUSE, REASONS, Denied(case, case.connect.get("as_user"), blocked))
