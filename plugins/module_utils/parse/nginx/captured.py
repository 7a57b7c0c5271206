# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where a fastcgi_pass led whose variables only a request decides: nginx's log names what it dialled.

Others may write in that log. So a place counts if it is this host's, and if the text in the files can become
it.
"""

import re
from typing import TYPE_CHECKING, List, Sequence, Tuple

from ...signatures.lookup import meaning_of
from ...signatures.nginx import LOST
from ..endpoint import canonical, is_this_host, parse
from .lexer import VARIABLE

if TYPE_CHECKING:
    from ....plugin_utils.shapes.logs import Event
    from ....plugin_utils.shapes.nginx import Nginx, Route

MOST = 16


def can_become(written: str, endpoint: str) -> bool:
    """A visitor chooses the endpoint: a pattern might try all ways to divide it."""
    written = canonical(written) if "/" in written else written
    begin, *texts = VARIABLE.split(written)[::3]  # without the names of the variables
    if not texts or not endpoint.startswith(begin) or re.search(r"\s", endpoint):
        return written == endpoint
    position = len(begin)
    for text in texts[:-1]:
        found = endpoint.find(text, position + 1)
        if found < 0:
            return False
        position = found + len(text)
    return endpoint.endswith(texts[-1]) and position < len(endpoint) - len(texts[-1])


def captured(nginx: "Nginx", events: "Sequence[Event]") -> "List[Tuple[Route, str]]":
    """(route, endpoint) of requests that were lost there."""
    routes = [route for route in nginx["routes"] if not route["endpoints"] and "candidates" not in route]
    if not routes:
        return []
    lost = {
        (event["site"], event["endpoint"])
        for event in events
        if event["source"] == "nginx" and event["endpoint"] and meaning_of(event) in LOST
    }
    return [
        (route, endpoint or "")
        for site, endpoint in sorted(lost, key=str)
        for route in routes
        if (route["site"] or None) == site
        and is_this_host(parse(endpoint or ""))
        and can_become(route["pass"], endpoint or "")
    ][:MOST]
