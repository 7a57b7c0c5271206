# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rights that nginx's user has as written, and that the running workers have not (docs/looking.md)."""

from typing import TYPE_CHECKING, List, Sequence

from ...parse.linux.permission import Component, Identity, blocked_by
from ..host import Host

if TYPE_CHECKING:
    from ....plugin_utils.shapes.endpoint import Blocked
    from ....plugin_utils.shapes.nginx import Identity as Dialling


def _lets_in(walked: Sequence[Component], who: Identity, groups: Sequence[int]) -> List[int]:
    """Those of the groups with each of which alone nothing refuses, else all where they do together."""
    alone = [gid for gid in groups if not blocked_by(walked, who._replace(groups=who.groups + [gid]))]
    together = who._replace(groups=who.groups + list(groups))
    return alone or (list(groups) if groups and not blocked_by(walked, together) else [])


def in_force(
    host: Host, walked: Sequence[Component], who: Identity, dialling: "Dialling", blocked: "Blocked"
) -> "Blocked":
    """What refuses who, a running worker: with another kind where the workers have what is not in force."""
    configured = dialling.get("configured")
    if configured and configured["uid"] is not None:
        other = Identity(configured["user"], configured["uid"], list(configured["groups"]))
        if not blocked_by(walked, other):
            return {**blocked, "kind": "user_not_in_force", "configured": other.user}
    account = host.account(who.user)
    # The worker's own group is from nginx's configuration.
    listed = set(account.groups) - {account.gid} if account else set()
    masters = set(dialling.get("master_groups") or []) - {0}
    late = "group_not_in_force" if dialling["account"] is None else "group_needs_restart"
    for kind, groups in ((late, listed), ("group_of_the_master", masters)):
        let_in = _lets_in(walked, who, sorted(groups - set(who.groups)))
        if let_in:
            return {**blocked, "kind": kind, "groups": [host.group_name(gid) for gid in let_in]}
    return blocked
