# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rights that nginx's user has by what is written, and that the running workers have not.

ngx_worker_process_init(): a worker of root's master takes the user of the configuration and, by initgroups(),
the groups that the account database has then. So new workers are enough, and a reload makes them. A worker of
another master keeps the master's groups: a restart is needed. SupplementaryGroups= of a unit gives groups to
root's master, and initgroups() takes them from its workers.
"""

from typing import TYPE_CHECKING, List, Optional, Sequence, Tuple

from ...parse.linux.permission import Component, Identity, blocked_by
from ..host import Host

if TYPE_CHECKING:
    from ....plugin_utils.shapes.nginx import Identity as Dialling


def _lets_in(walked: Sequence[Component], who: Identity, groups: Sequence[int]) -> List[int]:
    """Those of the groups with each of which alone nothing refuses, else all where they do together."""
    alone = [gid for gid in groups if not blocked_by(walked, who._replace(groups=who.groups + [gid]))]
    together = who._replace(groups=who.groups + list(groups))
    return alone or (list(groups) if groups and not blocked_by(walked, together) else [])


def not_in_force(
    host: Host, walked: Sequence[Component], who: Identity, dialling: "Dialling"
) -> Optional[Tuple[str, str]]:
    """(kind of what refuses, why) where who, a running worker, is refused for that alone."""
    configured = dialling.get("configured")
    if configured and configured["uid"] is not None:
        other = Identity(configured["user"], configured["uid"], list(configured["groups"]))
        if not blocked_by(walked, other):
            why = "nginx's workers run as %s; its configuration says %s by now, who may: reload nginx"
            return "user_not_in_force", why % (who.user, other.user)
    account = host.account(who.user)
    # The worker's own group is from nginx's configuration.
    listed = sorted(set(account[2]) - {account[1]} - set(who.groups)) if account else []
    let_in = _lets_in(walked, who, listed)
    if let_in:
        names = ", ".join(map(host.group_name, let_in))
        why = "%s is in group %s, not in force in the running workers: %s nginx"
        if dialling["account"] is not None:
            return "group_needs_restart", why % (who.user, names, "restart")
        return "group_not_in_force", why % (who.user, names, "reload")
    masters = sorted(set(dialling.get("master_groups") or []) - set(who.groups) - {0})
    let_in = _lets_in(walked, who, masters)
    if let_in and who.uid != 0:
        names = ", ".join(map(host.group_name, let_in))
        why = "only nginx's master is in group %s (SupplementaryGroups=): usermod -aG %s %s, reload nginx"
        return "group_of_the_master", why % (names, ",".join(map(host.group_name, let_in)), who.user)
    return None
