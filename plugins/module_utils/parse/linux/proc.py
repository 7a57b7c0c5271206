# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Texts of /proc -> plain data (proc(5))."""

import posixpath
import re
from typing import Dict, List, NamedTuple, Optional

KERNEL_THREAD = 0x00200000  # PF_KTHREAD, include/linux/sched.h
TICKS = 100  # USER_HZ, the same wherever php-fpm runs


class ProcStat(NamedTuple):
    comm: str
    state: str
    ppid: int
    flags: int
    cpu_ticks: int
    start_ticks: int  # since boot
    rss_pages: int


class ProcStatus(NamedTuple):
    uid: int  # effective
    gid: int  # effective
    groups: List[int]
    namespaces: int  # above 1 it lives in a container below us
    uids: List[int]  # real, effective, saved


class Membership(NamedTuple):
    """A line of /proc/PID/cgroup."""

    controllers: List[str]  # []: version 2's tree; ["name=systemd"]: systemd's own on version 1
    path: str


_KB = re.compile(r"^(\w[\w()]*):\s+(\d+) kB", re.M)


def parse_stat(text: str) -> Optional[ProcStat]:
    """/proc/PID/stat. The name, from the first "(" to the last ")", may hold spaces and brackets."""
    head, _bracket, tail = text.rpartition(")")
    fields = tail.split()
    if len(fields) < 22 or "(" not in head:
        return None
    return ProcStat(
        head.partition("(")[2],
        fields[0],
        int(fields[1]),
        int(fields[6]),
        int(fields[11]) + int(fields[12]),
        int(fields[19]),
        int(fields[21]),
    )


def parse_status(text: str) -> ProcStatus:
    """/proc/PID/status."""
    rows: Dict[str, List[str]] = {}
    for line in text.splitlines():
        name, _colon, value = line.partition(":")
        rows[name] = value.split()
    uid, gid = rows.get("Uid", []), rows.get("Gid", [])
    return ProcStatus(
        int(uid[1]) if len(uid) > 1 else -1,
        int(gid[1]) if len(gid) > 1 else -1,
        [int(group) for group in rows.get("Groups", [])],
        len(rows.get("NSpid", ["1"])),
        [int(one) for one in uid[:3]],
    )


def parse_cmdline(text: str) -> str:
    """/proc/PID/cmdline as one line; a title over the arguments is padded with NUL."""
    return " ".join(text.rstrip("\0").split("\0")).strip()


def parse_cgroup(text: str) -> List[Membership]:
    """/proc/PID/cgroup."""
    found: List[Membership] = []
    for line in text.splitlines():
        parts = line.split(":", 2)
        if len(parts) == 3:
            found.append(Membership([name for name in parts[1].split(",") if name], parts[2]))
    return found


def cgroup_path(memberships: List[Membership]) -> str:
    """The path in the tree that systemd manages: version 2's, else its named one of version 1, else ""."""
    return next(
        (
            one.path
            for wanted in ("", "name=systemd")
            for one in memberships
            if ",".join(one.controllers) == wanted
        ),
        "",
    )


def below(path: str, home: str) -> str:
    """A cgroup's path as seen from home; "" for what is elsewhere."""
    home = home.rstrip("/")
    return path[len(home) :] or "/" if (path + "/").startswith(home + "/") else ""


def unit_of(path: str) -> Optional[str]:
    """The system's unit of a cgroup path, as seen from home: the *.service right below the slices. Below
    that, and below user.slice, names are anybody's choice.
    """
    parts = path.strip("/").split("/")
    while parts and parts[0].endswith(".slice") and parts[0] != "user.slice":
        del parts[0]
    return parts[0] if parts and parts[0].endswith(".service") and not parts[0].startswith("user@") else None


def parse_kb(text: str) -> Dict[str, int]:
    """ "Name:  123 kB" lines (smaps_rollup, meminfo) -> {name: kB}."""
    return {name: int(value) for name, value in _KB.findall(text)}


class Cgroup(NamedTuple):
    """The control group that limits a process. version: 1 or 2. path: as the kernel spells it. point: where
    its tree is mounted here, None when it is not. inside: the path below that point.
    """

    version: int
    path: str
    point: Optional[str]
    inside: str

    @property
    def directories(self) -> List[str]:
        """Those of this group and of all above it, up to the mount; none where it is not mounted."""
        parts = [part for part in self.inside.split("/") if part]
        if self.point is None:
            return []
        return [posixpath.join(self.point, *parts[:depth]) for depth in range(len(parts), -1, -1)]


def limiting_cgroup(cgroup: str, mountinfo: str, controller: str) -> Cgroup:
    """controller: "memory" or "cpu". On a hybrid host version 1 limits, if the controller is there. In a
    container the mount's root is a prefix of the path.
    """
    rows = parse_cgroup(cgroup)
    version, paths = 1, [row.path for row in rows if controller in row.controllers]
    if not paths:
        version, paths = 2, [row.path for row in rows if not row.controllers]
    path = paths[0] if paths else ""
    found = Cgroup(version, path, None, "")
    for line in mountinfo.splitlines():
        left, _dash, right = line.partition(" - ")
        where, what = left.split(), right.split()
        if len(where) < 5 or len(what) < 3:
            continue
        if what[0] != ("cgroup" if version == 1 else "cgroup2"):
            continue
        if version == 1 and controller not in what[2].split(","):
            continue
        root, point = where[3].rstrip("/"), where[4]
        if path == root or path.startswith(root + "/"):
            found = found._replace(point=point, inside=path[len(root) :].strip("/"))
        elif found.point is None:
            found = found._replace(point=point)
    return found
