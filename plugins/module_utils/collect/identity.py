# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The account that dials php-fpm, where nginx's configuration is not looked at."""

from typing import TYPE_CHECKING, Optional, Sequence

from ..parse.titles import NGINX_WORKER, claim
from .host import Host
from .linux.processes import Process

if TYPE_CHECKING:
    from ...plugin_utils.shapes.nginx import Identity


def running_identity(host: Host, procs: Sequence[Process]) -> Optional["Identity"]:
    """The account of a running worker of root's nginx, without a look at nginx's configuration."""
    masters = {
        process.pid
        for process in procs
        if claim(process.cmdline) == "nginx" and not process.doubt and not process.foreign
    }
    for process in procs:
        if NGINX_WORKER.match(process.cmdline) and process.ppid in masters:
            return {
                "user": host.user_name(process.uid),
                "uid": process.uid,
                "gid": process.gid,
                "groups": list(process.groups),
                "pid": process.pid,
                "account": None,
            }
    return None


def named_identity(host: Host, name: str, nginx: Optional["Identity"]) -> Optional["Identity"]:
    """An account by name, with the view of files of the nginx that runs. None without such an account."""
    account = host.account(name)
    if account is None:
        return None
    return {
        "user": name,
        "uid": account.uid,
        "gid": account.gid,
        "groups": list(account.groups),
        "pid": nginx["pid"] if nginx else None,
        "account": None,
    }
