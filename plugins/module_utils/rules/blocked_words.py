# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What refuses an account on its way to a socket or a script, as a sentence."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ...plugin_utils.shapes.endpoint import Blocked

_NEEDS = {"r": "read (r)", "w": "write (w)", "x": "search (x)"}
_LATE = "%(user)s is in group %(names)s, not in force in the running workers: "
_OF_KIND = {
    "mandatory_access": "owner, mode and ACL of the socket and of its directories allow %(user)s, and the"
    " kernel still refused: a security module (SELinux, AppArmor) did",
    "user_not_in_force": "nginx's workers run as %(user)s; its configuration says %(configured)s by now, who"
    " may: reload nginx",
    "group_not_in_force": _LATE + "reload nginx",
    "group_needs_restart": _LATE + "restart nginx",
    "group_of_the_master": "only nginx's master is in group %(names)s (SupplementaryGroups=): usermod -aG"
    " %(option)s %(user)s, reload nginx",
}
_OF_CLASS = {
    "owner": "%(user)s is the owner, and the owner has",
    "group": "%(user)s is in group %(group)s, which has",
    "other": "%(user)s is neither %(owner)s nor in group %(group)s%(unnamed)s, and others have",
}
_OF_ENTRY = "the ACL's %(applies)s that applies to %(user)s grants"
# getfacl(1) shows it behind "#effective:".
_MASKED = "the ACL's entry for %(user)s grants %(need)s permission, and the ACL's mask takes it away (getfacl"
_MASKED += " shows #effective; setfacl -m m::%(mask)s gives it back)"


def why_blocked(blocked: "Blocked") -> str:
    if "user" not in blocked:  # a snapshot from before 0.13.0 has the sentence
        return blocked.get("why") or "owner, mode or ACL refuse it"
    words, groups, wanted = (
        _OF_KIND.get(blocked["kind"]),
        blocked.get("groups", []),
        blocked.get("wanted", ""),
    )
    if not words:
        words = _OF_CLASS.get(blocked["applies"], _OF_ENTRY) + " no %(need)s permission"
        words = _MASKED if blocked["masked"] else words
    facts = dict(blocked, need=_NEEDS.get(wanted), names=", ".join(groups), option=",".join(groups))
    facts.update(mask="x" if wanted == "x" else "rw", unnamed=" nor named in the ACL" * blocked["acl"])
    return (("mode %(mode)s, owner %(owner)s:%(group)s: " if wanted else "") + words) % facts
