# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Name nginx's worker user in the ACL of the pool's socket, or let its entry there apply again where a hand
spoiled the ACL's mask.
"""

from typing import Any, Dict

from ..verdict.step import Step
from .socket_access_set import let_in
from .view import View


def resolve(view: View, arguments: Dict[str, Any]) -> Step:
    return let_in(view, "socket_acl_add", arguments)
