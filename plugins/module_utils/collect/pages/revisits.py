# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether requests that failed came since, where a change was made that may have mended them."""

from typing import TYPE_CHECKING, Dict, Sequence

from ...parse.ledger import entries
from ...parse.nginx.log_format import LineFormat
from ...parse.nginx.revisits import Revisits
from ...parse.nginx.site_logs import writers
from ..host import Host
from ..logs.access_logs import forms_of
from ..logs.log_window import MOST_TAILS, tail

if TYPE_CHECKING:
    from ....plugin_utils.shapes.logs import Event
    from ....plugin_utils.shapes.snapshot import Snapshot

END = 512 * 1024  # bytes of an access log
MOST_SECONDS = 10.0  # for all events. What is left out is not seen to be over
LEDGER = "/var/lib/webmedic-php-fpm/ledger.json"  # change/ledger.py
RESIZED = ("pool_size_set", "process_max_set")


def add_revisits(host: Host, snapshot: "Snapshot", events: Sequence["Event"], since: float) -> None:
    """To the events. A log whose lines are chosen by how requests ended tells nothing of it."""
    known: Dict[str, LineFormat] = {}
    until = host.monotonic() + min(MOST_SECONDS, host.left())
    for path, who in list(writers(snapshot["nginx"].get("site_logs") or []).items())[:MOST_TAILS]:
        forms, why = forms_of(snapshot["nginx"], who, known)
        sites = [None, *(site["site"] for site in who.sites)]
        theirs = [event for event in events if event["site"] in sites]
        if not why and not who.by_end and theirs and host.monotonic() < until:
            data = tail(host, path, END, since)
            data = data.partition(b"\n")[2] if len(data) == END else data
            for event in theirs:
                if host.monotonic() >= until:
                    return
                found = Revisits(path, forms, who.sites, since, host.now()).of(event, data)
                if found:
                    event.setdefault("revisits", found)


def resized(host: Host) -> Dict[str, float]:
    """When a remediation gave php-fpm more workers, by unit."""
    kept = entries(host.text(LEDGER) or "") or []
    return {
        each["target"]: each["at"] for each in kept if each["action"] in RESIZED and each["result"] == "done"
    }
