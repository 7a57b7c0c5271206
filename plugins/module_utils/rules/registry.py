# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rules, in the order in which they are asked about an endpoint.

A rule is a file here: its Cause at the top, then its reasons, then examine(case) -> Answer. A root cause
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
from .engine import HostRule, Rule

RULES = (
    # It claims none: it sees the losses before those who do.
    Rule("cached_error", (cached_error.CAUSE,), cached_error.examine),
    Rule("impostor", (impostor.CAUSE,), impostor.examine),
    Rule("fpm_not_running", (fpm_not_running.CAUSE,), fpm_not_running.examine),
    Rule("socket_permission_denied", (socket_permission_denied.CAUSE,), socket_permission_denied.examine),
    Rule("socket_path_mismatch", (socket_path_mismatch.CAUSE,), socket_path_mismatch.examine),
    Rule("workers_halted", (workers_halted.CAUSE,), workers_halted.examine),
    Rule("max_children_exhausted", (max_children_exhausted.CAUSE,), max_children_exhausted.examine),
    Rule("worker_oom_killed", (worker_oom_killed.CAUSE,), worker_oom_killed.examine),
    Rule("upstream_unresolvable", (upstream_unresolvable.CAUSE,), upstream_unresolvable.examine),
    Rule("lost_requests", lost_requests.CAUSES, lost_requests.examine),
    Rule("invalid_response", (invalid_response.CAUSE,), invalid_response.examine),
    Rule("fastcgi_read_timeout", (fastcgi_read_timeout.CAUSE,), fastcgi_read_timeout.examine),
)
# About the host as a whole.
HOST_RULES = (
    HostRule("writable_config", (writable_config.CAUSE,), writable_config.examine),
    HostRule("nginx_errors", nginx_errors.CAUSES, nginx_errors.examine),
    HostRule("no_server", (no_server.CAUSE,), no_server.examine),
    HostRule("php_error", (php_error.CAUSE,), php_error.examine),
)

CAUSES = tuple(dict.fromkeys(cause for rule in (*RULES, *HOST_RULES) for cause in rule.causes))
