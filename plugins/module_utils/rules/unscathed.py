# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Notes on what cost php-fpm's visitors nothing: addresses that are tried in vain, other upstreams."""

from typing import TYPE_CHECKING, Dict, List, Optional, Sequence

from ..parse.endpoint import dialled_at, is_this_host, parse
from ..signatures.lookup import meaning_of
from ..signatures.nginx import LOST
from .case import Case
from .missing import unseen

if TYPE_CHECKING:
    from ...plugin_utils.shapes.logs import Event
    from ...plugin_utils.shapes.missing import Missing
    from ...plugin_utils.shapes.snapshot import Snapshot

MOST_NAMED = 5  # upstreams
TRIED = LOST | frozenset(("no_live_peer", "http_spoken"))
# By what nginx's last line about it means.
WHY = {
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


def addresses(cases: Sequence[Case]) -> List["Missing"]:
    """An entry for each name of which one address is dead and another answers."""
    notes: List[Missing] = []
    for case in cases:
        found = case.endpoint.get("addresses") or []
        dead = [one["address"] for one in found if one["probe"] != "answered"]
        live = [one["address"] for one in found if one["probe"] == "answered"]
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


def _own_site(snapshot: "Snapshot", peer: str) -> Optional[str]:
    """Of this nginx, that listens there."""
    port = parse(peer).port
    for route in snapshot["nginx"]["routes"]:
        for listen in route["listen"]:
            words = listen.split()
            if port and words and words[0].rpartition(":")[2] == str(port):
                return route["site"] or "default"
    return None


def _words(snapshot: "Snapshot", name: str, events: Sequence["Event"]) -> str:
    last, peer = max(events, key=lambda event: event["last"]), name.partition("://")[2]
    words = "%d lost requests of %s, which is not php-fpm" % (sum(event["count"] for event in events), name)
    place = parse(peer)
    if not is_this_host(place) and not (place.address and dialled_at(place.address) == "127.0.0.1"):
        return words
    site = _own_site(snapshot, peer)
    if site:
        words += "; this nginx itself serves it: %s" % site
    why = WHY.get(meaning_of(last))
    return words + (": " + why if why else "")


def other_upstreams(snapshot: "Snapshot") -> List["Missing"]:
    """An entry for each upstream of another kind that lost requests."""
    found: Dict[str, List[Event]] = {}
    for event in snapshot["logs"]["events"]:
        name = event["endpoint"] or ""
        lost = event["source"] == "nginx" and meaning_of(event) in TRIED and not event.get("passed")
        if lost and "://" in name:
            found.setdefault(name, []).append(event)
    most = sorted(found, key=lambda name: -sum(event["count"] for event in found[name]))[:MOST_NAMED]
    return [unseen("other_upstream", None, _words(snapshot, name, found[name])) for name in most]
