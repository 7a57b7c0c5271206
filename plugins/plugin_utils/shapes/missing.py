# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What could not be seen."""

from typing import Literal, Optional

from .shape import TypedDict

# What could not be seen. The field of Missing stays open: a report may be of a later version.
What = Literal[
    "access_log",
    "answered_on_purpose",
    "assets",
    "audit_log",
    "cause_of_losses",
    "certificate",
    "collector_failed",
    "config_times",
    "configuration",
    "connect_as_nginx",
    "cores",
    "earlier_losses",
    "endpoint",
    "failed_script",
    "file_system",
    "fpm_config",
    "fpm_container",
    "fpm_log",
    "fpm_master",
    "fpm_start",
    "fpm_test",
    "fpm_workers",
    "health_check",
    "hidden_errors",
    "kernel_log",
    "listener",
    "live_probe",
    "log_events",
    "logrotate",
    "losses_elsewhere",
    "memory_limit",
    "memory_use",
    "nginx",
    "nginx_build",
    "nginx_config",
    "nginx_container",
    "nginx_error_log",
    "nginx_loaded",
    "nginx_log",
    "nginx_master",
    "nginx_route",
    "nginx_running",
    "nginx_test",
    "nginx_upgrade",
    "nginx_workers",
    "old_code",
    "older_configuration",
    "other_protocol",
    "other_upstream",
    "packages",
    "permalinks",
    "pool_gone",
    "problems",
    "processes",
    "redirects",
    "refused_method",
    "refused_pages",
    "risk_failed",
    "risk_unseen",
    "rotated_log",
    "rule_failed",
    "selinux_port",
    "sent_file",
    "shared_cache",
    "short_page",
    "site_left_out",
    "socket_backlog",
    "socket_holder",
    "socket_table",
    "spare_address",
    "time_zone",
    "too_large",
    "unit_log",
    "unit_start",
    "units",
    "visitors",
    "worker_memory",
    "worker_waits",
]


class MissingKind(TypedDict, total=False):
    refusal: str  # kind of what keeps nginx from its files; the controller puts its words into why


class Missing(MissingKind):
    """What could not be seen."""

    what: str  # id
    path: Optional[str]
    why: str
    needs: Optional[str]  # what would let us see it
