# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Parts of a site that the application answers with 500 alone, by the last lines of an access log.

They are whatever visitors send to it, or all below one path. nginx may refuse what they send, too.
"""

import re
from collections import Counter
from typing import TYPE_CHECKING, Dict, Iterable, List, Optional, Set, Tuple

from .access_pages import FRONT, Page
from .log_format import Fields, last_of
from .odd_visits import Hit, Who, as_visits

if TYPE_CHECKING:
    from ....plugin_utils.shapes.visits import OddVisits

SENT, BELOW, EXPIRED, DENIED = "sent", "below", "expired", "denied"
SENDING = ("POST", "PUT", "PATCH", "DELETE")
SHOWING = ("GET", "HEAD")
SENT_ON = ("302", "303")  # by the application, as after a form. nginx leads to HTTPS with 301 or 308
# Robots ask any site for these, so they tell nothing of its visitors.
_OF_ROBOTS = re.compile(r"/(?:xmlrpc|wp-login|wp-cron)\b")
# Bytes of nginx's own 403: compressed, plain, or padded for Chrome.
_OWN = re.compile(r"(?:1\d|5[4-7])\d\Z")
Part = Tuple[str, str]  # kind and folder


def _folder(path: str) -> str:
    """The first part of a path; "" where nothing stands behind it."""
    end = path.find("/", 1)
    return path[: end + 1] if 0 < end < len(path) - 1 else ""


def _is_denied(fields: Fields) -> bool:
    by = fields.get("upstream_status", "")
    own = by == "-" or not by and _OWN.match(fields.get("body_bytes_sent", ""))
    return fields.get("status") == "403" and bool(own)


class _Site:
    def __init__(self) -> None:
        self.hits: Dict[Part, List[Hit]] = {}
        self.got: Dict[Who, Set[Tuple[bool, str]]] = {}  # what came, by who asked for it
        self.came: List[int] = []  # number of the line
        self.strange: Dict[Who, int] = Counter()  # who asks for what is not there

    def _had(self, who: Who, sends: bool, path: str) -> bool:
        """Whether somebody is a visitor of the site. A scanner gets the front page, and tries one script."""
        same = {(False, path)}.union((False, front) for front in FRONT)
        return bool(self.got.get(who, set()) - same)

    def add(self, number: int, at: float, path: str, fields: Fields) -> None:
        status, upstream = fields.get("status", ""), last_of(fields.get("upstream_status", ""))
        method = fields.get("request_method") or fields.get("request", "").partition(" ")[0]
        sends = method in SENDING
        if (not sends and method not in SHOWING) or _OF_ROBOTS.match(path):
            return
        who = (fields.get("remote_addr", ""), fields.get("http_user_agent", "-"))
        parts = [(SENT, "")] if sends else []
        parts += [(BELOW, _folder(path))] if _folder(path) else []
        if "500" in (status, upstream):
            if upstream in ("", "500") and self._had(who, sends, path):
                for part in parts:
                    self.hits.setdefault(part, []).append(Hit(number, at, path, "500", who))
        elif sends and (status == "419" or _is_denied(fields)) and self._had(who, sends, path):
            kind = EXPIRED if status == "419" else DENIED
            self.hits.setdefault((kind, ""), []).append(Hit(number, at, path, status, who))
        elif status[:1] == "2" or status in SENT_ON:
            # A script may show its front page to whoever sends it something.
            if not sends or path not in FRONT or self._had(who, sends, path):
                for part in parts + [(EXPIRED, ""), (DENIED, "")] * sends:
                    self.hits.pop(part, None)
            self.came.append(number)
            self.got.setdefault(who, set()).add((sends, path))
        elif status in ("403", "404"):
            self.strange[who] += 1

    def of_visitors(self, part: Part) -> List[Hit]:
        # What is denied may be meant for who asks for anything that is not there.
        counts = Counter(hit.who for hit in self.hits[part] if part[0] != DENIED)
        return [hit for hit in self.hits[part] if self.strange.get(hit.who, 0) <= counts[hit.who]]


def failed_parts(pages: Iterable[Page], path_of_log: str) -> "List[OddVisits]":
    """pages: the oldest first."""
    sites: Dict[Optional[str], _Site] = {}
    for number, (site, at, path, fields) in enumerate(pages):
        sites.setdefault(site, _Site()).add(number, at, path, fields)
    found: List[OddVisits] = []
    for site, seen in sites.items():
        for kind, folder in seen.hits:
            hits = seen.of_visitors((kind, folder))
            if not hits:
                continue
            visits = as_visits(path_of_log, site, kind, hits)
            # A front controller has one path for all that it does.
            visits["paths"] += visits["paths"] == 1 and visits["path"] in FRONT
            visits["path"] = folder or visits["path"]
            visits["others"] = sum(number > hits[0].number for number in seen.came)
            found.append(visits)
    return found
