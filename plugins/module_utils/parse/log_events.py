# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Messages of one kind about one place, counted: an event of the snapshot."""

from typing import TYPE_CHECKING, Callable, Dict, FrozenSet, List, Optional, Pattern, Tuple

if TYPE_CHECKING:
    from ...plugin_utils.shapes.logs import Detail, Event, LaterEvent, Sample, Source

KEPT = 16  # times and pids of an event, the newest
# The table must not grow with names that visitors choose, nor take from other sites.
MOST_OF_SITE = 64
MOST_EVENTS = 10000
Key = Tuple[Optional[str], ...]
_UNREAD: "Sample" = {"path": "", "at": 0.0, "text": ""}  # until the events are listed


class Log:
    """A log, fed its lines in order. The window is from since to until."""

    head: Pattern[bytes]  # of an entry; group 1: its time

    def __init__(self, path: str, since: float, until: float, utc_offset: int) -> None:
        self.path, self.since, self.until, self.utc_offset = path, since, until, utc_offset
        self.events = Events()
        self.untrusted = 0  # entries dropped as forged or unprovable
        # Of the entries in the window.
        self.first_at: Optional[float] = None
        self.last_at: Optional[float] = None

    def time_of(self, head: str) -> Optional[float]:
        """Epoch seconds."""

    def times(self, data: bytes) -> List[float]:
        """At line beginnings. Those later than the window are left out: an odd clock or a forgery."""
        heads = {head.decode("ascii", "replace") for head in self.head.findall(data)}
        return [at for at in map(self.time_of, heads) if at is not None and at <= self.until]

    def begin_inside(self, start: int) -> None:
        """The first line to come, at byte start, may belong to an entry that began before it."""

    def feed(self, raw: bytes, start: int) -> None:
        """raw: a line without its line feed. start: its position in bytes."""

    def finish(self) -> "Events":
        return self.events

    def counts(self, at: Optional[float]) -> bool:
        if at is None or not self.since <= at <= self.until:
            return False
        self.first_at = at if self.first_at is None else min(self.first_at, at)
        self.last_at = at if self.last_at is None else max(self.last_at, at)
        return True


def _order(event: "Event") -> Tuple[float, str, str, str]:
    return event["first"], event["signature"], str(event["endpoint"]), str(event["site"])


class Events:
    """Counts messages by (source, signature, site, endpoint, pool, master, what is later)."""

    def __init__(self) -> None:
        self._events: Dict[Key, Event] = {}
        # The newest line of each, and how it is redacted.
        self._lines: Dict[Key, Tuple[str, str, Callable[[str], str]]] = {}
        self._of_site: Dict[Key, int] = {}
        self.dropped = 0  # messages beyond MOST_OF_SITE or MOST_EVENTS
        self.full = False  # MOST_EVENTS was reached, so a site may lack any event

    def add(
        self,
        source: "Source",
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
        detail: Optional["Detail"] = None,
        later: Optional["LaterEvent"] = None,
    ) -> None:
        key = (source, signature, site, endpoint, pool, master, str(later) if later else None)
        event = self._events.get(key)
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
                "sample": _UNREAD,
            }
            event.update(later or {})
            if not self._keep(key, event, 1):
                return
        event["count"] += 1
        event["first"] = min(event["first"], at)
        event["times"].append(at)
        if len(event["times"]) > 8 * KEPT:
            event["times"] = sorted(event["times"])[-KEPT:]
        if pid is not None and pid not in event["pids"]:
            event["pids"] = event["pids"][1 - KEPT :] + [pid]
        if at >= event["last"]:
            event["last"], event["detail"] = at, detail or {}
            self._lines[key] = (path, line, brief)

    def newest(self) -> "List[Tuple[Event, str]]":
        """Each with its newest line."""
        return [(event, self._lines[key][1]) for key, event in self._events.items()]

    def has(self, signatures: FrozenSet[str]) -> bool:
        return any(key[1] in signatures for key in self._events)

    def _keep(self, key: Key, event: "Event", count: int) -> bool:
        source, site, pool = key[0], key[2], key[4]
        known = self._of_site.get((source, site, pool), 0)
        full = len(self._events) >= MOST_EVENTS
        if full or known >= MOST_OF_SITE:
            self.full = self.full or full
            self.dropped += count
            return False
        self._of_site[(source, site, pool)] = known + 1
        self._events[key] = event
        return True

    def merge(self, other: "Events") -> None:
        """The same message about the same place in two logs is one event."""
        self.dropped += other.dropped
        self.full = self.full or other.full
        for key, theirs in other._events.items():
            mine = self._events.get(key)
            if mine is None:
                if self._keep(key, theirs, theirs["count"]):
                    self._lines[key] = other._lines[key]
                continue
            if theirs["last"] >= mine["last"]:
                mine["last"], mine["detail"] = theirs["last"], theirs["detail"]
                self._lines[key] = other._lines[key]
            mine["count"] += theirs["count"]
            mine["first"] = min(mine["first"], theirs["first"])
            mine["times"] += theirs["times"]
            mine["pids"] = (mine["pids"] + [pid for pid in theirs["pids"] if pid not in mine["pids"]])[-KEPT:]

    def list(self) -> List["Event"]:
        """The events in the order of their first message, samples redacted."""
        events: List[Event] = []
        for key, event in self._events.items():
            path, line, brief = self._lines[key]
            sample: Sample = {"path": path, "at": event["last"], "text": brief(line)}
            events.append({**event, "times": sorted(event["times"])[-KEPT:], "sample": sample})
        return sorted(events, key=_order)
