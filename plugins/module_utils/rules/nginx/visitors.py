# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ports at which nginx waits for another protocol than visitors speak: they get no answer."""

from typing import TYPE_CHECKING, List, Set, Tuple

from ...parse.timestamps import LOG_SECOND
from ...signatures.lookup import meaning_of, meanings
from ...signatures.nginx import LIMITED
from ..case import reconfigured, site_reconfigured
from ..losses.silence import read_of, uncovered
from ..missing import unseen
from .rate_limited import is_one_stranger, limit_of, refused_at

if TYPE_CHECKING:
    from ....plugin_utils.shapes.missing import Missing, What
    from ....plugin_utils.shapes.nginx import Nginx
    from ....plugin_utils.shapes.snapshot import Snapshot

VISITORS: "What" = "visitors"
NO_HEADER = meanings("proxy_header")
MANY_REFUSED = 10  # requests in the window
# Since then nginx tells HTTP/1 from HTTP/2 on a port without TLS.
BOTH_SINCE = (1, 25, 1)


def _version(nginx: "Nginx") -> Tuple[int, ...]:
    return tuple(int(part) for part in (nginx["version"] or "").split(".") if part.isdigit())


def _listens(nginx: "Nginx", with_word: str, without: str = "") -> Set[str]:
    """Addresses of the sites that pass requests to php-fpm."""
    found = [listen.split() for route in nginx["routes"] for listen in route["listen"]]
    return {words[0] for words in found if with_word in words[1:] and (not without or without not in words)}


def http2_alone(nginx: "Nginx") -> List[str]:
    """Where browsers, who speak HTTP/2 over TLS alone, get no page. Behind another port may be a proxy."""
    version = _version(nginx)
    if not version or version >= BOTH_SINCE:
        return []
    return sorted(at for at in _listens(nginx, "http2", "ssl") if at.rpartition(":")[2] == "80")


def _without_header(snapshot: "Snapshot") -> List["Missing"]:
    """Scans and health checks come without the header everywhere. So it counts that nobody came with it."""
    nginx, access = snapshot["nginx"], snapshot.get("access")
    events = [event for event in snapshot["logs"]["events"] if meaning_of(event) in NO_HEADER]
    listens = sorted(_listens(nginx, "proxy_protocol"))
    if not events or not listens:
        return []
    first, last = min(event["first"] for event in events), max(event["last"] for event in events)
    newest = [file.get("newest") or 0.0 for file in (access["files"] if access else [])]
    if max(newest, default=0.0) >= first or reconfigured(nginx, last + LOG_SECOND):
        return []
    why = (
        "%d visitors came without the header of the PROXY protocol, which listen %s asks for, and got no "
        "answer; nobody came with it since: the proxy in front does not send it, or there is none"
    )
    count = sum(event["count"] for event in events)
    return [unseen(VISITORS, nginx["config"], why % (count, ", ".join(listens[:3])))]


def _limited(snapshot: "Snapshot") -> List["Missing"]:
    """Limits refuse whom they should, or everybody: an access log tells."""
    read = read_of(snapshot)
    notes: List[Missing] = []
    for site in snapshot["nginx"].get("site_logs") or []:
        events = [
            event
            for event in snapshot["logs"]["events"]
            if meaning_of(event) in LIMITED and event["site"] == site["site"]
        ]
        if not events or site_reconfigured(
            snapshot["nginx"], [site["site"]], max(event["last"] for event in events) + LOG_SECOND
        ):
            continue
        count, why = sum(event["count"] for event in events), uncovered(read, site)
        refused = refused_at(snapshot, site["site"])
        if refused and is_one_stranger(refused, limit_of(snapshot, events[-1])):
            why = "all come by one address, of a proxy or of one who asks too often"
        if why and count >= MANY_REFUSED:
            text = "%s: a limit of nginx refused %d requests, and how other visitors fared is not seen: %s"
            notes.append(unseen(VISITORS, snapshot["nginx"]["config"], text % (site["site"], count, why)))
    return notes


def unanswered(snapshot: "Snapshot") -> List["Missing"]:
    nginx = snapshot["nginx"]
    why = "nginx %s speaks HTTP/2 alone at listen %s, which has http2 and no ssl: browsers get no page there"
    notes = [unseen(VISITORS, nginx["config"], why % (nginx["version"], at)) for at in http2_alone(nginx)[:3]]
    return notes + _without_header(snapshot) + _limited(snapshot)[:3]
