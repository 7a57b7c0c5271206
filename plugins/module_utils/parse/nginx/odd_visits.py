# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Requests that no error log names, by the last lines of an access log. They are paths behind a script's
name, headers and paths that are too large, and forms that a file gets.
"""

import re
from collections import Counter
from typing import TYPE_CHECKING, Dict, Iterable, List, NamedTuple, Optional, Sequence, Set, Tuple

from .access_pages import INTERNAL, PROXIED, TLS, Page, sizes_with
from .log_format import Fields

if TYPE_CHECKING:
    from ....plugin_utils.shapes.visits import OddVisits

PATH_INFO, HEADER, URI, METHOD, PERMALINK = "path_info", "header", "uri", "method", "permalink"
PLAIN = "plain"  # HTTP to a port with ssl
_BEHIND = re.compile(r"(/[^?]*?\.php)/[^?]")
FRONT = "/index.php"
# Bytes of nginx's own pages beside its name (ngx_http_special_response.c): plain, and padded for Chrome.
_OWN = (
    ("400", HEADER, (221, 623)),
    ("400", PLAIN, (243, 645)),
    ("404", PERMALINK, (141, 543)),
    ("405", METHOD, (145, 547)),
    ("414", URI, (165, 567)),
)
_PERMALINK = re.compile(r"/\w[\w/%-]*\Z")  # of a page that no file is
LONGEST = 200
Who = Tuple[str, str]


def own_sizes(version: Optional[str]) -> Dict[Tuple[str, str], str]:
    """(status, bytes) of nginx's own page -> what it tells."""
    return {(status, size): kind for status, kind, sizes in _OWN for size in sizes_with(version, sizes)}


class Hit(NamedTuple):
    number: int  # of the line
    at: float
    path: str
    status: str
    who: Who


class _Failed:
    """Requests of one kind to one site."""

    def __init__(self) -> None:
        self.hits: List[Hit] = []
        self.had: Set[Who] = set()  # a page before

    def of(self, strange: Dict[Who, int]) -> List[Hit]:
        """Of visitors who are no scanners: they got pages, or are of an internal network."""
        counts = Counter(hit.who for hit in self.hits)
        return [
            hit
            for hit in self.hits
            if strange.get(hit.who, 0) <= counts[hit.who]
            and (hit.who in self.had or INTERNAL.match(hit.who[0]))
        ]


class _Site:
    def __init__(self) -> None:
        self.failed: Dict[str, _Failed] = {}
        self.got: Set[Who] = set()
        # Line, and the script to which it shows that paths lead.
        self.came: List[Tuple[int, str]] = []
        self.permalinks = 0  # that came
        self.strange: Dict[Who, int] = {}  # who asks for what is not there

    def add(self, kind: str, number: int, at: float, path: str, fields: Fields) -> None:
        status = fields.get("status", "")
        who = (fields.get("remote_addr", ""), fields.get("http_user_agent", "-"))
        if kind:
            failed = self.failed.setdefault(kind, _Failed())
            failed.hits.append(Hit(number, at, path, status, who))
            failed.had.update([who] if who in self.got else [])
            # A scanner asks for such paths, too, and for others.
            self.strange[who] = self.strange.get(who, 0) + (kind == PERMALINK)
        elif status[:1] in ("2", "3"):
            self.got.update([who, (who[0], "-")])  # a request that is cut off has no user agent
            # nginx itself redirects to a directory.
            other = status[:1] == "2" and path != "/" and ".php" not in path
            self.permalinks += other and bool(_PERMALINK.match(path))
            behind = _BEHIND.match(path)
            leads = FRONT if other else ""
            self.came.append((number, behind.group(1) if behind else leads))
        elif status in ("403", "404"):
            self.strange[who] = self.strange.get(who, 0) + 1

    def since(self, kind: str, hits: List[Hit]) -> int:
        """Pages that came. Old links are missed among pages that come, so a path counts from the third last
        hit on. What comes by another script says nothing of these.
        """
        if kind == PATH_INFO:
            scripts = {behind.group(1) for behind in (_BEHIND.match(hit.path) for hit in hits) if behind}
            return sum(to in scripts for number, to in self.came if number > hits[-3:][0].number)
        if kind == PERMALINK:
            return self.permalinks
        return sum(number > hits[-1].number for number, _to in self.came)


def as_visits(path_of_log: str, site: Optional[str], kind: str, hits: Sequence[Hit]) -> "OddVisits":
    """hits: the oldest first."""
    visitors, last = {hit.who for hit in hits}, hits[-1]
    addresses = {who[0] for who in visitors}
    return {
        "log": path_of_log,
        "site": site,
        "kind": kind,
        "status": int(last.status),
        "requests": len(hits),
        "visitors": len(visitors),
        "had": 0,
        "external": sum(not INTERNAL.match(address) for address in addresses),
        "internal": all(map(INTERNAL.match, addresses)),
        "paths": len({hit.path for hit in hits}),
        "path": last.path[:LONGEST],
        "others": 0,
        "since": 0,
        "last": last.at,
    }


def odd_visits(pages: Iterable[Page], version: Optional[str], path_of_log: str) -> "List[OddVisits]":
    """pages: the oldest first. version: of nginx."""
    sizes = own_sizes(version)
    sites: Dict[Optional[str], _Site] = {}
    for number, (site, at, path, fields) in enumerate(pages):
        status, upstream = fields.get("status", ""), fields.get("upstream_status", "-")
        kind = sizes.get((status, fields.get("body_bytes_sent", "")), "") if upstream in ("", "-") else ""
        if kind == METHOD and not fields.get("request", "").startswith("POST "):
            kind = ""
        if kind == PERMALINK and not _PERMALINK.match(path):
            kind = ""
        if path in (TLS, PROXIED):
            kind = path
        if status in ("403", "404") and _BEHIND.match(path):
            kind = PATH_INFO
        sites.setdefault(site, _Site()).add(kind, number, at, path, fields)
    found: List[OddVisits] = []
    for site, seen in sites.items():
        for kind, failed in seen.failed.items():
            hits = failed.hits if kind in (TLS, PROXIED) else failed.of(seen.strange)
            if not hits:
                continue
            visits = as_visits(path_of_log, site, kind, hits)
            visits["had"] = len({hit.who for hit in hits} & failed.had)
            visits["others"] = sum(number > hits[0].number for number, _to in seen.came)
            visits["since"] = seen.since(kind, hits)
            found.append(visits)
    return found
