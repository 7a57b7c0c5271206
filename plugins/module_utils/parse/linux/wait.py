# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Texts of /proc -> where a process is held in the kernel, and by what."""

import re
import struct
from typing import Dict, Iterable, List, NamedTuple, Optional, Sequence

# x86_64: arch/x86/entry/syscalls/syscall_64.tbl; aarch64: include/uapi/asm-generic/unistd.h.
_X86_64 = {
    "read": (0, 19, 45, 47),  # read, readv, recvfrom, recvmsg
    "write": (1, 20, 44, 46),
    "poll": (7, 271),  # poll, ppoll
    "select": (23, 270),  # select, pselect6
    "epoll": (232, 281),
    "connect": (42,),
    "flock": (73,),
    "fcntl": (72,),
    "sleep": (35, 230),
    "wait": (61,),
    "accept": (43, 288),
    "futex": (202,),
}
_AARCH64 = {
    "read": (63, 65, 207, 212),
    "write": (64, 66, 206, 211),
    "poll": (73,),
    "select": (72,),
    "epoll": (22,),
    "connect": (203,),
    "flock": (32,),
    "fcntl": (25,),
    "sleep": (101, 115),
    "wait": (260,),
    "accept": (202, 242),
    "futex": (98,),
}
CALLS: Dict[str, Dict[int, str]] = {
    machine: {number: name for name, numbers in table.items() for number in numbers}
    for machine, table in (("x86_64", _X86_64), ("aarch64", _AARCH64))
}
# F_SETLKW, F_OFD_SETLKW (include/uapi/asm-generic/fcntl.h)
_LOCKS_AND_WAITS = (7, 38)
# wchan of a call on a network file system or FUSE: fs/nfs, net/sunrpc, fs/fuse/dev.c, fs/smb/client, fs/ceph,
# net/9p.
_REMOTE_FILES = re.compile(
    r"(nfs\d?_|rpc_|__?fuse_|fuse_|request_wait_answer|cifs_|smb\d?_|wait_for_response|ceph_|p9_)"
)
REMOTE_TYPES = re.compile(r"(nfs\d?|cifs|smb3|ceph|9p|afs|lustre|fuse\..*|fuse)\Z")
_INET_ROW = re.compile(
    r"^ *[0-9]+: ([0-9A-F]{8}|[0-9A-F]{32}):([0-9A-F]{4}) ([0-9A-F]{8}|[0-9A-F]{32}):([0-9A-F]{4}) "
    r"([0-9A-F]{2}) [0-9A-F]{8}:[0-9A-F]{8}(?: +\S+){4} +([0-9]{1,18})",
    re.M,
)
_LOCK_ROW = re.compile(
    r"^[0-9]+: (?:FLOCK|POSIX|OFDLCK) +\S+ +\S+ +(-?[0-9]+) ([0-9a-f]+):([0-9a-f]+):([0-9]+) ", re.M
)
POLLED = 64  # descriptors of a poll(2) that are looked at
_POLLFD = struct.Struct("=ihh")  # struct pollfd


class Call(NamedTuple):
    name: str  # of CALLS, "running", or "" for any other
    arguments: Sequence[int]


def parse_call(text: str, machine: str) -> Optional[Call]:
    """/proc/PID/syscall. None: it cannot be told."""
    words = text.split()
    if words == ["running"]:
        return Call("running", ())
    if len(words) < 7 or machine not in CALLS:
        return None
    try:
        number, arguments = int(words[0]), [int(word, 16) for word in words[1:7]]
    except ValueError:
        return None
    name = CALLS[machine].get(number, "")
    if name == "fcntl" and arguments[1] & 0xFFFFFFFF not in _LOCKS_AND_WAITS:
        name = ""
    return Call(name, arguments)


def is_remote_file(wchan: str) -> bool:
    return bool(_REMOTE_FILES.match(wchan))


def polled(memory: bytes) -> List[int]:
    """The descriptors of an array of struct pollfd. A negative one is not asked for."""
    rows = [_POLLFD.unpack_from(memory, at) for at in range(0, len(memory) - _POLLFD.size + 1, _POLLFD.size)]
    return [row[0] for row in rows if row[0] >= 0]


def selected(memory: bytes) -> List[int]:
    """The descriptors of an fd_set."""
    return [number for number in range(len(memory) * 8) if memory[number // 8] >> number % 8 & 1]


class Inet(NamedTuple):
    """A connection, or a UDP socket with a peer."""

    local: bytes  # address here
    port: int  # here
    address: bytes  # of the peer, 4 or 16 bytes
    peer_port: int


def _address(text: str) -> bytes:
    """Numbers of the kernel's own byte order."""
    raw = b"".join(struct.pack("=I", int(text[at : at + 8], 16)) for at in range(0, len(text), 8))
    return raw[12:] if raw[:12] == b"\0" * 10 + b"\xff\xff" else raw


def parse_inet(text: str, wanted: Iterable[int]) -> Dict[int, Inet]:
    """/proc/net/tcp, tcp6, udp or udp6: {inode: its connection} of the wanted inodes."""
    inodes = frozenset(map(str, wanted))
    return {
        int(inode): Inet(_address(local), int(port, 16), _address(peer), int(peer_port, 16))
        for local, port, peer, peer_port, _state, inode in _INET_ROW.findall(text)
        if inode in inodes and int(peer_port, 16)
    }


def lock_holder(text: str, major: int, minor: int, inode: int) -> Optional[int]:
    """/proc/locks: the pid that holds a lock of the file. Who waits has a row with an arrow behind it."""
    for pid, row_major, row_minor, row_inode in _LOCK_ROW.findall(text):
        if (int(row_major, 16), int(row_minor, 16), int(row_inode)) == (major, minor, inode):
            return int(pid) if int(pid) > 0 else None
    return None


class CpuStat(NamedTuple):
    """A control group's, since it was made."""

    periods: int
    throttled: int  # periods in which it had to stop
    seconds: float  # for which it had to


def parse_cpu_stat(text: str) -> Optional[CpuStat]:
    """cpu.stat. Version 1 counts nanoseconds, version 2 microseconds (kernel/sched/core.c)."""
    rows = dict(line.split(None, 1) for line in text.splitlines() if " " in line)
    try:
        periods, throttled = int(rows["nr_periods"]), int(rows["nr_throttled"])
        if "throttled_usec" in rows:
            return CpuStat(periods, throttled, int(rows["throttled_usec"]) / 1e6)
        return CpuStat(periods, throttled, int(rows["throttled_time"]) / 1e9)
    except (KeyError, ValueError):
        return None


class CpuTime(NamedTuple):
    """Of the machine, in ticks since boot."""

    total: int
    stolen: int
    cpus: int
    running: int  # processes that run or could, now


def parse_cpu_time(text: str) -> Optional[CpuTime]:
    """/proc/stat (proc(5)): guest time is in user time already."""
    rows = [line.split() for line in text.splitlines()]
    total = next((row for row in rows if row[:1] == ["cpu"]), [])
    running = next((int(row[1]) for row in rows if row[:1] == ["procs_running"] and len(row) > 1), 0)
    if len(total) < 9:
        return None
    numbers = [int(word) for word in total[1:9]]
    cpus = sum(1 for row in rows if re.match(r"cpu[0-9]", row[0] if row else ""))
    return CpuTime(sum(numbers), numbers[7], cpus, running)
