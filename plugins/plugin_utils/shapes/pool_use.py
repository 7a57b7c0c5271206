# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the workers of a pool take together, as fpm_worker_info returns it."""

from typing import Dict, Optional

from .shape import TypedDict

Spread = Optional[
    Dict[str, int]
]  # min, median, p95 and max, see module_utils/parse/spread.py; None: of nothing


class Sizes(TypedDict):
    """kB. pss, uss and shared are those of the measured workers."""

    rss_kb: Spread
    pss_kb: Spread
    uss_kb: Spread
    shared_kb: Spread


class WorkersOfPool(Sizes):
    config: Optional[str]  # of the master; None: that is gone
    pool: str  # name
    pm: Optional[str]  # None: the pool is in no file
    max_children: Optional[int]
    workers: int
    active: Optional[int]  # None: unknown
    idle: Optional[int]
    measured: int  # workers
    age: Spread  # seconds
