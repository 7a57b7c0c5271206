# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A route with the pools that answer it, as fastcgi_route_info returns it."""

from typing import List, Optional

from .nginx import Route
from .shape import TypedDict


class AnsweringPool(TypedDict):
    endpoint: str
    config: str  # path of its master's main file
    pool: str  # name
    unit: Optional[str]  # systemd's
    version: Optional[str]
    running: bool


class Unmatched(TypedDict):
    """A target at which no pool of this host listens."""

    endpoint: str
    written: str  # as the configuration spells it
    file: str
    line: int
    reason: str  # no_pool, or see difference() in parse/endpoint.py
    listening: List[str]  # endpoints that come nearest


class MatchedRoute(Route):  # pylint: disable=inconsistent-mro  # it sees dict twice
    pools: List[AnsweringPool]  # in the order of the route's endpoints
    mismatch: Optional[str]  # no_pool_listens, some_without_pool or unresolved
    unmatched: List[Unmatched]  # none of another host
