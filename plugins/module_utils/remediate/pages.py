# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Pages of sites, asked for through nginx as by a visitor, and what they tell of what is behind nginx."""

import threading
from typing import TYPE_CHECKING, Dict, FrozenSet, List, NamedTuple, Optional, Sequence, Tuple

from ..collect.endpoint.http_get import NO_ANSWER, Got, get, literal
from ..collect.host import Host
from ..parse.nginx.listen import Target, targets
from ..parse.nginx.sites import Place, place, site_of
from .nginx_errors import lost_since

if TYPE_CHECKING:
    from ...plugin_utils.shapes.nginx import Nginx, Route

SILENT = "silent"  # nginx answered for a backend that gave nothing
OWN = "own"  # the site's code answered, whatever it said
SLOW = "slow"  # no answer in time, or no HTTP at all: that proves nothing


def is_failure(status: Optional[int]) -> bool:
    """A 503 is maintenance more often than not."""
    return status is not None and status >= 500 and status != 503


class Page(NamedTuple):
    status: Optional[int]
    kind: str  # SILENT, OWN or SLOW
    blamed: FrozenSet[str]  # endpoints of nginx's errors since, for this site
    error: Optional[str] = None  # why no HTTP came
    ms: float = 0.0  # until the answer

    @property
    def fails(self) -> bool:
        """An error page of the site's own code."""
        return self.kind == OWN and is_failure(self.status)


class Door(NamedTuple):
    """How a site is asked."""

    place: Place
    name: str  # "default" for a server without name
    target: Target
    server_name: str


def doors(routes: "Sequence[Route]", wanted: Sequence[Place], most: int) -> List[Door]:
    """Of the sites at these places, those that a visitor can reach. Of two at one address under one name
    nginx serves the first alone.
    """
    first: Dict[Tuple[Target, str], Door] = {}
    for route in routes:
        site, where = site_of(route), targets(route["listen"])
        if where:
            name = (route["server_names"] or [""])[0]
            key = (where[0], literal(name, where[0]))
            first.setdefault(key, Door(place(site), site["name"], where[0], name))
    reached = {door.place: door for door in first.values()}
    return [reached[where] for where in dict.fromkeys(wanted) if where in reached][:most]


def _blamed(host: Host, nginx: "Nginx", since: float) -> Optional[Dict[str, FrozenSet[str]]]:
    """{site's name: endpoints} of nginx's errors since then; None where its log cannot be read."""
    events = lost_since(host, nginx, since)
    blamed: Dict[str, FrozenSet[str]] = {}
    for event in events or []:
        name = event["site"] or "default"
        blamed[name] = blamed.get(name, frozenset()) | {event["endpoint"] or ""}
    return None if events is None else blamed


def ask(host: Host, nginx: "Nginx", wanted: Sequence[Door], path: str, seconds: float) -> Dict[Place, Page]:
    """All are asked at the same time. seconds: for each."""
    began = host.now()
    answers: Dict[Place, Got] = {}

    def ask_at(door: Door) -> None:
        answers[door.place] = get(host, door.target, door.server_name, path, seconds)

    threads = [threading.Thread(target=ask_at, args=(door,)) for door in wanted]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if not answers:
        return {}
    errors = _blamed(host, nginx, began) if any(got.status in NO_ANSWER for got in answers.values()) else {}
    return {
        door.place: _page(
            answers[door.place].status, None if errors is None else errors.get(door.name, frozenset())
        )._replace(error=answers[door.place].error, ms=answers[door.place].ms)
        for door in wanted
    }


def _page(status: Optional[int], errors: Optional[FrozenSet[str]]) -> Page:
    """A site may say 502, 503 or 504 itself: then nginx logs no error. errors: None where its log cannot be
    read. Then 503 is taken for the site's.
    """
    if status is None:
        return Page(None, SLOW, frozenset())
    silent = status in NO_ANSWER and (status != 503 if errors is None else bool(errors))
    return Page(status, SILENT if silent else OWN, errors or frozenset())
