# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which failed tries were lost requests, where nginx may go on to another server or address.

ngx_http_upstream_next(): after an error or a timeout nginx asks the next server, as fastcgi_next_upstream
allows. The log has a line for each failed try, and none for the answer. So what another server that answers
was asked next was not lost. A request with several failed tries counts once: on the server that should have
answered, else on the last one. "no live upstreams" is a lost request, of the try that took the last server
out.
"""

from typing import TYPE_CHECKING, Dict, Hashable, List, NamedTuple, Optional, Sequence, Set, Tuple

from ...parse.endpoint import canonical
from ...parse.nginx.upstreams import FAIL_TIMEOUT
from ...signatures.lookup import meaning_of, meanings
from ...signatures.nginx import HIDDEN, LOST, NO_SERVER
from ..model import Loss
from ..seen import Seen, among

if TYPE_CHECKING:
    from ....plugin_utils.shapes.logs import Event
    from ....plugin_utils.shapes.nginx import Route
    from ....plugin_utils.shapes.snapshot import Snapshot

# By the word of fastcgi_next_upstream that passes them on. The rest ends the request.
PASSED = {
    "error": meanings("missing", "refused", "denied", "queue_full", "cut_off", "unknown_loss"),
    "timeout": meanings("timed_out", "connect_timed_out", "send_timed_out"),
    "invalid_header": meanings("bad_header", "not_fastcgi", "too_big"),
}
LATE = PASSED["timeout"] | meanings("cut_off") | HIDDEN  # after a wait
DEFAULT = ("error", "timeout")  # ngx_http_fastcgi_merge_loc_conf()
NEXT_TRY = 1.0  # seconds between two tries of one request
LEAST_OUT = 60.0  # seconds that a server is out, for who looks what took it out


class Server(NamedTuple):
    """One address that nginx may ask."""

    key: str  # of its endpoint
    names: Tuple[str, ...]  # as the log has it
    answers: bool  # now
    fails: int = 1  # that take it out
    out: float = FAIL_TIMEOUT  # seconds for which they do; 0.0: none does


class Group(NamedTuple):
    """What a location passes a request on to."""

    servers: List[Server]
    words: Sequence[str]  # of fastcgi_next_upstream
    sites: Set[str]  # whose locations do
    patience: float  # seconds that a try may take
    most: float = 0  # tries of a request; 0: any number
    seconds: float = 0  # from its first try to its last; 0: any
    lasting: Dict[str, float] = {}  # seconds of a try, by the meaning of its end

    def passes(self, meaning: str) -> bool:
        return any(meaning in PASSED.get(word, ()) for word in self.words)


class Try(NamedTuple):
    server: Server
    event: "Event"
    at: float


class Tries(NamedTuple):
    """Of one endpoint."""

    lost: List[Loss]
    passed: List[Loss]  # another server answered, or the request is counted there


def servers_of(snapshot: "Snapshot", route: "Route") -> List[Server]:
    found: List[Server] = []
    for target in route["endpoints"]:
        key, fails = target["endpoint"], target.get("max_fails", 1)
        facts = snapshot["endpoints"].get(key)
        if target["down"] or facts is None:
            continue
        out = target.get("fail_timeout", FAIL_TIMEOUT) if fails else 0.0
        for address in facts.get("addresses") or []:
            host = "[%s]" % address["address"] if ":" in address["address"] else address["address"]
            name = canonical("%s:%s" % (host, facts["port"]))
            found.append(Server(key, (name,), address["probe"] == "answered", fails, out))
        if not facts.get("addresses"):
            found.append(Server(key, (key,), facts["probe"]["result"] == "answered", fails, out))
    return list(dict.fromkeys(found))


def _groups(seen: Seen) -> List[Group]:
    """Those of more than one server."""
    groups: Dict[Hashable, Group] = {}
    for route in seen.snapshot["nginx"]["routes"]:
        servers, words = servers_of(seen.snapshot, route), tuple(route.get("next_upstream") or DEFAULT)
        lasting = {
            "timed_out": route["read_timeout"]["seconds"],
            "connect_timed_out": route["connect_timeout"]["seconds"],
            "send_timed_out": route["send_timeout"]["seconds"],
        }
        limits = route.get("next_tries", 0), route.get("next_seconds", 0)
        if len(servers) > 1 and "next_upstream" in route:  # else it was not looked at
            made = Group(servers, words, set(), max(lasting.values()), *limits, lasting=lasting)
            group = groups.setdefault((tuple(servers), words, limits, limits[1] and str(lasting)), made)
            group.sites.update([route["site"]])
    return list(groups.values())


def _tries(seen: Seen, group: Group) -> List[Try]:
    return [
        Try(server, event, at)
        for server in group.servers
        for event in among(seen.lost_at, server.names)
        if event["site"] is None or event["site"] in group.sites
        for at in event["times"]
    ]


def _follows(tried: Try, later: Try, patience: float) -> bool:
    """Whether they may be two tries of one request."""
    late = meaning_of(later.event) in LATE
    return -NEXT_TRY <= later.at - tried.at <= (patience + NEXT_TRY if late else NEXT_TRY)


def _ran_out(group: Group, before: Sequence[Try], tried: Try) -> bool:
    """Whether a limit kept nginx from asking one more server after these."""
    tries = [*before, tried]
    began = min(each.at - group.lasting.get(meaning_of(each.event), 0.0) for each in tries)
    if group.seconds and tried.at - began >= group.seconds:
        return True
    return bool(group.most) and len({each.server for each in tries}) >= group.most


def _is_lost(group: Group, tries: Sequence[Try], tried: Try) -> bool:
    """Whether it is counted, and here."""
    others = [each for each in tries if each.server != tried.server]
    if tried.event.get("none_left"):
        return False  # it counts by the line after it
    passed = tried.event.get("passed")
    if passed:
        ends = [each for each in others if not each.event.get("passed") and not each.server.answers]
        return tried.server.answers and any(_follows(tried, each, group.patience) for each in ends)
    if passed is False or not group.passes(meaning_of(tried.event)):
        return passed is None or "non_idempotent" not in group.words
    if not any(server.answers for server in group.servers if server != tried.server):
        return True
    before = [each for each in others if each.event.get("passed") and _follows(each, tried, group.patience)]
    if not tried.server.answers and not any(each.server.answers for each in before):
        return _ran_out(group, before, tried)
    return tried.server.answers and bool(before or _ran_out(group, before, tried))


def of_tries(seen: Seen) -> Dict[Tuple[int, float], bool]:
    """For Seen.once(): whether a try, by id() of its event and its time, was a request lost there."""
    verdicts: Dict[Tuple[int, float], bool] = {}
    for group in _groups(seen):
        tries = _tries(seen, group)
        for tried in tries:
            name = (id(tried.event), tried.at)
            verdicts[name] = verdicts.get(name, False) or _is_lost(group, tries, tried)
    return verdicts


def is_of(event: "Event", route: "Route") -> bool:
    """Whether "no live upstreams" is about what a route dials."""
    name = (event["endpoint"] or "").lower()
    return name == canonical(route["upstream"] or "").lower() or any(
        name == target["endpoint"] for target in route["endpoints"]
    )


def counts_alone(snapshot: "Snapshot", route: "Route") -> bool:
    """Whether no failed try explains "no live upstreams". An only server is never taken out, and one marked
    down is a server. Where each has max_conns connections none need have failed.
    """
    targets, servers = route["endpoints"], servers_of(snapshot, route)
    if len(targets) < 2 and len(servers) < 2:
        return True
    names = {name for server in servers for name in server.names}
    return any("max_conns" in target for target in targets) and not any(
        event["source"] == "nginx" and meaning_of(event) in LOST and event["endpoint"] in names
        for event in snapshot["logs"]["events"]
    )


def _cause(tries: Sequence[Try], at: float) -> Optional[Try]:
    """Of a moment without a live server: the newest try on one that answers again, else on any."""
    before = [tried for tried in tries if at - max(LEAST_OUT, tried.server.out) <= tried.at <= at + NEXT_TRY]
    best = [tried for tried in before if tried.server.answers] or before
    return max(best, key=lambda tried: tried.at, default=None)


def of_no_server(seen: Seen) -> Dict[str, List[Loss]]:
    """For Seen.once(): requests for which nginx had no server left, by the endpoint that took it out."""
    found: Dict[str, List[Loss]] = {}
    for event in seen.snapshot["logs"]["events"]:
        if event["source"] != "nginx" or meaning_of(event) not in NO_SERVER:
            continue
        dialling = [route for route in seen.snapshot["nginx"]["routes"] if is_of(event, route)]
        routes = [route for route in dialling if "next_upstream" in route]
        servers = servers_of(seen.snapshot, routes[0]) if routes else []
        if not servers or counts_alone(seen.snapshot, routes[0]):
            continue  # connect/no_server.py tells of it
        tries = _tries(seen, Group(servers, DEFAULT, {route["site"] for route in routes}, LEAST_OUT))
        for at in event["times"]:
            tried = _cause(tries, at)
            first = next((server for server in servers if not server.answers), servers[0])
            key, meaning = first.key, meaning_of(event)
            if tried:
                key, meaning, at = tried.server.key, meaning_of(tried.event), tried.at
            found.setdefault(key, []).append(Loss(at, meaning, event["site"], event))
    return found


def sorted_out(seen: Seen, key: str, losses: Sequence[Loss]) -> Tries:
    """losses: all failed tries on an endpoint, by the error log."""
    verdicts, more = seen.once(of_tries), seen.once(of_no_server).get(key, [])
    lost = [loss for loss in losses if verdicts.get((id(loss.event), loss.at), not loss.event.get("passed"))]
    kept = {id(loss) for loss in lost}
    passed = [loss for loss in losses if id(loss) not in kept]
    return Tries(sorted(lost + more, key=lambda loss: loss.at), passed)
