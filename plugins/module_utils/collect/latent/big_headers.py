# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Responses whose headers did not fit, in a longer window of nginx's error logs than a diagnosis reads."""

from typing import TYPE_CHECKING, List, Sequence

from ...parse.nginx.log import NginxLog
from ...signatures.lookup import meaning_of, meanings
from ..host import Host, HostError
from ..logs.log_window import WINDOW_BYTES, Source, feed, find_window
from ..logs.logs import SLACK, admit, older

if TYPE_CHECKING:
    from ....plugin_utils.shapes.logs import Event
    from ....plugin_utils.shapes.risks_capacity import BigHeaders, HeaderFacts
    from ....plugin_utils.shapes.snapshot import Snapshot

WEEK = 7 * 86400.0
MOST_LOGS = 16
TOO_BIG = meanings("too_big")


def _events(host: Host, snapshot: "Snapshot", path: str, since: float) -> "Sequence[Event]":
    """The events of one log, or of what it was rotated to."""
    file = admit(host, path)
    zone = snapshot["nginx"].get("log_zone", snapshot["host"]["utc_offset"])
    log = NginxLog(path, since, host.now() + SLACK, zone, snapshot["nginx"]["workers"])
    source = Source(host, file)
    if path.endswith(".gz"):
        start, chunks = source.inflated()
        feed(log, chunks, start)
    else:
        start = find_window(source, lambda data: max(log.times(data), default=None), since - SLACK)
        start = max(start, file.stat.size - WINDOW_BYTES)
        feed(log, source.chunks(start), start)
    return log.finish().list()


def _as_facts(event: "Event") -> "BigHeaders":
    line = event["sample"]
    return {
        "site": event["site"],
        "endpoint": event["endpoint"],
        "count": event["count"],
        "first": event["first"],
        "last": line["at"],
        "path": line["path"],
        "text": line["text"],
    }


def collect(host: Host, snapshot: "Snapshot") -> "HeaderFacts":
    """A log that cannot be read is missing in the diagnosis already."""
    since = host.now() - WEEK
    found: List["BigHeaders"] = []
    for log in snapshot["nginx"]["error_logs"][:MOST_LOGS]:
        try:
            paths = [log] + older(host, log, host.stat(log).uid, since)
        except HostError:
            continue
        for path in paths:
            try:
                events = _events(host, snapshot, path, since)
            except HostError:
                continue
            found += [_as_facts(event) for event in events if meaning_of(event) in TOO_BIG]
    return {"seconds": WEEK, "too_big": found}
