# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""An nginx whose binary is upgraded while it runs: two masters of it, see nginx.org/en/docs/control.html."""

from typing import List, Sequence

from ...parse.titles import NGINX_WORKER
from ..linux.processes import Process


def serving_first(procs: Sequence[Process], masters: List[Process]) -> List[Process]:
    """With that one first which nginx handed over to, or back, while its binary was upgraded."""
    parents = {process.ppid for process in procs if NGINX_WORKER.match(process.cmdline)}
    family = masters[:1]
    for each in masters[1:]:
        if each.ppid == family[-1].pid and each.cmdline == family[-1].cmdline:
            family.append(each)
    first = [each for each in family if each.pid in parents][-1:]
    return first + [each for each in masters if each not in first]
