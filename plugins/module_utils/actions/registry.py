# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The files of the actions, imported by name: Ansible ships only what is imported so.

A diagnosis plans actions and carries none out. So it ships only what the plan needs, plan/actions.py: each
host compiles some 100 KB less.
"""

from typing import TYPE_CHECKING, Dict, Mapping, Tuple

from ..plan.preventive import make_known
from ..work.step import Step
from . import (
    directory_search_allow,
    fastcgi_pass_repoint,
    fpm_log_level_set,
    memory_fit,
    memory_limit_set,
    nginx_reload,
    pool_size_set,
    process_max_set,
    read_timeout_set,
    reload_grace_set,
    runtime_directory_create,
    socket_access_set,
    socket_acl_add,
    socket_shut,
    swap_add,
    swap_keep,
    unit_enable,
    unit_oom_policy,
    unit_reload,
    unit_reset_failed,
    unit_restart,
    unit_start,
    worker_output_catch,
)
from .arguments import read
from .view import View

if TYPE_CHECKING:
    from ..work.step import ActionFile

# In the order in which they are taken. READS: the paths that it reads beside php-fpm's configuration; {name}
# stands for the argument of that name.
FILES: "Tuple[ActionFile, ...]" = (
    runtime_directory_create,
    unit_oom_policy,
    socket_access_set,
    socket_acl_add,
    directory_search_allow,
    memory_fit,
    memory_limit_set,
    swap_add,
    pool_size_set,
    process_max_set,
    unit_reset_failed,
    unit_start,
    unit_enable,
    unit_restart,
    unit_reload,
    nginx_reload,
    fastcgi_pass_repoint,
    read_timeout_set,
)
# The same for what only a risk asks for. A diagnosis plans none of it: their table is plan/preventive.py.
PREVENTIVE: "Tuple[ActionFile, ...]" = (
    swap_keep,
    socket_shut,
    fpm_log_level_set,
    worker_output_catch,
    reload_grace_set,
)
make_known()
BY_ID: "Dict[str, ActionFile]" = {file.ACTION.id: file for file in (*FILES, *PREVENTIVE)}


def reads(action: str, arguments: Mapping[str, object]) -> Tuple[str, ...]:
    return tuple(path.format_map(arguments) for path in getattr(BY_ID[action], "READS", ()))


def resolve(action: str, view: View, arguments: Mapping[str, object]) -> Step:
    """What an action does to the host. Raises Refusal where it must not be done, and ValueError for a wrong
    argument.
    """
    file = BY_ID[action]
    return file.resolve(view, read(file.Arguments, action, arguments))
