# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""How the visitors whose requests failed fared with the same requests, by an access log.

Another visitor may have other cookies, and another site the same paths. Where all of one kind failed, which
page it was did not matter, nor whose it was where it was so for everybody.
"""

import re
from typing import TYPE_CHECKING, Callable, Dict, List, Sequence, Set, Tuple

from ..timestamps import SAME_MOMENT
from .access_log import AccessLog, Parsed
from .access_pages import path_of
from .log_format import last_of

if TYPE_CHECKING:
    from ....plugin_utils.shapes.logs import Event
    from ....plugin_utils.shapes.visits import Revisit

KEPT = 16  # times
MOST_REQUESTS = 16  # that failed
MOST_LINES = 4000  # the newest
# Of one kind: requests, and seconds in which they failed. Visitors who stand for everybody.
FEWEST, EVERYBODY = 3, 5
Key = Tuple[str, ...]


def _who(line: Parsed) -> Tuple[str, str, str]:
    """(method and path with the query, address, user agent)"""
    fields = line.fields
    request = fields.get("request", "").rpartition(" ")[0]
    return request, fields.get("remote_addr", ""), fields.get("http_user_agent", "")


def _is_beside(event: "Event", at: float) -> bool:
    if event["count"] > len(event["times"]):  # it has the newest alone
        return event["first"] - SAME_MOMENT <= at <= event["last"] + SAME_MOMENT
    return any(abs(at - time) <= SAME_MOMENT for time in event["times"])


def _came(line: Parsed) -> bool:
    return line.status[:1] in "23" and last_of(line.fields.get("upstream_status", ""))[:1] != "5"


def _kinds(line: Parsed) -> List[Key]:
    """Whose request it is, and of which kind, from the widest on: a page of a directory, or a script's. Its
    arguments may lead to other pages, but numbers.
    """
    request, address, agent = _who(line)
    path, method = path_of(line.fields), request.partition(" ")[0]
    if not path or not address:
        return []
    folder = "%s %s" % (method, path[: path.rstrip("/").rfind("/") + 1])
    kind = re.sub(r"\d+", "", request) if ".php" in path else folder
    return [(kind,), (kind, address, agent)]


def _by_php(line: Parsed) -> bool:
    """nginx itself redirects, and sends files."""
    return line.status[:1] == "2" and line.fields.get("upstream_status") != "-"


def _are_alike(key: Key, before: Sequence[Parsed], since: Sequence[Parsed]) -> bool:
    """before: from the first that failed to the last one, with those that came between. since: that came."""
    if any(map(_came, before)) or len({int(line.at) for line in before}) < FEWEST:
        return False
    visitors = len({_who(line)[1:] for line in before})
    # In a directory the arguments of one page are no other pages.
    name = (lambda line: _who(line)[0]) if ".php" in key[0] else (lambda line: path_of(line.fields))
    others = min(len(set(map(name, lines))) for lines in (before, since))
    return others >= FEWEST and (len(key) > 1 or visitors >= EVERYBODY)


class Revisits(AccessLog):
    def _lines(self, hits: List[bytes]) -> List[Parsed]:
        parsed = [self._parse(line.decode("utf-8", "replace")) for line in hits[-MOST_LINES:]]
        return [line for line in parsed if line and self.since <= line.at <= self.until]

    def _asking(self, data: bytes, requests: Set[str]) -> List[Parsed]:
        wanted = re.compile(b"|".join(re.escape(each.encode("utf-8") + b" ") for each in sorted(requests)))
        return self._lines([line for line in data.split(b"\n") if wanted.search(line)])

    def _alike(
        self, site: str, data: bytes, is_lost: Callable[[Parsed], bool]
    ) -> "Tuple[List[Revisit], Set[Key]]":
        """Rows of those that failed whichever page it was, and what these are: of everybody, of a visitor."""
        lines: Dict[Key, List[Parsed]] = {}
        for line in self._lines(data.split(b"\n")):
            ours = self._site(line.fields) == site and (is_lost(line) or _came(line))
            for key in _kinds(line) if ours else ():
                lines.setdefault(key, []).append(line)
        rows: List[Revisit] = []
        found: Set[Key] = set()
        for key, visits in sorted(lines.items(), key=lambda item: len(item[0])):
            failed = [number for number, line in enumerate(visits) if is_lost(line)]
            if not failed or key[:1] in found:
                continue
            first, last = failed[0], failed[-1]
            came = [line for line in visits[last + 1 :] if _by_php(line)]
            if _are_alike(key, visits[first : last + 1], came):
                times = [line.at for line in came]
                rows.append({"failed": len(failed), "before": first, "came": times, "each": 1, "alike": True})
                found.add(key)
        return rows, found

    def of(self, event: "Event", data: bytes) -> "List[Revisit]":
        """event: of the error log. data: whole lines. [] unless each of the event's times has its lines."""
        status = str(event["detail"].get("status") or 403)

        def is_lost(line: Parsed) -> bool:
            ours = event["site"] is None or self._site(line.fields) in (None, event["site"])
            return ours and line.status == status and _is_beside(event, line.at)

        lines = [line for line in data.split(b"\n") if status.encode("ascii") in line]
        lost = list(filter(is_lost, self._lines(lines)))
        near = all(any(abs(line.at - at) <= SAME_MOMENT for line in lost) for at in event["times"])
        if not near or not all(all(_who(line)[:2]) for line in lost):
            return []
        rows = self._same(data, lost, is_lost)
        if event["site"] is not None and not (rows and all(row["came"] for row in rows)):
            alike, kinds = self._alike(event["site"], data, is_lost)
            left = [line for line in lost if kinds.isdisjoint(_kinds(line))]
            same = self._same(data, left, is_lost)
            rows = alike + same if alike and (same or not left) else rows
        for row in rows:
            row["each"] = len(row["came"]) // KEPT + 1
            row["came"] = row["came"][:: row["each"]]
        return rows

    def _same(
        self, data: bytes, lost: Sequence[Parsed], is_lost: Callable[[Parsed], bool]
    ) -> "List[Revisit]":
        """A row of each request. [] where these are too many."""
        who = set(map(_who, lost))
        requests = {request for request, _address, _agent in who}
        rows: Dict[str, Revisit] = {}
        for line in self._asking(data, requests) if 0 < len(requests) <= MOST_REQUESTS else ():
            if _who(line) not in who:
                continue
            row = rows.setdefault(_who(line)[0], {"failed": 0, "before": 0, "came": [], "each": 1})
            if is_lost(line):
                row["failed"], row["before"] = row["failed"] + 1, row["before"] + len(row["came"])
                row["came"] = []
            elif _came(line):
                row["came"].append(line.at)
        return list(rows.values())
