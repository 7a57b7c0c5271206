# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Cause 2: php-fpm listens, but nginx's worker user may not connect."""

from typing import Any, List

from .case import DENIED, Case
from .model import Clear, Loss, Match, Remedy, Unclear, evidence, sample

CAUSE = "socket_permission_denied"
REMEDIES = {
    "socket_mode": "socket_access_set",
    "acl": "socket_acl_add",
    "parent_directory": "directory_search_allow",
}
SHARED_ACCOUNTS = frozenset(("nobody", "root", "daemon"))


def _reason(case: Case) -> str:
    blocked = case.connect.get("blocked_by") or {}
    kind = blocked.get("kind")
    if case.hidden:
        return "mount_namespace"
    if case.endpoint.get("family") != "unix":
        return "mandatory_access"  # a TCP connect has no owner or mode: SELinux or a packet filter
    if kind in ("directory", "mandatory_access", "group_not_in_force"):
        return {"directory": "parent_directory"}.get(kind, kind)
    if _in_the_way(case):
        return "not_a_socket"
    # An ACL makes listen.owner and listen.group void (fpm_unix.c).
    if blocked.get("acl") or any(
        owner.pool.get("acl_users") or owner.pool.get("acl_groups") for owner in case.owners
    ):
        return "acl"
    return "socket_mode"


def _in_the_way(case: Case) -> bool:
    """Something else than a socket lies at the path. nginx gets 13, or 111 where it may write to it."""
    return case.endpoint.get("type") in ("file", "directory", "fifo")


def _remedy(case: Case, reason: str) -> List[Remedy]:
    """None for a shared account: all its programs could then run PHP as the pool's user."""
    user = case.connect.get("as_user")
    if not case.owner or user is None or user in SHARED_ACCOUNTS or reason not in REMEDIES:
        return []
    place = dict(case.owner.place, user=user)
    if reason == "parent_directory":
        place["path"] = (case.connect.get("blocked_by") or {}).get("path")
    return [Remedy(REMEDIES[reason], place)]


def examine(case: Case) -> Any:
    user = case.connect.get("as_user")
    if case.connect["result"] in ("ok", "full") and user is not None:
        return _was_denied(case) or Clear("%s may connect to %s" % (user, case.key))
    result, blocked = case.connect["result"], case.connect.get("blocked_by") or {}
    # Dialled as ourselves, being let in or refused says nothing about nginx; its owner, mode and ACL do.
    if result == "not_tried" or (user is None and not blocked and result in ("ok", "full", "denied")):
        return Unclear("connect_as_nginx", "could not try %s as nginx's worker user" % case.key)
    if result == "error" and case.connect.get("errno") is None:
        return Unclear("connect_as_nginx", "could not try %s: %s" % (case.key, case.connect.get("error")))
    if result not in ("denied", "ok", "full") and not (result == "refused" and _in_the_way(case)):
        return None
    if (
        case.endpoint.get("listening") is False
        and not case.owners
        and any(master["running"] for master in case.masters)
    ):
        return None  # left behind: opening it to nginx would not help
    reason = _reason(case)
    lost = case.lost(DENIED)
    proof = [case.dialled("Permission denied")] if user is not None else []
    if reason == "not_a_socket":
        proof.insert(
            0,
            evidence(
                "file",
                "%s is a %s" % (case.endpoint.get("path"), case.endpoint["type"]),
                path=case.endpoint.get("path"),
            ),
        )
    if case.hidden:
        proof.insert(0, case.hidden[1])
    elif blocked:
        proof.insert(0, evidence("file", blocked["why"], path=blocked["path"]))
    why = blocked.get("why") or (
        "that is a %s" % case.endpoint["type"] if reason == "not_a_socket" else "the kernel refuses it"
    )
    if case.hidden:
        why = case.hidden[0]
    return case.match(
        CAUSE,
        reason,
        "nginx's worker user %s may not connect to %s: %s."
        % (user or case.snapshot["nginx"]["user"], case.key, why),
        proof + [sample(loss.event) for loss in lost[:1]],
        lost,
        case.owner,
        case.losses,
        confidence="certain" if user is not None else "likely",
        remedy=_remedy(case, reason),
    )


def _was_denied(case: Case) -> Any:
    """Refusals that ended when a master started: both set who may connect."""
    lost = case.lost(DENIED)
    for name, master in [("php-fpm", one.master) for one in case.running] + [
        ("nginx", case.snapshot["nginx"]["master"] or {})
    ]:
        started = master.get("started_at")
        if lost and started is not None and lost[-1].at <= started + 1:
            return _is_over(
                case,
                lost,
                "socket_mode",
                "nginx's worker user could not connect to %s until %s was restarted." % (case.key, name),
                evidence(
                    "process", "the master of %s runs since then (pid %s)" % (name, master["pid"]), at=started
                ),
                "likely",
            )
    # Without a restart: what was in the way, an entry of the socket's ACL, a directory or a label, was set
    # right by itself.
    return (
        _is_over(
            case,
            lost,
            "acl" if case.endpoint.get("acl") else "parent_directory",
            "nginx's worker user was refused on the way to %s for a while, and may connect now." % case.key,
            evidence("probe", "%s may connect to %s" % (case.connect.get("as_user"), case.key)),
            "possible",
        )
        if lost
        else None
    )


def _is_over(case: Case, lost: List[Loss], reason: str, words: str, proof: dict, confidence: str) -> Match:
    return case.match(
        CAUSE,
        reason,
        words,
        [sample(lost[-1].event), proof],
        lost,
        case.running[0] if case.running else None,
        state="recovered",
        severity="warning",
        confidence=confidence,
    )
