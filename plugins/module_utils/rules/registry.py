# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rules, in the order in which they may claim a loss: a root cause before its consequences.

An OOM kill or a full pool explains its own resets and timeouts; what they leave over is for the rules below.
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

RULES = (
    ("impostor", impostor.examine),
    ("fpm_not_running", fpm_not_running.examine),
    ("socket_permission_denied", socket_permission_denied.examine),
    ("socket_path_mismatch", socket_path_mismatch.examine),
    ("max_children_exhausted", max_children_exhausted.examine),
    ("worker_oom_killed", worker_oom_killed.examine),
    ("lost_requests", lost_requests.examine),
    ("invalid_response", invalid_response.examine),
    ("fastcgi_read_timeout", fastcgi_read_timeout.examine),
)
# While one of these is so, no request reaches php-fpm, and every other loss follows from it.
NOTHING_GETS_THROUGH = frozenset(("impostor", "fpm_not_running", "socket_permission_denied", "socket_path_mismatch"))
