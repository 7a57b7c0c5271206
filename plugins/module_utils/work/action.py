# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""An action: what is known of it before any host is looked at."""

from typing import TYPE_CHECKING, NamedTuple, Optional, Tuple

if TYPE_CHECKING:
    from ...plugin_utils.shapes.shape import Disruption, Risk

NGINX = "nginx"
# What an action may want measured before it is resolved, see actions/view.py.
MEMORY, SWAP, ARRIVALS, ACCOUNTS, TMPFILES = "memory", "swap", "arrivals", "accounts", "tmpfiles"


class Raised(NamedTuple):
    """An argument that, where it is true, raises what an action costs."""

    argument: str
    risk: "Optional[Risk]" = None
    disruption: "Optional[Disruption]" = None


class GivesWay(NamedTuple):
    """To another action of the plan."""

    to: str  # id
    sharing: Tuple[str, ...]  # arguments that have the same values in both
    mends: bool  # the other one mends the findings of this one as well


class Action(NamedTuple):
    """Its place in the order is its row in actions/registry.py."""

    id: str
    risk: "Risk"
    reversible: bool  # the state before can be brought back
    disruption: "Disruption"
    reloads: str = ""  # the program, where it is not php-fpm
    raised: Tuple[Raised, ...] = ()
    gives_way: Optional[GivesWay] = None
    # Arguments that name what it sets. Of two actions that want one place different, neither is taken.
    one_place: Tuple[str, ...] = ()
    together: Tuple[str, ...] = ()  # arguments that name what several actions bring up, and only together
    once: bool = False  # it helps once or not at all
    needs: Tuple[str, ...] = ()  # of MEMORY, SWAP, ARRIVALS, ACCOUNTS, TMPFILES
