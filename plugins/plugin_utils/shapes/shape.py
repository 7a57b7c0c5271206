# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The base of all shapes: typing.TypedDict where types are checked, else a dict that keeps its bases.

A key of a class with total=False may be absent; code reads it with get().
"""

from typing import TYPE_CHECKING, Literal

# What matters most comes first.
Severity = Literal["critical", "warning", "info"]
Confidence = Literal["certain", "likely", "possible"]
State = Literal["active", "latent", "recovered"]
# Of an action. The least comes first.
Risk = Literal["low", "medium", "high"]
Disruption = Literal["none", "reload", "restart"]  # what the unit's running requests suffer
# Of a host. The worst comes first: the verdict on a fleet is the worst status in it.
Status = Literal["failing", "degraded", "unreachable", "unknown", "recovered", "healthy", "not_applicable"]
# What an error of PHP's is about, by which the controller chooses a fix.
PhpFault = Literal[
    "application_key",
    "assets",
    "cache_directories",
    "cache_unwritable",
    "certificate_file",
    "certificate_refused",
    "database_blocked",
    "database_connections",
    "database_driver",
    "database_file",
    "database_full",
    "database_gone",
    "database_host",
    "database_locked",
    "database_login",
    "database_method",
    "database_plugin",
    "database_read_only",
    "database_schema",
    "database_starting",
    "database_table",
    "database_tls",
    "database_unreached",
    "debugger",
    "development",
    "disabled_function",
    "disk_full",
    "encoded",
    "environment_file",
    "environment_variable",
    "execution_time",
    "extension",
    "extensions",
    "generated",
    "headers_sent",
    "host_header",
    "log_file",
    "memcache",
    "memory_limit",
    "memory_of_system",
    "memory_unit",
    "newer_function",
    "older_code",
    "open_basedir",
    "open_files",
    "other_version",
    "parse_error",
    "plugin",
    "quota",
    "read_only",
    "redis_files",
    "redis_full",
    "redis_loading",
    "redis_login",
    "redis_protected",
    "redis_read_only",
    "redis_unreached",
    "removed_function",
    "save_handler",
    "search_unreached",
    "service_denied",
    "service_silent",
    "session_cleanup",
    "session_owner",
    "temporary_directory",
    "timezone_database",
    "trusted_hosts",
    "unreadable",
    "unresolved_name",
    "vendor",
]
Fault = Literal[
    PhpFault,
    "directory",
    "interned_strings",
    "itself",
    "killed",
    "link_circle",
    "main_file",
    "pid_file",
    "unit_file",
]

if TYPE_CHECKING:
    from typing import TypedDict
else:

    class TypedDict(dict):
        """answers/bounds.py walks the bases of a shape. A class of typing.TypedDict has forgotten its own."""

        def __new__(cls, name, fields):
            return type(name, (cls,), {"__annotations__": fields})

        def __init_subclass__(cls, total=True):
            cls.__total__ = total
