# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Swap files as the facts tell them: one that may be made, and one that is in use."""

from typing import Any, List

from ansible_collections.webmedic.php_fpm.plugins.module_utils.change.swap_facts import Facts
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.linux.memory import bound_by
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.linux.swap import Mount, Swap
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.number import MIB
from ansible_collections.webmedic.php_fpm.plugins.module_utils.work.step import Step

GIB = 1024 * MIB
MEMORY = {**bound_by(GIB, None), "mem_available": GIB // 4, "swap_limit": None}
CGROUP = {**MEMORY, **bound_by(300 * MIB, "/sys/fs/cgroup/system.slice/memory.max")}
PROGRAMS = {name: "/sbin/" + name for name in ("mkswap", "swapon", "swapoff", "fallocate", "chattr")}
ACTIVE = Swap("/swapfile", "file", 8188, 100)
ENTRY = "/swapfile none swap sw 0 0\n"


def facts(**more: Any) -> Facts:
    place = Facts(
        "/swapfile",
        None,
        0,
        0,
        0,
        False,
        None,
        "proc /proc proc\n",
        Mount("/", "ext4"),
        (6, 1),
        5 * GIB,
        10 * GIB,
        MEMORY,
        PROGRAMS,
        True,
    )
    return place._replace(**more)


def made(**more: Any) -> Facts:
    return facts(
        **dict(
            {
                "kind": "file",
                "mode": 0o600,
                "size": 8 * MIB,
                "is_swap": True,
                "active": ACTIVE,
                "fstab": ENTRY,
            },
            **more,
        )
    )


def programs(step: Step) -> List[str]:
    return [command.do[0].rpartition("/")[2] for command in step.commands]
