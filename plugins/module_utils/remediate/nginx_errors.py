# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The requests that nginx has lost since a moment ago, by its log."""

from typing import TYPE_CHECKING, List, Optional

from ..collect.host import Host
from ..collect.logs.logs import LogsToRead, collect_logs
from ..signatures.lookup import meaning_of
from ..signatures.nginx import LOST

if TYPE_CHECKING:
    from ...plugin_utils.shapes.logs import Event
    from ...plugin_utils.shapes.nginx import Nginx


def lost_since(host: Host, nginx: "Nginx", since: float) -> "Optional[List[Event]]":
    """Events of nginx's error log about endpoints, since then (epoch seconds; its stamps are whole seconds).
    None where it cannot be read, or hides some.
    """
    if any(site["silent"] for site in nginx.get("site_logs") or []):
        return None
    kept, host.missing = host.missing, []
    try:
        pids = nginx["workers"] + ([nginx["master"]["pid"]] if nginx["master"] else [])
        to_read = LogsToRead(nginx["error_logs"], [], pids)
        events = collect_logs(host, to_read, float(int(since)), host.now())["events"]
        if not nginx["error_logs"] or any(entry["what"] == "nginx_log" for entry in host.missing):
            return None
    finally:
        host.missing = kept
    return [event for event in events if meaning_of(event) in LOST and event["endpoint"]]
