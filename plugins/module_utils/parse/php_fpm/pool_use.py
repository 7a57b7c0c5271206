# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the workers of each pool take together."""

from typing import TYPE_CHECKING, Any, Dict, List, Sequence

from ..spread import spread

if TYPE_CHECKING:
    from ...facts.php_fpm import Master


def summarize(
    workers: Sequence[Dict[str, Any]], masters: Sequence["Master"], now: float
) -> List[Dict[str, Any]]:
    """One entry for each pool of collect_fpm, in its order, then those whose workers belong to no known pool.

    measured: how many workers the pss, uss and shared figures come from. Sizes are in kB, age in seconds.
    """
    keys = [
        (master["config"], pool["name"])
        for master in masters
        if master["running"]
        for pool in master["pools"]
    ]
    keys += [(worker["config"], worker["pool"]) for worker in workers]
    limits = {(master["config"], pool["name"]): pool for master in masters for pool in master["pools"]}
    found: List[Dict[str, Any]] = []
    for key in dict.fromkeys(keys):
        mine = [worker for worker in workers if (worker["config"], worker["pool"]) == key]
        pool = limits.get(key)
        known = all(worker["busy"] is not None for worker in mine)
        sizes = {
            size: spread([worker[size] for worker in mine if worker[size] is not None])
            for size in ("rss_kb", "pss_kb", "uss_kb", "shared_kb")
        }
        found.append(
            dict(
                sizes,
                config=key[0],
                pool=key[1],
                pm=pool["pm"] if pool else None,
                max_children=pool["max_children"] if pool else None,
                workers=len(mine),
                active=sum(worker["busy"] for worker in mine) if known else None,
                idle=sum(not worker["busy"] for worker in mine) if known else None,
                measured=sum(worker["uss_kb"] is not None for worker in mine),
                age=spread([int(now - worker["started_at"]) for worker in mine]),
            )
        )
    return found
