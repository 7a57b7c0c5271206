# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""How nginx's worker user, and nobody else, gets access to a pool's socket: in the pool's file and on the
live socket, without a restart.

The first choice is one ACL entry for this user. With listen.acl_users php-fpm leaves the socket to root, and
ignores listen.owner and listen.group. So the ACL also names whoever had access by those. Without ACLs: the
user's own group, else the owner, where nobody loses access by that. Never a mode that lets others in.
"""

from typing import TYPE_CHECKING, List, NamedTuple, Optional, Sequence, Tuple

from ..parse.php_fpm.socket_mode import mode_of
from ..work.step import Access, Command, Refusal, Step
from .steps import Settings, fpm_changes, fpm_trial, socket_group
from .view import View, groups_of, master_of, pool_of

if TYPE_CHECKING:
    from ...plugin_utils.shapes.php_fpm import Pool

OWNER, GROUP = 0o200, 0o020  # write permission, which connect() needs


class Arguments(NamedTuple):
    config: str  # of the master
    pool: str
    unit: Optional[str]  # that starts php-fpm; None: none
    user: str  # of nginx's workers


def _lets_in(view: View, pool: "Pool", user: str) -> bool:
    """Whether the user may connect to the socket as the configuration makes it: then only the live one
    differs.
    """
    groups = groups_of(view, user)
    if pool["acl_users"] or pool["acl_groups"]:
        return user in pool["acl_users"] or bool(set(pool["acl_groups"]) & set(groups))
    if pool["listen_owner"] == user:
        return bool(mode_of(pool) & OWNER)
    return bool(mode_of(pool) & GROUP) and socket_group(view, pool) in groups


def _entry(view: View, pool: "Pool", user: str) -> List[Tuple[str, str]]:
    """Settings that name in the ACL the user, and those who had access without an ACL."""
    users, groups = list(pool["acl_users"]), list(pool["acl_groups"])
    if not users and not groups:
        mode, owner, group = mode_of(pool), pool["listen_owner"], socket_group(view, pool)
        if owner == user:
            return [("listen.mode", "%04o" % (mode | 0o600))]
        users += [owner] if owner not in (None, "root") and mode & OWNER else []
        groups += [group] if group != "root" and mode & GROUP else []
        numbers = [name for name in users + groups if name.isdigit()]
        if numbers:
            raise Refusal(
                "an ACL takes names, and pool %s gives its socket to %s" % (pool["name"], ", ".join(numbers))
            )
    settings = [("listen.acl_users", ",".join(users + [user]))]
    return settings + ([("listen.acl_groups", ",".join(groups))] if groups != pool["acl_groups"] else [])


def _step(
    view: View, action: str, arguments: Arguments, settings: Settings, access: Access, command: Sequence[str]
) -> Step:
    master = master_of(view, arguments.config)
    changes = fpm_changes(view, master, arguments.pool, settings) if settings else []
    return Step(
        action,
        arguments.unit or access.path,
        changes,
        [fpm_trial(master)] if changes else [],
        [Command(list(command), [], access=access)],
    )


def let_in(view: View, action: str, arguments: Arguments) -> Step:
    """The step of an action, with its other ways for a host that knows no ACL."""
    master, user = master_of(view, arguments.config), arguments.user
    pool = pool_of(master, arguments.pool)
    if not master["pid"]:
        raise Refusal(
            "php-fpm with %s does not run, so pool %s has no live socket" % (master["config"], pool["name"])
        )
    path = (pool["endpoint"] or "").partition("unix:")[2]
    has_acl = bool(pool["acl_users"] or pool["acl_groups"])
    access = Access(path, master["pid"], user, "entry", pool["acl_users"], pool["acl_groups"], has_acl)
    settled = _lets_in(view, pool, user)

    def way(settings: Settings, by: str, command: Sequence[str]) -> Step:
        return _step(view, action, arguments, [] if settled else settings, access._replace(by=by), command)

    entry = [] if settled else _entry(view, pool, user)
    step = way(entry, "entry", ["setfacl", "-m", "u:%s:rw" % user, path])
    mode, group = mode_of(pool), next(iter(groups_of(view, user)), "")
    if has_acl or not group:
        return step
    by_group = [("listen.group", group), ("listen.mode", "%04o" % (mode | 0o060))]
    by_owner = [
        ("listen.owner", user),
        ("listen.group", socket_group(view, pool)),
        ("listen.mode", "%04o" % (mode | 0o600)),
    ]
    ways = [way(by_group, "group", ["chgrp", group, path]), way(by_owner, "owner", ["chown", user, path])]
    return step._replace(otherwise=ways)
