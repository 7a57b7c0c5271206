# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""An nginx whose binary is upgraded while it runs: two masters of it, see nginx.org/en/docs/control.html."""

from typing import List, Sequence

from ...parse.titles import NGINX_WORKER
from ..host import Host
from ..linux.processes import Process

WHY = (
    "nginx's binary was upgraded, and the old master runs beside the new one (pid %s): a reload reaches the "
    "newest alone, and kill -QUIT ends another with its workers"
)


def serving_first(host: Host, procs: Sequence[Process], masters: List[Process]) -> List[Process]:
    """With that one first which nginx handed over to, or back."""
    parents = {process.ppid for process in procs if NGINX_WORKER.match(process.cmdline)}
    family = masters[:1]
    for each in masters[1:]:
        if each.ppid == family[-1].pid and each.cmdline == family[-1].cmdline:
            family.append(each)
    if len(family) > 1:
        host.miss("nginx_upgrade", None, WHY % ", ".join(str(each.pid) for each in family))
    first = [each for each in family if each.pid in parents][-1:]
    return first + [each for each in masters if each not in first]
