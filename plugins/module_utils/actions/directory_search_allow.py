# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Let nginx's worker user search the directory of the pool's socket, and no more than that.

Where systemd-tmpfiles makes the directory, its rights are set again by the same means. Else an ACL entry for
this one user is added, and only to the directory that the pool's own listen names: one further up belongs to
somebody else. Never to a person's directory.
"""

from typing import Any, Dict

from ..parse.linux.tmpfiles import entry_for
from ..verdict.step import Command, Refusal, Step
from .view import View, master_of, pool_of

_EVERYBODYS = ("/", "/run", "/tmp", "/var/tmp")
_PEOPLES = ("/home/", "/root/")


def _refuse_what_a_mask_keeps_out(view: View, path: str, user: str) -> None:
    """A mode takes the place of an ACL's mask: whoever the mask keeps out would come in with nginx's user."""
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


def resolve(view: View, arguments: Dict[str, Any]) -> Step:
    path = arguments["path"]
    pool = pool_of(master_of(view, arguments["config"]), arguments["pool"])
    _refuse_what_a_mask_keeps_out(view, path, arguments["user"])
    if entry_for(path, view.read, view.expand):
        return Step(
            "directory_search_allow",
            path,
            [],
            [],
            [Command(["systemd-tmpfiles", "--create", "--prefix=" + path], [], path)],
        )
    if (
        pool["endpoint"] != "unix:%s/%s" % (path, (pool["listen"] or "").rsplit("/", 1)[-1])
        or path in _EVERYBODYS
        or (path + "/").startswith(_PEOPLES)
    ):
        raise Refusal(
            "%s is not the directory that pool %s puts its socket into: whether %s may pass it is for its "
            "owner to say" % (path, pool["name"], arguments["user"])
        )
    user = arguments["user"]
    return Step(
        "directory_search_allow",
        path,
        [],
        [],
        [Command(["setfacl", "-m", "u:%s:x" % user, path], [], path, user)],
    )
