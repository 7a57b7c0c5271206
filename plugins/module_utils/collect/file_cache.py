# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Front pages for which nginx's own cache of files says that they are not there (open_file_cache_errors). No
error log tells of it.
"""

import re
from typing import TYPE_CHECKING, Dict, List, Sequence, Set, Tuple

from ..parse.timestamps import LOG_SECOND, access_time
from .host import Host
from .log_window import tail
from .script_ways import ways_of_nginx

if TYPE_CHECKING:
    from ...plugin_utils.shapes.nginx import Nginx
    from ...plugin_utils.shapes.snapshot import Snapshot

TAIL = 65536  # bytes of an access log
_FRONT = re.compile(
    r'(?m)^[^"\n]*\[([^\]"\n]{20,30})\] "(?:GET|HEAD) /(?:index\.php)?(?:\?[^" ]*)? HTTP/[\d.]+" '
    r"(\d{3}) (\d+)"
)
_REST = 146 - len("nginx")  # bytes of nginx's own page of 404 beside its name


def _own_logs(nginx: "Nginx") -> List[Tuple[str, str]]:
    """(site, path) of the access logs that one site alone writes to."""
    writers: Dict[str, Set[str]] = {}
    for each in nginx.get("site_logs") or []:
        for path in [path for log in each["access"] for path in log["paths"]]:
            writers.setdefault(path, set()).add(each["site"])
    return [(site, path) for path, sites in writers.items() if len(sites) == 1 for site in sites]


def _missed(rows: Sequence[Tuple[str, str, str]], names: Sequence[str], loaded: float) -> float:
    """When nginx's own 404 came last, where the page came before with the same configuration; else 0."""
    own = {str(_REST + len(name)) for name in names}
    answers = [(access_time(at) or 0.0, status == "404" and size in own, status) for at, status, size in rows]
    came = [at for at, _own, status in answers if status == "200" and at > loaded + LOG_SECOND]
    return answers[-1][0] if came and answers[-1][1] else 0.0


def note_cached(host: Host, snapshot: "Snapshot", since: float) -> None:
    nginx = snapshot["nginx"]
    loaded = nginx["loaded"]["at"] if "loaded" in nginx else None
    names = ["nginx", "nginx/%s" % nginx["version"]]
    for site, path in _own_logs(nginx) if loaded else []:
        rows = _FRONT.findall(tail(host, path, TAIL, since).decode("utf-8", "replace"))
        last = _missed(rows, names, loaded or 0.0) if rows else 0.0
        ways = ways_of_nginx(host, snapshot, {site}) if last >= since else []
        if not ways or not all(
            way["there"] and not way["blocked"] and way["changed_at"] + LOG_SECOND < last for way in ways
        ):
            continue
        why = "%s: nginx answered 404 itself for the front page, which is there and was before: its cache of "
        why += "files has that it is not, by open_file_cache_errors (%s)"
        host.miss("visitors", path, why % (site or "default", nginx["file_cache"]), "nginx -s reload")
