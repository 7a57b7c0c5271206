# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rules, in the order in which they are asked about an endpoint.

A rule is a file in one of the rooms here: its Cause at the top, then its predicates, then RULE, which lists
them. A root cause stands before its consequences, and claims losses first: see Cause.consequence_of. A cause
that one log message proves is a row of lost_requests.py.
"""

from . import lost_requests, writable_config
from .connect import (
    impostor,
    no_server,
    socket_path_mismatch,
    socket_permission_denied,
    upstream_unresolvable,
)
from .master import fpm_not_running
from .nginx import cached_error, nginx_errors
from .pages import php_error
from .workers import (
    fastcgi_read_timeout,
    invalid_response,
    max_children_exhausted,
    worker_oom_killed,
    workers_halted,
)

RULES = (
    cached_error.RULE,  # it claims no loss, and sees them before those who do
    impostor.RULE,
    fpm_not_running.RULE,
    socket_permission_denied.RULE,
    socket_path_mismatch.RULE,
    workers_halted.RULE,
    max_children_exhausted.RULE,
    worker_oom_killed.RULE,
    upstream_unresolvable.RULE,
    lost_requests.RULE,
    invalid_response.RULE,
    fastcgi_read_timeout.RULE,
)
# About the host as a whole.
HOST_RULES = (writable_config.RULE, nginx_errors.RULE, no_server.RULE, php_error.RULE)

CAUSES = tuple(dict.fromkeys(cause for rule in (*RULES, *HOST_RULES) for cause in rule.causes))
