# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Cause 2: php-fpm listens, but nginx's worker user may not connect."""

from typing import Any, Dict, List

from .case import DENIED, Case, span
from .model import Clear, Loss, Match, Remedy, Unclear, evidence, finding, sample

CAUSE = "socket_permission_denied"
SHARED_ACCOUNTS = frozenset(("nobody", "root", "daemon"))


def _reason(case: Case) -> str:
    blocked = case.connect.get("blocked_by") or {}
    kind = blocked.get("kind")
    if case.endpoint.get("family") != "unix":
        return "mandatory_access"  # a TCP connect has no owner or mode: SELinux or a packet filter
    if kind in ("directory", "mandatory_access"):
        return {"directory": "parent_directory"}.get(kind, kind)
    if _in_the_way(case):
        return "not_a_socket"
    # An ACL makes listen.owner and listen.group void (fpm_unix.c), so the cure is another one.
    if blocked.get("acl") or any(owner.pool.get("acl_users") or owner.pool.get("acl_groups") for owner in case.owners):
        return "acl"
    return "socket_mode"


def _in_the_way(case: Case) -> bool:
    """Something else than a socket lies at the path. nginx gets 13, or 111 where it may write to it."""
    return case.endpoint.get("type") in ("file", "directory", "fifo")


def _remedy(case: Case, reason: str) -> List[Remedy]:
    """None for nobody: many programs run as that account, and all of them could then run PHP as the pool's user."""
    user = case.connect.get("as_user")
    if not case.owners or user is None or user in SHARED_ACCOUNTS:
        return []
    owner = case.owners[0]
    place: Dict[str, Any] = {"config": owner.master["config"], "pool": owner.pool["name"], "unit": owner.master["unit"], "user": user}
    if reason == "socket_mode":
        return [Remedy("socket_access_set", place)]
    if reason == "acl":
        return [Remedy("socket_acl_add", place)]
    if reason == "parent_directory":
        return [Remedy("directory_search_allow", dict(place, path=(case.connect.get("blocked_by") or {}).get("path")))]
    return []


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
    if case.endpoint.get("listening") is False and not case.owners and any(master["running"] for master in case.masters):
        return None  # a socket that somebody left behind: opening it to nginx would not help
    reason = _reason(case)
    lost = case.lost(DENIED)
    since, count = span(lost)
    text = "connecting to %s as %s: %s" % (case.key, user or "ourselves", case.connect.get("error") or "Permission denied")
    proof = [evidence("probe", text)] if user is not None else []
    if reason == "not_a_socket":
        proof.insert(0, evidence("file", "%s is a %s" % (case.endpoint.get("path"), case.endpoint["type"]), path=case.endpoint.get("path")))
    if blocked:
        proof.insert(0, evidence("file", blocked["why"], path=blocked["path"]))
    if lost:
        proof.append(sample(lost[0].event))
    return Match(finding(
        CAUSE, reason, "nginx's worker user %s may not connect to %s: %s." % (
            user or case.snapshot["nginx"]["user"], case.key, blocked.get("why") or (
                "that is a %s" % case.endpoint["type"] if reason == "not_a_socket" else "the kernel refuses it")),
        proof, confidence="certain" if user is not None else "likely", sites=case.sites, site=case.sites[0], endpoint=case.key,
        pool=case.owners[0].pool["name"] if case.owners else None, unit=case.owners[0].master["unit"] if case.owners else None,
        since=since, count=count, remedy=_remedy(case, reason)), case.losses)


def _was_denied(case: Case) -> Any:
    """Refusals that ended when a master started: php-fpm's sets owner and mode of the socket, nginx's the user that connects."""
    lost = case.lost(DENIED)
    owner = case.running[0] if case.running else None
    for name, master in [("php-fpm", one.master) for one in case.running] + [("nginx", case.snapshot["nginx"]["master"] or {})]:
        started = master.get("started_at")
        if lost and started is not None and lost[-1].at <= started + 1:
            since, count = span(lost)
            return Match(finding(
                CAUSE, "socket_mode", "nginx's worker user could not connect to %s until %s was restarted." % (case.key, name),
                [sample(lost[-1].event), evidence("process", "the master of %s runs since then (pid %s)" % (name, master["pid"]), at=started)],
                state="recovered", severity="warning", confidence="likely", sites=case.sites, site=case.sites[0], endpoint=case.key,
                pool=owner.pool["name"] if owner else None, unit=owner.master["unit"] if owner else None, since=since, count=count), lost)
    return _was_barred(case, lost) if lost else None


def _was_barred(case: Case, lost: List[Loss]) -> Match:
    """Refusals that ended without a restart: what was in the way, a directory or a label, was set right by itself."""
    since, count = span(lost)
    owner = case.running[0] if case.running else None
    return Match(finding(
        CAUSE, "parent_directory", "nginx's worker user could not pass on the way to %s for a while, and can now." % case.key,
        [sample(lost[-1].event), evidence("probe", "%s may connect to %s" % (case.connect.get("as_user"), case.key))],
        state="recovered", severity="warning", confidence="possible", sites=case.sites, site=case.sites[0], endpoint=case.key,
        pool=owner.pool["name"] if owner else None, unit=owner.master["unit"] if owner else None, since=since, count=count), lost)
