# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rules, in the order in which they are asked about an endpoint.

A rule is a file here: its Cause at the top, then its predicates, then RULE, which lists them. A root cause
stands before its consequences, and claims losses first: see Cause.consequence_of. A cause that one log
message proves is a row of lost_requests.py.
"""

from . import (
    cached_error,
    fastcgi_read_timeout,
    fpm_not_running,
    impostor,
    invalid_response,
    lost_requests,
    max_children_exhausted,
    nginx_errors,
    no_server,
    php_error,
    socket_path_mismatch,
    socket_permission_denied,
    upstream_unresolvable,
    worker_oom_killed,
    workers_halted,
    writable_config,
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
