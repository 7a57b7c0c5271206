# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hosts with accounts, ACLs and links: who can write what."""

import struct
from typing import Any, Dict, List, Optional, Tuple

from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.host import Stat
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.trust import (
    opening,
)
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.collect.hosts.built import Built

FPM = "/usr/sbin/php-fpm8.2"
ALICE = {"root": (0, 0, [0]), "alice": (1000, 1000, [1000])}
ROOTS = (0, 0, 0)


def open_to_others(host: Built, path: str) -> Optional[str]:
    place = opening(host, path)
    return place.path if place else None


def stat(kind: str = "file", mode: int = 0o644, uid: int = 0, gid: int = 0, inode: int = 1) -> Stat:
    return Stat(kind, mode, uid, gid, 0, 0.0, inode, 1)


class Ground(Built):
    """A described host with members of the group root, and ACLs."""

    def __init__(self, members: Tuple[str, ...] = (), acls: Tuple[str, ...] = (), **more: Any) -> None:
        super(Ground, self).__init__(accounts=ALICE, **more)
        self.members, self.acls = list(members), acls

    def group_members(self, gid: int) -> List[str]:
        return self.members

    def xattr(self, path: str, name: str) -> Optional[bytes]:
        return struct.pack("<I", 2) if path in self.acls else None


def a_host(changed: Optional[Dict[str, Stat]] = None, **more: Any) -> Ground:
    stats = {
        "/etc": stat("directory", 0o755),
        "/etc/php": stat("directory", 0o755),
        "/etc/php/a.conf": stat(),
    }
    return Ground(stats=dict(stats, **(changed or {})), **more)


def running(exe: str = FPM, inode: int = 5, uid: int = 0, at_path: Optional[Stat] = None) -> Built:
    return Built(
        stats={
            "/proc/7/exe": stat(inode=inode, uid=uid),
            FPM: at_path or stat(inode=5),
            "/usr/bin/su": stat(inode=5),
            "/home/alice/fpm": stat(inode=5, uid=1000),
        },
        accounts=ALICE,
    )


SITE = "/etc/nginx/sites-enabled/shop"
LINKED: Dict[str, Any] = {
    "files": {
        "/etc/nginx/sites-available/shop": "",
        "/home/alice/site/real.conf": "",
        "/dev/zero": "",
        "/proc/7/root/x": "",
    },
    "changed": {"/home/alice": stat("directory", 0o755, uid=1000)},
}
