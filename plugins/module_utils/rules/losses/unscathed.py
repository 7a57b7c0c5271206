# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Notes on what cost php-fpm's visitors nothing: addresses that are tried in vain, other upstreams."""

from typing import TYPE_CHECKING, Dict, List, Optional, Sequence

from ...parse.endpoint import dialled_at, is_this_host, parse
from ...parse.timestamps import LOG_SECOND
from ...signatures.lookup import by_meaning, meaning_of, meanings
from ...signatures.nginx import LOST, NO_CONNECTION, NO_SERVER, TIMED_OUT
from ..case import NOBODY_THERE, Case, site_reconfigured
from ..connect.http_to_fpm import pool_at
from ..missing import unseen
from ..model import Cause, Match, Reason, evidence, first_line

if TYPE_CHECKING:
    from ....plugin_utils.shapes.finding import Finding
    from ....plugin_utils.shapes.logs import Event
    from ....plugin_utils.shapes.missing import Missing, What
    from ....plugin_utils.shapes.snapshot import Snapshot

MOST_NAMED = 5  # upstreams
OTHER: "What" = "other_upstream"
VISITORS: "What" = "visitors"
UNSERVED = LOST | NO_SERVER | meanings("http_spoken")
# By what nginx's last line about it means.
WHY = by_meaning(
    {
        "refused": "nobody listens there (connection refused)",
        "missing": "its socket is not there",
        "denied": "nginx may not connect to it",
        "queue_full": "its queue is full",
        "no_live_peer": "all its servers had failed just before",
        "timed_out": "it gave no answer in time",
        "connect_timed_out": "it took no connection in time",
        "cut_off": "it closed the connection without an answer",
        "http_spoken": "it does not speak HTTP",
    }
)


def addresses(cases: Sequence[Case]) -> List["Missing"]:
    """An entry for each name of which one address is dead and another answers."""
    notes: List[Missing] = []
    for case in cases:
        found = case.endpoint.get("addresses") or []
        dead = [server["address"] for server in found if server["probe"] != "answered"]
        live = [server["address"] for server in found if server["probe"] == "answered"]
        if not (case.passed and dead and live):
            continue
        name, port = case.endpoint.get("address"), case.endpoint.get("port")
        host = "[%s]" % live[0] if ":" in live[0] else live[0]
        why = "%s is %s too, where nobody answers: nginx tries that in vain, and no request is lost by it"
        entry = unseen(
            "spare_address", case.key, why % (name, ", ".join(dead)) + "; write %s:%s" % (host, port)
        )
        notes.append({**entry, "needs": "fastcgi_pass %s:%s" % (host, port)})
    return notes


def dead_address(cause: Cause, case: Case) -> Optional[Match]:
    """One of a name, where nginx does not ask the next one: fastcgi_next_upstream, or its limits."""
    dead = case.half_dead
    lost = [loss for loss in case.lost(NOBODY_THERE) if loss.event["endpoint"] in dead]
    if not lost:
        return None
    target = next(item for item in case.routes[0]["endpoints"] if item["endpoint"] == case.key)
    words = "%s is %s too, where nobody listens, and nginx does not try its next address each time."
    proof = [
        evidence("nginx", "it dials %s" % target["written"], target["file"], target["line"]),
        evidence("probe", "connecting to %s: refused; another address of the name answers" % dead[0]),
    ]
    reason = Reason(words % (case.key, ", ".join(dead)), proof + first_line(lost), lost, confidence="likely")
    # The other requests are answered.
    return Match(cause, "address_family", reason._replace(severity="warning"))


def _own_sites(snapshot: "Snapshot", peer: str) -> List[str]:
    """The sites of this nginx that listen there and pass requests to php-fpm."""
    port, names = parse(peer).port, []
    for route in snapshot["nginx"]["routes"]:
        for listen in route["listen"]:
            at = (listen.split() or [""])[0]
            if at == peer if peer.startswith("unix:") else port and at.rpartition(":")[2] == str(port):
                names.append(route["site"] or "default")
    return list(dict.fromkeys(names))


def _is_local(peer: str) -> bool:
    place = parse(peer)
    return is_this_host(place) or bool(place.address and dialled_at(place.address) == "127.0.0.1")


def own_upstream(snapshot: "Snapshot") -> Optional[str]:
    """An address that nginx lost requests to, and that it serves itself."""
    for event in snapshot["logs"]["events"]:
        name = event["endpoint"] or ""
        peer, meaning = name.partition("://")[2], meaning_of(event)
        lost = event["source"] == "nginx" and meaning in UNSERVED | NO_CONNECTION
        if peer and lost and _is_local(peer) and _own_sites(snapshot, peer):
            return name
    return None


def _note(
    snapshot: "Snapshot", name: str, events: Sequence["Event"], findings: Sequence["Finding"]
) -> "Missing":
    last, peer = max(events, key=lambda event: event["last"]), name.partition("://")[2]
    words = "%d lost requests of %s, which is not php-fpm" % (sum(event["count"] for event in events), name)
    sites, what = _own_sites(snapshot, peer) if _is_local(peer) else [], OTHER
    if sites:
        words += "; this nginx itself serves it: %s" % ", ".join(sites[:MOST_NAMED])
        ill = {site for item in findings if item["state"] == "active" for site in item["sites"]}
        hit = [*sites, *(event["site"] for event in events)]
        over = site_reconfigured(snapshot["nginx"], hit, last["last"] + LOG_SECOND)
        if (
            any(meaning_of(event) in TIMED_OUT for event in events)
            and not over
            and not ill.intersection(sites)
        ):
            what = VISITORS
            fronts = dict.fromkeys(event["site"] or "default" for event in events)
            words += "; %s waits for less (proxy_read_timeout) than its pages take" % ", ".join(fronts)
    why = WHY.get(meaning_of(last)) if _is_local(peer) else None
    return unseen(what, None, words + (": " + why if why else ""))


def other_upstreams(snapshot: "Snapshot", findings: Sequence["Finding"]) -> List["Missing"]:
    """An entry for each upstream of another kind that lost requests. findings: of php-fpm's endpoints. Where
    none tells why php-fpm's own pages came too late by way of a proxy, health depends on it.
    """
    found: Dict[str, List[Event]] = {}
    for event in snapshot["logs"]["events"]:
        name = event["endpoint"] or ""
        lost = event["source"] == "nginx" and meaning_of(event) in UNSERVED and not event.get("passed")
        if lost and "://" in name:
            found.setdefault(name, []).append(event)
    found = {name: events for name, events in found.items() if not pool_at(snapshot, name)}
    most = sorted(found, key=lambda name: -sum(event["count"] for event in found[name]))[:MOST_NAMED]
    return [_note(snapshot, name, found[name], findings) for name in most]
