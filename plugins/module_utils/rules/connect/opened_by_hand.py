# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A socket that somebody opened to nginx by chown."""

from typing import TYPE_CHECKING, Optional, Tuple

from ..case import Case
from ..model import evidence

if TYPE_CHECKING:
    from ....plugin_utils.shapes.finding import Evidence

WORDS = "nginx could not connect to %s until somebody gave the socket away, which the next restart undoes."


def opened_by_hand(case: Case) -> Optional[Tuple[str, "Evidence"]]:
    """The socket is not as its pool's file has it, which its master has loaded."""
    there, owner = case.endpoint, case.owner
    if owner is None or owner.master["config_newer"] is not False or owner.pool["acl_users"]:
        return None
    names = (owner.pool["listen_owner"], there.get("owner")), (owner.pool["listen_group"], there.get("group"))
    if all(written is None or written.isdigit() or written == now for written, now in names):
        return None
    text = "%s belongs to %s:%s" % (case.key, there.get("owner"), there.get("group"))
    return WORDS % case.key, evidence("file", text)
