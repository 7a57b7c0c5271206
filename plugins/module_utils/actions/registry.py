# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which file carries out which action of plan.ACTIONS. A table, since the loader of modules ships what is
imported by name.
"""

from . import (
    directory_search_allow,
    fastcgi_pass_repoint,
    memory_fit,
    memory_limit_set,
    nginx_reload,
    pool_size_set,
    process_max_set,
    read_timeout_set,
    runtime_directory_create,
    socket_access_set,
    socket_acl_add,
    swap_add,
    unit_enable,
    unit_oom_policy,
    unit_reload,
    unit_reset_failed,
    unit_restart,
    unit_start,
)

RESOLVE = {
    "directory_search_allow": directory_search_allow.resolve,
    "fastcgi_pass_repoint": fastcgi_pass_repoint.resolve,
    "memory_fit": memory_fit.resolve,
    "memory_limit_set": memory_limit_set.resolve,
    "nginx_reload": nginx_reload.resolve,
    "pool_size_set": pool_size_set.resolve,
    "process_max_set": process_max_set.resolve,
    "read_timeout_set": read_timeout_set.resolve,
    "runtime_directory_create": runtime_directory_create.resolve,
    "socket_access_set": socket_access_set.resolve,
    "socket_acl_add": socket_acl_add.resolve,
    "swap_add": swap_add.resolve,
    "unit_enable": unit_enable.resolve,
    "unit_oom_policy": unit_oom_policy.resolve,
    "unit_reload": unit_reload.resolve,
    "unit_reset_failed": unit_reset_failed.resolve,
    "unit_restart": unit_restart.resolve,
    "unit_start": unit_start.resolve,
}
