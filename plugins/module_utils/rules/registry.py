# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rules, in the order in which they may claim a loss: a root cause, as an OOM kill, before its
consequences.
"""

from . import (
    fastcgi_read_timeout,
    fpm_not_running,
    impostor,
    invalid_response,
    lost_requests,
    max_children_exhausted,
    socket_path_mismatch,
    socket_permission_denied,
    worker_oom_killed,
)

RULES = tuple(
    (rule.__name__.rpartition(".")[2], rule.examine)
    for rule in (
        impostor,
        fpm_not_running,
        socket_permission_denied,
        socket_path_mismatch,
        max_children_exhausted,
        worker_oom_killed,
        lost_requests,
        invalid_response,
        fastcgi_read_timeout,
    )
)
# While one of these is so, no request reaches php-fpm, and every other loss follows from it.
NOTHING_GETS_THROUGH = frozenset(
    ("impostor", "fpm_not_running", "socket_permission_denied", "socket_path_mismatch")
)
