# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Texts of /proc -> plain data (proc(5)). Names in them may hold a form feed, which ends no line."""

import posixpath
import re
from typing import Dict, Iterator, List, Match, NamedTuple, Optional

KERNEL_THREAD = 0x00200000  # PF_KTHREAD, include/linux/sched.h
_FAR = re.compile(r"(?:nfs4?|cifs|smb3|9p|ceph|afs|lustre|autofs|fuse(?:\..*)?)\Z")
_OCTAL = re.compile(r"\\([0-7]{3})")
# Functions of the kernel in which a write to a pipe, a terminal or a socket waits for who reads.
WAITS_FOR_READER = re.compile(r"(?:anon_)?pipe_w|n_tty_write|(?:sock|unix)_\w*wait|sk_stream_wait")
OOM_KILLS = re.compile(r"^oom_kill (\d+)$", re.M)
INITIAL_CGROUP = "cgroup:[4026531835]"  # linux/proc_ns.h: PROC_CGROUP_INIT_INO
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
    capabilities: Optional[int]  # effective


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
    for line in text.split("\n"):
        name, _colon, value = line.partition(":")
        rows[name] = value.split()
    uid, gid, rights = rows.get("Uid", []), rows.get("Gid", []), rows.get("CapEff")
    return ProcStatus(
        int(uid[1]) if len(uid) > 1 else -1,
        int(gid[1]) if len(gid) > 1 else -1,
        list(map(int, rows.get("Groups", []))),
        len(rows.get("NSpid", ["1"])),
        list(map(int, uid[:3])),
        int(rights[0], 16) if rights else None,
    )


def parse_cmdline(text: str) -> str:
    """/proc/PID/cmdline as one line; a title over the arguments is padded with NUL."""
    return " ".join(text.rstrip("\0").split("\0")).strip()


def parse_cgroup(text: str) -> List[Membership]:
    """/proc/PID/cgroup."""
    rows = [line.split(":", 2) for line in text.split("\n")]
    return [
        # Of pid 1 that is the cgroup which systemd was given.
        Membership(list(filter(None, row[1].split(","))), re.sub(r"/init\.scope\Z", "", row[2]))
        for row in rows
        if len(row) == 3
    ]


def cgroup_path(memberships: List[Membership]) -> str:
    """The path in the tree that systemd manages: version 2's, else its named one of version 1, else ""."""
    paths = {",".join(row.controllers): row.path for row in reversed(memberships)}
    return paths.get("", paths.get("name=systemd", ""))


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
    """The control group that limits a process."""

    version: int  # 1 or 2
    path: str  # as the kernel spells it
    point: Optional[str]  # where its tree is mounted here
    inside: str  # the path below that point

    @property
    def directories(self) -> List[str]:
        """Those of this group and of all above it, up to the mount; none where it is not mounted."""
        parts = [part for part in self.inside.split("/") if part]
        if self.point is None:
            return []
        return [posixpath.join(self.point, *parts[:depth]) for depth in range(len(parts), -1, -1)]


class Mounted(NamedTuple):
    """A line of /proc/PID/mountinfo."""

    root: str
    point: str
    kind: str  # of the file system
    options: str  # of the file system


def mounts(mountinfo: str) -> Iterator[Mounted]:
    for line in mountinfo.split("\n"):
        left, _dash, right = line.partition(" - ")
        where, what = left.split(" "), right.split(" ")
        if len(where) >= 5 and len(what) >= 3:
            yield Mounted(where[3], where[4], what[0], what[2])


def far_mounts(mountinfo: str) -> List[str]:
    """The mounts of which files come from a server or a program that may never answer."""
    points = [unescaped(each.point) for each in mounts(mountinfo) if _FAR.match(each.kind)]
    return [point for point in points if not (point + "/").startswith(("/dev/", "/proc/", "/sys/"))]


def unescaped(point: str) -> str:
    return _OCTAL.sub(_byte, point)


def _byte(octal: Match[str]) -> str:
    return chr(int(octal.group(1), 8))


def limiting_cgroup(cgroup: str, mountinfo: str, controller: str) -> Cgroup:
    """controller: "memory" or "cpu". On a hybrid host version 1 limits, if the controller is there. In a
    container the mount's root is a prefix of the path.
    """
    rows = parse_cgroup(cgroup)
    version, paths = 1, [row.path for row in rows if controller in row.controllers]
    if not paths:
        version, paths = 2, [row.path for row in rows if not row.controllers]
    path = paths[0] if paths else ""
    group = Cgroup(version, path, None, "")
    for each in mounts(mountinfo):
        if each.kind != ("cgroup" if version == 1 else "cgroup2"):
            continue
        if version == 1 and controller not in each.options.split(","):
            continue
        root = each.root.rstrip("/")
        if path == root or path.startswith(root + "/"):
            group = group._replace(point=each.point, inside=path[len(root) :].strip("/"))
        elif group.point is None:
            group = group._replace(point=each.point)
    return group
