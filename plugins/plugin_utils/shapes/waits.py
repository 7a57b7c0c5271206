# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the workers of a pool wait for, where it is full or a request was late: a few samples of each."""

from typing import List, Optional

from .shape import TypedDict


class Wait(TypedDict):
    """A place at which a worker was seen."""

    # kept: it reads its FastCGI connection. client: it writes to it. site: nginx of this host. futex: a lock
    # in memory. output: to php-fpm's master. The others: accept, peer, lock, remote_file, program, sleep,
    # cpu, other.
    kind: str
    # address:port or unix:/path of a peer or of nginx, a lock's file, a mount, a program; where
    # the master writes
    on: Optional[str]
    holder: Optional[int]  # pid, of a lock
    samples: int


class WorkerWait(TypedDict):
    pid: int
    samples: int
    cpu: float  # share of the time that it had a CPU, 0 to 1
    waits: List[Wait]  # most samples first


class CpuThrottle(TypedDict):
    """A control group with a CPU quota, between the first sample and the last."""

    path: str
    cores: Optional[float]  # its quota
    periods: int
    throttled: int  # of these periods
    seconds: float  # for which it had to stop, of all CPUs together


class ProcessLimit(TypedDict):
    """A control group of php-fpm's that may have no more processes."""

    path: str
    limit: int
    processes: int  # that it has


class WorkerSetup(TypedDict):
    """What the workers of a pool lack that end as they start."""

    config: str
    pool: str
    directory: Optional[str]  # of chroot or chdir, which is not there
    capabilities: List[str]  # that the master is without


class LaterWaits(TypedDict, total=False):
    """Not in snapshots from before 0.8.0."""

    setups: List[WorkerSetup]

    process_limit: Optional[ProcessLimit]  # None: none is reached, or no worker was missing


class Waits(LaterWaits):
    seconds: float  # from the first sample to the last
    workers: List[WorkerWait]
    throttles: List[CpuThrottle]
    stolen: Optional[float]  # share of CPU time that the hypervisor gave to others, 0 to 1
    running: Optional[float]  # processes that run or could, on average
    cpus: Optional[int]
