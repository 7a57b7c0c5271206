# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""fastcgi_next_upstream_tries and fastcgi_next_upstream_timeout. 0 limits nothing."""

from typing import TYPE_CHECKING, Dict, NamedTuple

from ..number import count
from .conf import Directive
from .settings import parse_time

if TYPE_CHECKING:
    from ....plugin_utils.shapes.nginx import Route

TRIES, TIMEOUT = "fastcgi_next_upstream_tries", "fastcgi_next_upstream_timeout"


class Limits(NamedTuple):
    tries: int = 0  # of a request
    seconds: float = 0  # from its first try to its last


def limits(last: Dict[str, Directive], outer: Limits) -> Limits:
    tries, seconds = outer
    if TRIES in last:
        tries = count(last[TRIES].args[0]) or 0
    if TIMEOUT in last:
        seconds = parse_time(last[TIMEOUT].args[0]) or 0
    return Limits(tries, seconds)


def note_limits(route: "Route", found: Limits) -> None:
    if found.tries:
        route["next_tries"] = found.tries
    if found.seconds:
        route["next_seconds"] = found.seconds
