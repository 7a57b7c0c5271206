# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Requests of which an access log tells that they were lost: on which endpoint.

They count where the error log is silent: else it tells of each of them, and why. A line may not name its
site or upstream. Then it belongs to the only endpoint that its sites dial, or to the only one that does not
answer. Else, and where these sites pass requests to other programs too, it belongs perhaps to each.

What an error log told is gone where somebody emptied it, up to its first entry since. Then a 502 counts
beside a worker's end or a stop alone: an application may have answered so itself.
"""

from typing import TYPE_CHECKING, Dict, List, NamedTuple, Optional, Sequence, Set, Tuple

from ...parse.endpoint import reached
from ...parse.timestamps import SAME_MOMENT
from ...signatures.lookup import meaning_of, meanings
from ...signatures.nginx import HIDDEN
from ..missing import unseen
from ..model import Loss, losses_of, span, within
from .silence import mute_sites

if TYPE_CHECKING:
    from ....plugin_utils.shapes.logs import Event
    from ....plugin_utils.shapes.missing import Missing
    from ....plugin_utils.shapes.snapshot import Snapshot
    from ..case import Case
    from ..seen import Seen

NO_ANSWER = meanings("bad_gateway", "gateway_timeout")
GONE = meanings("client_gone", "client_waited")
_Events = Dict[str, List["Event"]]


class OnEndpoint(NamedTuple):
    losses: List[Loss]
    perhaps: List[Loss]
    gone: List[Loss]
    early: List[Loss]


class AccessLosses(NamedTuple):
    """By endpoint. early: from before the error log begins. foreign: by id(), events that may as well
    be another program's.
    """

    lost: _Events
    perhaps: _Events
    gone: _Events
    foreign: Set[int]
    early: _Events

    @staticmethod
    def add(event: "Event", events: _Events, endpoints: Set[str]) -> None:
        for endpoint in endpoints:
            events.setdefault(endpoint, []).append(event)

    def on(self, names: Sequence[str], known: Sequence[Loss]) -> OnEndpoint:
        """names: of an endpoint. known: its losses by the error log, which may tell of some of them."""
        marks = sorted(loss.at for loss in known)

        def of(events: _Events) -> List[Loss]:
            found = {id(event): event for name in names for event in events.get(name, ())}
            return losses_of(list(found.values()))

        def new(losses: List[Loss]) -> List[Loss]:
            return [loss for loss in losses if not within(marks, loss.at, SAME_MOMENT)]

        return OnEndpoint(new(of(self.lost)), new(of(self.perhaps)), of(self.gone), new(of(self.early)))


def _begins(snapshot: "Snapshot") -> Dict[str, float]:
    """By site, up to when its error logs have no entry. They are files."""
    files = [entry for entry in snapshot["logs"]["files"] if entry["kind"] == "nginx_error"]
    has_events = any(event["source"] == "nginx" for event in snapshot["logs"]["events"])
    filled = [str(entry["path"]) for entry in files if entry["size"] or not entry["complete"]]
    begins: Dict[str, float] = {}
    for entry in files:
        if "begins" in entry and entry["complete"]:
            begins[entry["path"]] = entry["begins"]
        elif not has_events and not any(path.startswith(str(entry["path"])) for path in filled):
            begins[entry["path"]] = float("inf")
    sites = snapshot["nginx"].get("site_logs") or []
    nowhere = 0.0 if has_events else float("inf")
    return {
        site["site"]: min([begins.get(log["target"], 0.0) for log in site["errors"]], default=nowhere)
        for site in sites
    }


class _Sites:
    """What the configuration says of sites, by their names."""

    def __init__(self, snapshot: "Snapshot") -> None:
        nginx, self.seen = snapshot["nginx"], snapshot["endpoints"]
        self.silent = {site["site"] for site in mute_sites(snapshot)}
        self.others = {site["site"] for site in nginx.get("site_logs") or [] if site["others"]}
        self.begins = _begins(snapshot)
        access = snapshot.get("access")
        self.other_logs = access.get("other_logs", []) if access else []
        self.endpoints: Dict[str, Set[str]] = {}
        for route in nginx["routes"]:
            dialled = [target["endpoint"] for target in route["endpoints"] if not target["down"]]
            self.endpoints.setdefault(route["site"], set()).update(dialled)

    def answers(self, key: str) -> bool:
        """Now."""
        probe = self.seen[key].get("probe") if key in self.seen else None
        return bool(probe and probe["result"] == "answered")

    def may_be_foreign(self, event: "Event") -> bool:
        """Another program or the application may have answered so, of which no error log tells."""
        path = event["sample"]["path"]
        of_others = path in self.other_logs or bool(self.others.intersection(self.names(event)))
        return of_others or event.get("own_page") is False

    def early(self, event: "Event") -> "List[Event]":
        """The event with what came before its sites' error logs begin: nginx lists each loss in them."""
        until = min([self.begins.get(name, 0.0) for name in self.names(event)], default=0.0)
        times = [at for at in event["times"] if at < until]
        if len(times) < len(event["times"]) and times:
            return [{**event, "times": times, "count": len(times), "last": times[-1]}]
        return [event] if times else []

    def only_dead(self, endpoints: Set[str]) -> Set[str]:
        """The one of them of which no worker answers now, if it is only one."""
        dead = {key for key in endpoints if not self.answers(key)}
        return dead if len(dead) == 1 else set()

    def failed(self, event: "Event") -> Optional[str]:
        """The server on which a request counts: the last one that should have answered, else the last one."""
        tried = event.get("tried") or ([event["endpoint"]] if event["endpoint"] else [])
        answering = [key for key in tried if any(map(self.answers, reached(key)))]
        return next(reversed(answering or tried), None)

    def took_out(self, event: "Event", events: Sequence["Event"]) -> Set[str]:
        """The server that failed last before nginx had none left; one that answers again comes first."""
        endpoints = {key for name in self.names(event) for key in self.endpoints.get(name, ())}
        before = [
            (self.answers(key), each["last"], key)
            for each in events
            if each["first"] <= event["last"] and meaning_of(each) in NO_ANSWER
            for key in reached(self.failed(each) or "")
            if key in endpoints
        ]
        return {max(before)[2]} if before else set()

    def names(self, event: "Event") -> List[str]:
        return list(self.endpoints) if event["site"] is None else [event["site"]]


