# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Memory: of the host, of php-fpm's workers, and who was killed for it."""

from typing import Dict, List, Literal, Optional

from .shape import TypedDict

HaltKind = Literal["stopped", "traced", "frozen", "disk_wait", "blocked"]
KillKind = Literal["cgroup", "global", "systemd_oomd"]
KernelSource = Literal["kernel", "journal"]


class Memory(TypedDict, total=False):
    """Bytes. Empty where nobody looked; None: no limit, or unknown."""

    limit_bytes: Optional[int]  # the tightest limit; None: unknown
    limit_from: Optional[str]  # for people: MemTotal, or "cgroup " and its file
    limit_file: Optional[str]  # of the control group that sets it; None: it is MemTotal; not before 0.14.0
    mem_total: Optional[int]
    mem_available: Optional[int]
    swap_total: Optional[int]
    cgroup_usage: Optional[int]
    swap_limit: Optional[int]


class WorkerSizes(TypedDict):
    """None: not measured."""

    rss_kb: int
    pss_kb: Optional[int]
    uss_kb: Optional[int]
    shared_kb: Optional[int]


class Worker(WorkerSizes):
    """A worker of php-fpm."""

    config: Optional[str]  # of its master; None: that is gone
    pool: str
    pid: int
    started_at: float  # epoch seconds
    cpu_seconds: float
    busy: Optional[bool]  # None: unknown


class Tracer(TypedDict):
    """A process that traces another one."""

    pid: int
    comm: str


class LaterHalted(TypedDict, total=False):
    """What holds it, where that is known."""

    cgroup: str  # that is frozen
    function: str  # of the kernel, in which it waits
    tracer: Tracer
    why: Optional[str]  # one of these as words: before 0.13.0


class Halted(LaterHalted):
    """A process of nginx or php-fpm that is there and does not run."""

    pid: int
    kind: HaltKind  # blocked: by who reads what nginx logs


class LaterVictim(TypedDict, total=False):
    """Not in snapshots from before 0.5.0."""

    swap_kb: Optional[int]  # of the machine when its memory ran out; None: the kernel did not say


class Victim(LaterVictim):
    """What the line of a kill says by itself."""

    at: float  # epoch seconds
    pid: Optional[int]  # the machine's
    comm: Optional[str]
    fpm: bool
    cgroup: Optional[str]
    kind: KillKind
    limit_kb: Optional[int]  # of the cgroup whose limit was hit
    anon_rss_kb: Optional[int]
    text: str


class LaterKill(TypedDict, total=False):
    """Not in snapshots from before 0.4.0."""

    masters: List[int]  # pids of those whose cgroup it was in
    vague: bool  # unit unknown: much of the host may live in that cgroup


class Kill(Victim, LaterKill):
    """A process that was killed for memory."""

    unit: Optional[str]  # systemd's
    ours: Optional[bool]  # of this host; None: unknown
    source: KernelSource


class LaterSegfault(TypedDict, total=False):
    """Not in snapshots from before 0.13.0."""

    error: Optional[int]  # of a page fault on x86, bits as of its hardware


class Segfault(LaterSegfault):
    """A crash of php-fpm that the kernel saw."""

    at: float  # epoch seconds
    pid: int  # the machine's
    comm: str
    module: Optional[str]  # file that crashed
    ours: Optional[bool]  # of this host; None: unknown
    text: str


class EarlyKill(TypedDict):
    """A process that earlyoom ended."""

    at: float  # epoch seconds
    pid: int
    comm: str
    fpm: bool
    text: str


class LaterOom(TypedDict, total=False):
    """Not in snapshots from before 0.4.0, nor where the look broke off."""

    elsewhere: int  # kills that were not of this host
    own_pids: bool  # pids of kills are those of this host
    counters: Dict[str, int]  # kills since boot, by cgroup
    earlyoom: List[EarlyKill]  # of oom_info alone, and in snapshots from before 0.18.0


class Oom(LaterOom):
    kills: List[Kill]
    counter: Optional[int]  # kills of this host since boot
    segfaults: List[Segfault]
