# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lets nginx's user pass the socket's directory: one ACL entry, or the rights that the system gives it.

At worst: nginx's user can reach the other sockets in that directory, if their own rights let it.

Where systemd-tmpfiles makes the directory, it sets the rights again. Else the ACL gets one entry, for this
user alone. Only the directory that the pool's own listen names is changed: one further up belongs to somebody
else. A person's directory is never changed.
"""

from typing import NamedTuple, Optional

from ..parse.linux.tmpfiles import entry_for
from ..work.action import TMPFILES, Action
from ..work.step import Command, Refusal, Step
from .view import View, master_of, pool_of

ACTION = Action(
    "directory_search_allow", risk="medium", reversible=True, disruption="none", needs=(TMPFILES,)
)
_SHARED = ("/", "/run", "/tmp", "/var/tmp")
_HOMES = ("/home/", "/root/")


class Arguments(NamedTuple):
    config: str  # of the master
    pool: str
    unit: Optional[str]  # that starts php-fpm; None: none
    user: str  # of nginx's workers
    path: str  # of the directory


def _refuse_if_mask_excludes_others(view: View, path: str, user: str) -> None:
    """A mode replaces the mask of an ACL: others that the mask keeps out would come in with nginx's user."""
    for facts in view.snapshot["endpoints"].values():
        for acl in [parent["acl"] for parent in facts["parents"] if parent["path"] == path and parent["acl"]]:
            mask = next((set(entry[-3:]) for entry in acl if entry.startswith("mask:")), set("rwx"))
            kept = [
                entry
                for entry in acl
                if entry.startswith(("user:", "group:"))
                and entry.split(":")[1] not in ("", user)
                and not set(entry[-3:]) - {"-"} <= mask
            ]
            if kept:
                raise Refusal(
                    "the mask of %s's ACL keeps others out as well (%s): whether they may come in is for "
                    "its owner to say" % (path, ", ".join(kept))
                )


def resolve(view: View, arguments: Arguments) -> Step:
    path, user = arguments.path, arguments.user
    pool = pool_of(master_of(view, arguments.config), arguments.pool)
    _refuse_if_mask_excludes_others(view, path, user)
    if entry_for(path, view.files.read, view.files.expand):
        again = Command(["systemd-tmpfiles", "--create", "--prefix=" + path], [], path)
        return Step(ACTION.id, path, [], [], [again])
    if (
        pool["endpoint"] != "unix:%s/%s" % (path, (pool["listen"] or "").rsplit("/", 1)[-1])
        or path in _SHARED
        or (path + "/").startswith(_HOMES)
    ):
        raise Refusal(
            "%s is not the directory that pool %s puts its socket into: whether %s may pass it is for its "
            "owner to say" % (path, pool["name"], user)
        )
    allow = Command(["setfacl", "-m", "u:%s:x" % user, path], [], path, user)
    return Step(ACTION.id, path, [], [], [allow])
