# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""How the visitors whose requests failed fared with the same requests, by an access log.

Another visitor may have other cookies, and another site the same paths.
"""

import re
from typing import TYPE_CHECKING, Dict, List, Set, Tuple

from ..timestamps import SAME_MOMENT
from .access_log import AccessLog, Parsed
from .log_format import last_of

if TYPE_CHECKING:
    from ....plugin_utils.shapes.logs import Event, Revisit

KEPT = 16  # times
MOST_REQUESTS = 16  # that failed
MOST_LINES = 4000  # the newest


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


class Revisits(AccessLog):
    def _lines(self, hits: List[bytes]) -> List[Parsed]:
        parsed = [self._parse(line.decode("utf-8", "replace")) for line in hits[-MOST_LINES:]]
        return [line for line in parsed if line and self.since <= line.at <= self.until]

    def _asking(self, data: bytes, requests: Set[str]) -> List[Parsed]:
        wanted = re.compile(b"|".join(re.escape(each.encode("utf-8") + b" ") for each in sorted(requests)))
        return self._lines([line for line in data.split(b"\n") if wanted.search(line)])

    def of(self, event: "Event", data: bytes) -> "List[Revisit]":
        """event: of the error log. data: whole lines. [] unless each of the event's times has its lines."""
        status = str(event["detail"].get("status") or 403)

        def is_lost(line: Parsed) -> bool:
            ours = event["site"] is None or self._site(line.fields) in (None, event["site"])
            return ours and line.status == status and _is_beside(event, line.at)

        lines = [line for line in data.split(b"\n") if status.encode("ascii") in line]
        lost = list(filter(is_lost, self._lines(lines)))
        who = set(map(_who, lost))
        requests = {request for request, _address, _agent in who}
        near = all(any(abs(line.at - at) <= SAME_MOMENT for line in lost) for at in event["times"])
        if not near or len(requests) > MOST_REQUESTS or not all(each[0] and each[1] for each in who):
            return []
        rows: Dict[str, Revisit] = {}
        for line in self._asking(data, requests):
            if _who(line) not in who:
                continue
            row = rows.setdefault(_who(line)[0], {"failed": 0, "before": 0, "came": [], "each": 1})
            if is_lost(line):
                row["failed"], row["before"] = row["failed"] + 1, row["before"] + len(row["came"])
                row["came"] = []
            elif _came(line):
                row["came"].append(line.at)
        for row in rows.values():
            row["each"] = len(row["came"]) // KEPT + 1
            row["came"] = row["came"][:: row["each"]]
        return list(rows.values())
