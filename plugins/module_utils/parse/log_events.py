# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Messages of one kind about one place, counted: the EVENT of a snapshot."""

from typing import Callable, Dict, List, Optional, Tuple

KEPT = 16  # times and pids of an event, the newest
# The table must not grow with names that visitors choose, nor take from other sites.
MOST_OF_SITE = 64
MOST_EVENTS = 10000


class Log:
    """What feeding a log's lines gives, of the time from since to until. untrusted: entries dropped as forged
    or unprovable. first_at, last_at: of the entries in the window.
    """

    def __init__(self, path: str, since: float, until: float, utc_offset: int) -> None:
        self.path, self.since, self.until, self.utc_offset = path, since, until, utc_offset
        self.events = Events()
        self.untrusted = 0
        self.first_at: Optional[float] = None
        self.last_at: Optional[float] = None

    def counts(self, at: Optional[float]) -> bool:
        if at is None or not self.since <= at <= self.until:
            return False
        self.first_at = at if self.first_at is None else min(self.first_at, at)
        self.last_at = at if self.last_at is None else max(self.last_at, at)
        return True


class Events:
    """Counts messages by (source, signature, site, endpoint, pool, master). dropped: messages about more
    places than MOST_OF_SITE; full: or about more than MOST_EVENTS, so that a site may lack any.
    """

    def __init__(self) -> None:
        self._found: Dict[Tuple[Optional[str], ...], dict] = {}
        self._of_site: Dict[Tuple[Optional[str], ...], int] = {}
        self.dropped = 0
        self.full = False

    def add(
        self,
        source: str,
        signature: str,
        at: float,
        path: str,
        line: str,
        brief: Callable[[str], str],
        site: Optional[str] = None,
        endpoint: Optional[str] = None,
        pool: Optional[str] = None,
        master: Optional[str] = None,
        pid: Optional[int] = None,
        detail: Optional[dict] = None,
    ) -> None:
        event = self._found.get((source, signature, site, endpoint, pool, master))
        if event is None:
            event = {
                "source": source,
                "signature": signature,
                "count": 0,
                "first": at,
                "last": at,
                "times": [],
                "site": site,
                "endpoint": endpoint,
                "pool": pool,
                "master": master,
                "pids": [],
                "detail": {},
                "sample": None,
            }
            if not self._keep((source, signature, site, endpoint, pool, master), event, 1):
                return
        event["count"] += 1
        event["first"] = min(event["first"], at)
        event["times"].append(at)
        if len(event["times"]) > 8 * KEPT:
            event["times"] = sorted(event["times"])[-KEPT:]
        if pid is not None and pid not in event["pids"]:
            event["pids"] = event["pids"][1 - KEPT :] + [pid]
        if at >= event["last"]:
            event.update(last=at, detail=detail or {}, sample=(path, line, brief))

    def _keep(self, key: Tuple[Optional[str], ...], event: dict, count: int) -> bool:
        source, _signature, site, _endpoint, pool, _master = key
        known = self._of_site.get((source, site, pool), 0)
        full = len(self._found) >= MOST_EVENTS
        if full or known >= MOST_OF_SITE:
            self.full = self.full or full
            self.dropped += count
            return False
        self._of_site[(source, site, pool)] = known + 1
        self._found[key] = event
        return True

    def merge(self, other: "Events") -> None:
        """The same message about the same place in two logs is one event."""
        self.dropped += other.dropped
        self.full = self.full or other.full
        for key, theirs in other._found.items():
            mine = self._found.get(key)
            if mine is None:
                self._keep(key, theirs, theirs["count"])
                continue
            if theirs["last"] >= mine["last"]:
                mine.update(last=theirs["last"], detail=theirs["detail"], sample=theirs["sample"])
            mine["count"] += theirs["count"]
            mine["first"] = min(mine["first"], theirs["first"])
            mine["times"] += theirs["times"]
            mine["pids"] = (mine["pids"] + [pid for pid in theirs["pids"] if pid not in mine["pids"]])[-KEPT:]

    def list(self) -> List[dict]:
        """In the order of their first message, samples redacted."""
        found = []
        for event in sorted(
            self._found.values(),
            key=lambda one: (one["first"], one["signature"], str(one["endpoint"]), str(one["site"])),
        ):
            path, line, brief = event["sample"]
            found.append(
                dict(
                    event,
                    times=sorted(event["times"])[-KEPT:],
                    sample={"path": path, "at": event["last"], "text": brief(line)},
                )
            )
        return found
