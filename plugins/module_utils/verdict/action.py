# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""An action: what is known of it before any host is looked at."""

from typing import NamedTuple, Optional, Tuple

NGINX = "nginx"
# What an action may want measured before it is resolved, see actions/view.py.
MEMORY, SWAP, ARRIVALS, ACCOUNTS, TMPFILES = "memory", "swap", "arrivals", "accounts", "tmpfiles"


class Raised(NamedTuple):
    """An argument that, where it is true, raises what an action costs. Empty: not raised."""

    argument: str
    risk: str = ""
    disruption: str = ""


class GivesWay(NamedTuple):
    """To another action of the plan, where both have the same values of these arguments.

    mends: whether the other one mends the findings of this one as well.
    """

    to: str  # id
    sharing: Tuple[str, ...]
    mends: bool


class Action(NamedTuple):
    """What an action is. Its place in the order is its row in actions/registry.py.

    reversible: whether the state before can be brought back. disruption: the most that the running requests
    of the unit suffer. reloads: the program that it reloads, where that is not php-fpm. one_place: arguments
    that name what it sets; two actions for one place that want different things are both left out. together:
    arguments that name what several actions bring up, and only together. once: it helps once or not at all.
    """

    id: str
    risk: str  # low, medium or high
    reversible: bool
    disruption: str  # none, reload or restart
    reloads: str = ""
    raised: Tuple[Raised, ...] = ()
    gives_way: Optional[GivesWay] = None
    one_place: Tuple[str, ...] = ()
    together: Tuple[str, ...] = ()
    once: bool = False
    needs: Tuple[str, ...] = ()  # of MEMORY, SWAP, ARRIVALS, ACCOUNTS, TMPFILES
