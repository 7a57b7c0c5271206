# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The pools of known masters, as the files have them now and not as they were when the snapshot was taken."""

from typing import Any, Callable, Dict, List, Optional, Sequence

from .conf import parse_fpm_conf
from .pools import pool_facts


def as_written(
    masters: Sequence[Dict[str, Any]],
    read: Callable[[str], Optional[str]],
    expand: Callable[[str], List[str]],
) -> List[Dict[str, Any]]:
    """The masters of collect_fpm with their pools as the files have them now; read and expand as
    edit.fpm_text takes them.
    """
    found = []
    for master in masters:
        conf = parse_fpm_conf(
            master["config"],
            lambda path: (read(path), ""),
            lambda pattern: (expand(pattern), ""),
            master["prefix"],
        )
        pools = [pool_facts(section, master["prefix"]) for section in conf.pools]
        found.append(
            dict(master, pools=pools, process_max=conf.top.number("process.max") or 0)
            if pools
            else dict(master)
        )
    return found
