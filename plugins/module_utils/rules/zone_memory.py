# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A zone of nginx's shared memory that has no room for another key: the request ends with an error."""

from .group import Group
from .model import Match, likely, state_of
from .nginx_errors import NGINX_LIMIT


def zone_full(group: Group) -> Match:
    """nginx's line names no request, so no site either: it explains nothing else of a site."""
    zone = group.newest["detail"].get("zone", "in shared memory")
    words = "nginx ends requests itself: its zone %s has no room for another key." % zone
    return Match(
        NGINX_LIMIT,
        "zone_full",
        likely(words, [], state=state_of(group.reconfigured), servers=()),
    )
