# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a process with a mount namespace of its own may not see: /proc/PID/mountinfo and /proc/net/unix."""

from typing import List

from .proc import mounts, unescaped


def gone_mounts(mountinfo: str) -> List[str]:
    """The points at which a directory or file is mounted that was deleted since."""
    return [unescaped(each.point) for each in mounts(mountinfo) if each.root.endswith("//deleted")]


def listening_paths(table: str) -> List[str]:
    """/proc/net/unix: the paths of stream sockets that listen (__SO_ACCEPTCON), whoever sees them."""
    rows = [line.split(None, 7) for line in table.split("\n")[1:]]
    return [
        row[7]
        for row in rows
        if len(row) == 8 and row[3] == "00010000" and row[4] == "0001" and row[7][0] == "/"
    ]
