# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The memory that php-fpm's workers use, and what they may use. Measured before pools are sized."""

from typing import List, Optional

from .memory import Memory
from .missing import Missing
from .shape import TypedDict


class PoolUse(TypedDict):
    """A pool and its workers. kB unless said otherwise."""

    config: str  # of its master
    pool: str  # name
    pm: Optional[str]  # static, dynamic or ondemand
    max_children: Optional[int]
    start_servers: Optional[int]
    min_spare: Optional[int]
    max_spare: Optional[int]
    process_max: int  # workers of all pools of the master, 0: no limit
    workers: int
    measured: int  # workers
    uss_kb: List[int]  # of each measured worker
    rss_kb: List[int]
    shared_kb: int  # by the pool's workers, counted once
    held_kb: int  # anonymous and shared memory, as a control group counts it
    cpu_share: Optional[float]  # cores that they used on average


class LaterCapacity(TypedDict, total=False):
    """Not before 0.16.0. Bytes."""

    files_bytes: int  # of others_bytes: files in memory, and what else is shared without php-fpm's workers


class Capacity(Memory, LaterCapacity):
    """Bytes. limit_bytes is what leaves php-fpm the least."""

    others_bytes: Optional[int]  # what all others hold inside the limit; None: unknown
    cores: Optional[float]  # that php-fpm may use; None: unknown
    pools: List[PoolUse]
    unlisted: List[List[str]]  # [config, pool] of workers that no pool in the files accounts for
    missing: List[Missing]  # why a number is None
