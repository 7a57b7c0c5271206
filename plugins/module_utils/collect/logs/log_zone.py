# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether nginx writes its error log in another time zone than the host has.

It does where its unit sets TZ, and until its next start where the host's zone was changed (localtime_r(3)
reads that once). Its access log tells the zone, in each line.
"""

import re
from typing import TYPE_CHECKING, List, Optional, Tuple

from ...parse.nginx.log_format import LineFormat
from ...parse.timestamps import access_time
from ..host import Host
from .log_clock import APART, MOST_LOGS, tail

if TYPE_CHECKING:
    from ....plugin_utils.shapes.nginx import Nginx

OTHER_ZONE = (
    "nginx logs in another time zone (UTC%+03d:%02d) than the host has; a restart of nginx takes that"
)
_ZONE = re.compile(r"([+-])(\d\d):?(\d\d)\Z", re.A)


def _zone(text: str) -> Optional[int]:
    found = _ZONE.search(text)
    if not found:
        return None
    sign, hours, minutes = found.groups()
    return (1 if sign == "+" else -1) * (int(hours) * 3600 + int(minutes) * 60)


def _zone_in(host: Host, path: str, form: LineFormat) -> Optional[int]:
    """The zone by a log's newest line, which was written when the file was changed last."""
    data, changed_at = tail(host, path)
    lines = data.decode("utf-8", "replace").split("\n")[:-1]
    fields = form.fields(lines[-1]) if lines else None
    written = (fields or {}).get(form.time or "", "")
    at = access_time(written)
    return _zone(written) if at is not None and abs(at - changed_at) <= APART else None


def _zone_of_nginx(host: Host, nginx: "Nginx") -> Optional[int]:
    """Seconds east of UTC, where its logs tell another zone than the host's."""
    formats = nginx.get("log_formats") or {}
    zones: List[int] = []
    logs: List[Tuple[str, str]] = [
        (path, log["format"])
        for site in nginx.get("site_logs") or []
        for log in site["access"]
        for path in log["paths"]
        if path.startswith("/") and log["format"] in formats
    ]
    for path, name in list(dict.fromkeys(logs))[:MOST_LOGS]:
        zone = _zone_in(host, path, LineFormat(formats[name]["text"], formats[name]["escape"]))
        zones += [] if zone is None else [zone]
    if not zones or zones[0] == host.utc_offset(host.now()):
        return None
    return zones[0]


def note_zone(host: Host, nginx: "Nginx") -> Optional[int]:
    """The same, and it is named."""
    zone = _zone_of_nginx(host, nginx)
    if zone is not None:
        nginx["log_zone"] = zone
        hours, minutes = divmod(abs(zone) // 60, 60)
        host.miss("time_zone", nginx["config"], OTHER_ZONE % (hours if zone >= 0 else -hours, minutes))
    return zone