def of_access_logs(seen: "Seen") -> AccessLosses:
    """For Seen.once()."""
    placed = AccessLosses({}, {}, {}, set(), {})
    access = seen.snapshot.get("access")
    if not access or not access["events"]:
        return placed
    sites = _Sites(seen.snapshot)
    for event in access["events"]:
        meaning, names = meaning_of(event), sites.names(event)
        is_early = meaning in NO_ANSWER and not sites.silent & set(names)
        if meaning not in NO_ANSWER | GONE or (is_early and meaning not in HIDDEN):
            continue
        endpoints = {endpoint for name in names for endpoint in sites.endpoints.get(name, ())}
        failed = sites.failed(event)
        known = set(reached(failed)) if failed else set()
        if is_early:
            for before in [] if sites.may_be_foreign(event) else sites.early(event):
                placed.add(before, placed.early, known or endpoints)
            continue
        if not known and event.get("none_left"):
            known = sites.took_out(event, access["events"])
        if not known and not sites.others & set(names):
            known = endpoints if len(endpoints) == 1 else sites.only_dead(endpoints)
        placed.add(event, placed.gone if meaning in GONE else placed.lost, known)
        if meaning in NO_ANSWER and not event["endpoint"] and not event.get("none_left"):
            placed.add(event, placed.perhaps, endpoints - known)
            placed.foreign.update([id(event)] if sites.others & set(names) else [])
    return placed


def untold(snapshot: "Snapshot", own: "Sequence[Event]") -> "List[Event]":
    """Losses from before the error log begins. own: nginx gave its own page, and logs an error with each."""
    sites = _Sites(snapshot)
    return [early for event in own if meaning_of(event) in HIDDEN for early in sites.early(event)]


def elsewhere(case: "Case", lost: Sequence[Loss]) -> Tuple[List["Missing"], List[Loss]]:
    """(what is missing for those that may be another program's, the others)"""
    foreign = case.seen.once(of_access_logs).foreign
    theirs = [loss for loss in lost if id(loss.event) in foreign]
    ours = [loss for loss in lost if id(loss.event) not in foreign]
    if not theirs:
        return [], ours
    why = "the access log has %d lost requests, of php-fpm or another program that nginx asks: %s"
    words = why % (span(theirs).number, theirs[-1].event["sample"]["text"])
    return [unseen("losses_elsewhere", None, words)], ours
