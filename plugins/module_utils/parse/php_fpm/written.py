# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The pools of known masters as the files have them now, not as the snapshot saw them."""

from typing import TYPE_CHECKING, List, Sequence

from ..files import Expand, Read
from .conf import parse_fpm_conf
from .pools import pool_facts

if TYPE_CHECKING:
    from ....plugin_utils.shapes.php_fpm import Master


def as_written(masters: Sequence["Master"], read: Read, expand: Expand) -> List["Master"]:
    written: List[Master] = []
    for master in masters:
        conf = parse_fpm_conf(master["config"], read, expand, master["prefix"])
        pools = [pool_facts(section, master["prefix"]) for section in conf.pools]
        if pools:
            master = {**master, "pools": pools, "process_max": conf.top.number("process.max") or 0}
        written.append(master)
    return written
