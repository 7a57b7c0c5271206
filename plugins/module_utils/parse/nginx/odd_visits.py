# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the last lines of an access log tell of requests that no error log names: paths behind a script's
name, headers and paths that are too large, forms that a file gets.
"""

import re
from typing import TYPE_CHECKING, Dict, Iterable, List, Optional, Set, Tuple

from .access_pages import INTERNAL, Page
from .log_format import Fields

if TYPE_CHECKING:
    from ....plugin_utils.shapes.logs import OddVisits

PATH_INFO, HEADER, URI, METHOD = "path_info", "header", "uri", "method"
_BEHIND = re.compile(r"/[^?]*?\.php/[^?]")
# Bytes of nginx's own pages beside its name (ngx_http_special_response.c): plain, and padded for Chrome.
_OWN = {"400": (HEADER, (221, 623)), "414": (URI, (165, 567)), "405": (METHOD, (145, 547))}
LONGEST = 200
Who = Tuple[str, str]


def own_sizes(version: Optional[str]) -> Dict[Tuple[str, str], str]:
    """(status, bytes) of nginx's own page -> what it tells."""
    names = ("nginx", "nginx/%s" % version, "nginx/%s (Ubuntu)" % version)  # by server_tokens
    return {
        (status, str(size + len(name))): kind
        for status, (kind, sizes) in _OWN.items()
        for size in sizes
        for name in names
    }


class _Failed:
    """Requests of one kind to one site."""

    def __init__(self) -> None:
        self.who: Dict[Who, int] = {}
        self.had: Set[Who] = set()  # a page before
        self.paths: Set[str] = set()
        self.since = self.others = 0
        self.last, self.status, self.path = 0.0, "", ""

    def hit(self, at: float, path: str, status: str, who: Who, had: bool) -> None:
        self.who[who] = self.who.get(who, 0) + 1
        self.had.update([who] if had else [])
        self.paths.add(path)
        self.since, self.last, self.status, self.path = 0, at, status, path

    def came(self, who: Who, behind: bool, of_paths: bool) -> None:
        self.others += 1
        if behind if of_paths else who in self.who or (who[0], "-") in self.who:
            self.since += 1


class _Site:
    def __init__(self) -> None:
        self.failed: Dict[str, _Failed] = {}
        self.got: Set[Who] = set()
        self.strange: Dict[Who, int] = {}  # who asks for what is not there

    def add(self, kind: str, at: float, path: str, fields: Fields) -> None:
        status = fields.get("status", "")
        who = (fields.get("remote_addr", ""), fields.get("http_user_agent", "-"))
        if kind:
            self.failed.setdefault(kind, _Failed()).hit(at, path, status, who, who in self.got)
        elif status[:1] in ("2", "3"):
            self.got.update([who, (who[0], "-")])  # a request that is cut off has no user agent
            for name, failed in self.failed.items():
                failed.came(who, bool(_BEHIND.match(path)), name == PATH_INFO)
        elif status in ("403", "404"):
            self.strange[who] = self.strange.get(who, 0) + 1

    def of(self, failed: _Failed) -> List[Who]:
        """The visitors who are no scanners: they got pages, or are of an internal network."""
        return [
            who
            for who, count in failed.who.items()
            if self.strange.get(who, 0) <= count and (who in failed.had or INTERNAL.match(who[0]))
        ]


def odd_visits(pages: Iterable[Page], version: Optional[str], path_of_log: str) -> "List[OddVisits]":
    """pages: the oldest first. version: of nginx."""
    sizes = own_sizes(version)
    sites: Dict[Optional[str], _Site] = {}
    for site, at, path, fields in pages:
        status, upstream = fields.get("status", ""), fields.get("upstream_status", "-")
        kind = sizes.get((status, fields.get("body_bytes_sent", "")), "") if upstream in ("", "-") else ""
        if kind == METHOD and not fields.get("request", "").startswith("POST "):
            kind = ""
        if status in ("403", "404") and _BEHIND.match(path):
            kind = PATH_INFO
        sites.setdefault(site, _Site()).add(kind, at, path, fields)
    found: List[OddVisits] = []
    for site, seen in sites.items():
        for kind, failed in seen.failed.items():
            visitors = seen.of(failed)
            found.append(
                {
                    "log": path_of_log,
                    "site": site,
                    "kind": kind,
                    "status": int(failed.status),
                    "requests": sum(failed.who[who] for who in visitors),
                    "visitors": len(visitors),
                    "internal": all(INTERNAL.match(who[0]) for who in visitors),
                    "paths": len(failed.paths),
                    "path": failed.path[:LONGEST],
                    "others": failed.others,
                    "since": failed.since,
                    "last": failed.last,
                }
            )
    return [each for each in found if each["requests"]]
