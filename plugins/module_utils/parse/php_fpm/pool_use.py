# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the workers of each pool take together."""

from typing import TYPE_CHECKING, Dict, List, Optional, Sequence, Tuple

from ..spread import spread

if TYPE_CHECKING:
    from ....plugin_utils.shapes.memory import Worker
    from ....plugin_utils.shapes.php_fpm import Master, Pool
    from ....plugin_utils.shapes.pool_use import WorkersOfPool


def summarize(workers: Sequence["Worker"], masters: Sequence["Master"], now: float) -> List["WorkersOfPool"]:
    """One entry for each pool of the running masters, in their order, then for pools of no known master."""
    keys: List[Tuple[Optional[str], str]] = [
        (master["config"], pool["name"])
        for master in masters
        if master["running"]
        for pool in master["pools"]
    ]
    keys += [(worker["config"], worker["pool"]) for worker in workers]
    limits: Dict[Tuple[Optional[str], str], Pool] = {
        (master["config"], pool["name"]): pool for master in masters for pool in master["pools"]
    }
    entries: List["WorkersOfPool"] = []
    for key in dict.fromkeys(keys):
        mine = [worker for worker in workers if (worker["config"], worker["pool"]) == key]
        pool = limits.get(key)
        known = all(worker["busy"] is not None for worker in mine)
        entries.append(
            {
                "rss_kb": spread([worker["rss_kb"] for worker in mine]),
                "pss_kb": spread([worker["pss_kb"] for worker in mine]),
                "uss_kb": spread([worker["uss_kb"] for worker in mine]),
                "shared_kb": spread([worker["shared_kb"] for worker in mine]),
                "config": key[0],
                "pool": key[1],
                "pm": pool["pm"] if pool else None,
                "max_children": pool["max_children"] if pool else None,
                "workers": len(mine),
                "active": sum(bool(worker["busy"]) for worker in mine) if known else None,
                "idle": sum(not worker["busy"] for worker in mine) if known else None,
                "measured": sum(worker["uss_kb"] is not None for worker in mine),
                "age": spread([int(now - worker["started_at"]) for worker in mine]),
            }
        )
    return entries
