# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""fastcgi_catch_stderr: nginx throws php-fpm's answer away, because PHP logged a text beside it."""

from typing import TYPE_CHECKING, List, Optional, Sequence

from ...parse.nginx.sites import place, sites_of
from ...parse.timestamps import SAME_MOMENT
from ...signatures.lookup import meaning_of, meanings
from ..group import Group
from ..losses.silence import read_of, uncovered
from ..model import Loss, Match, Reason, evidence, losses_of, near, sample
from .nginx_errors import OWN

if TYPE_CHECKING:
    from ....plugin_utils.shapes.nginx import Route
    from ....plugin_utils.shapes.snapshot import Snapshot

WORDS = "PHP-FPM answers, and nginx makes a 502 of it: fastcgi_catch_stderr names a text that PHP logs."
BAD_GATEWAY = meanings("bad_gateway", "meant")


def _proven(snapshot: "Snapshot", routes: Sequence["Route"], lost: List[Loss]) -> Optional[List[Loss]]:
    """Those of which the access log has the 502 as well; None: it does not tell of all. Another location of
    the site may have no such directive, and nginx may go on to another server (fastcgi_next_upstream).
    """
    read, access = read_of(snapshot), snapshot.get("access")
    blocks = {place(site) for site in sites_of(routes)}
    known = [
        site
        for site in snapshot["nginx"].get("site_logs") or []
        if (site["server"]["file"], site["server"]["line"]) in blocks
    ]
    if access is None or not known or any(uncovered(read, site) for site in known):
        return None
    failed = [event for event in access["events"] if meaning_of(event) in BAD_GATEWAY]
    return near(lost, [at for event in failed for at in event["times"]], SAME_MOMENT)


def catch_stderr(group: Group) -> Optional[Match]:
    """group: of scripts' errors. What fails before the script begins has no page to throw away."""
    hit = [route for route in group.routes if "catch_stderr" in route]
    lost = losses_of(group.events)
    proven = _proven(group.snapshot, group.routes, lost) if hit else []
    if not lost or proven == []:
        return None
    directive = hit[0]["catch_stderr"]
    text = "fastcgi_catch_stderr %s" % ", ".join(directive["texts"])
    reason = Reason(
        WORDS,
        [evidence("nginx", text, directive["file"], directive["line"]), sample(group.newest)],
        lost if proven is None else proven,
        confidence="possible" if proven is None else "likely",
        servers=sites_of(hit),
    )
    return Match(OWN, "catch_stderr", reason)
