# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Visitors who are sent to the same page again, and checks of a balancer that get no page. Both are read in
the last lines of an access log.
"""

import re
from typing import TYPE_CHECKING, Dict, Iterable, List, Optional, Set, Tuple

from .access_pages import Page
from .log_format import Fields
from .odd_visits import Hit, as_visits

if TYPE_CHECKING:
    from ....plugin_utils.shapes.visits import OddVisits

CIRCLE, OWN_CIRCLE, CHECK = "circle", "own_circle", "check"
# These take a host out that answers with a redirect. Others are content with one.
_BALANCER = re.compile("ELB-HealthChecker|GoogleHC|Load Balancer Agent")
_SENT_ON = ("301", "302", "303", "307", "308")
AT_ONCE, OFTEN = 3.0, 4  # seconds: a browser asks again at once, a check some seconds later
_OWN = re.compile(r"1[3-8]\d\Z")  # bytes of nginx's own page (ngx_http_special_response.c)
CONTENT = 2  # checks with a page since


class _Site:
    def __init__(self) -> None:
        # By kind, and by visitor and path.
        self.hits: Dict[str, Dict[Tuple[str, str, str], List[Hit]]] = {CIRCLE: {}, CHECK: {}}
        self.by_others: Set[Tuple[str, str, str]] = set()  # with a redirect that is none of nginx's own
        self.came: Dict[str, List[float]] = {CIRCLE: [], CHECK: []}  # pages of visitors, and of balancers

    def add(self, at: float, path: str, fields: Fields) -> None:
        status, agent = fields.get("status", ""), fields.get("http_user_agent", "-")
        balancer = _BALANCER.search(agent)
        who = ("" if balancer else fields.get("remote_addr", ""), agent)
        kind, key = CHECK if balancer else CIRCLE, (*who, path)
        if status[:1] == "2":
            self.hits[kind].pop(key, None)
            self.came[kind].append(at)
        elif status in _SENT_ON or (balancer and status[:1] == "4"):
            self.hits[kind].setdefault(key, []).append(Hit(0, at, path, status, who))
            if not _OWN.match(fields.get("body_bytes_sent", "")):
                self.by_others.add(key)

    def found(self, kind: str) -> List[Hit]:
        return sorted(hit for hits in self.hits[kind].values() if self._counts(kind, hits) for hit in hits)

    def _counts(self, kind: str, hits: List[Hit]) -> bool:
        """A balancer that asks for another page by now is content with that one."""
        if kind == CHECK:
            return sum(at >= hits[-1].at for at in self.came[CHECK]) < CONTENT
        return any(last.at - first.at <= AT_ONCE for first, last in zip(hits, hits[OFTEN - 1 :]))


def sent_on(pages: Iterable[Page], path_of_log: str) -> "List[OddVisits]":
    """pages: the oldest first."""
    sites: Dict[Optional[str], _Site] = {}
    for site, at, path, fields in pages:
        if fields.get("request", "GET ").startswith("GET "):
            sites.setdefault(site, _Site()).add(at, path, fields)
    found: List[OddVisits] = []
    for site, seen in sites.items():
        for kind in (CIRCLE, CHECK):
            hits = seen.found(kind)
            if hits:
                visits = as_visits(path_of_log, site, kind, hits)
                visits["others"] = sum(at >= hits[0].at for at in seen.came[CIRCLE])
                if kind == CIRCLE and seen.by_others.isdisjoint((*hit.who, hit.path) for hit in hits):
                    visits["kind"] = OWN_CIRCLE
                found.append(visits)
    return found
