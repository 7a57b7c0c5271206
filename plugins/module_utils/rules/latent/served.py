# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The pools that nginx dials, with their sites."""

from typing import TYPE_CHECKING, Dict, List, NamedTuple, Sequence

from ...parse.nginx.sites import sites_of
from ...parse.route_pools import pools_at
from ..model import Place
from ..seen import Owner

if TYPE_CHECKING:
    from ....plugin_utils.shapes.finding import Site
    from ....plugin_utils.shapes.nginx import Route
    from ....plugin_utils.shapes.php_fpm import Master, Pool
    from ....plugin_utils.shapes.snapshot import Snapshot


class Served(NamedTuple):
    """A pool and the locations that dial it."""

    master: "Master"
    pool: "Pool"
    routes: "Sequence[Route]"

    @property
    def place(self) -> Place:
        return Owner(self.master, self.pool).place

    @property
    def sites(self) -> "List[Site]":
        return sites_of(self.routes)

    @property
    def arguments(self) -> Dict[str, object]:
        return Owner(self.master, self.pool).arguments


def served_pools(snapshot: "Snapshot") -> List[Served]:
    """The pools of masters that run. One that nobody dials is not among them."""
    known = pools_at(snapshot)
    by_pool: Dict[int, List["Route"]] = {}
    for route in snapshot["nginx"]["routes"]:
        for _master, pool in known.behind(route):
            by_pool.setdefault(id(pool), []).append(route)
    return [
        Served(master, pool, by_pool[id(pool)])
        for master in snapshot["fpm"]["masters"]
        if master["running"]
        for pool in master["pools"]
        if id(pool) in by_pool
    ]


def sites_of_master(snapshot: "Snapshot", config: str) -> "List[Site]":
    """The sites that depend on a master."""
    served = [each for each in served_pools(snapshot) if each.master["config"] == config]
    return sites_of([route for each in served for route in each.routes])
