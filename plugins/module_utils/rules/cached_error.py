# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""nginx keeps its own 502 and 504 in a cache, and goes on answering them when php-fpm is well again.

ngx_http_upstream_finalize_request() keeps them where fastcgi_cache_valid names them, by code or as "any", in
the memory of the cache's zone. Nobody is asked then, so no error log tells of these answers.
"""

from typing import Optional

from ..parse.nginx.sites import sites_of
from .case import Case
from .model import Cause, Match, Place, Reason, evidence, first_line

CAUSE = Cause("cached_error", severity="warning")


def examine(case: Case) -> Optional[Match]:
    if not case.answers:
        return None
    now = case.snapshot["taken_at"]
    for route in case.routes:
        kept = route.get("error_cache")
        if not kept:
            continue
        lost = [
            loss
            for loss in case.losses
            if now - loss.at < kept["seconds"].get(str(loss.event["detail"].get("status")), 0.0)
            and (loss.site or "") == route["site"]
        ]
        if lost:
            proof = evidence("nginx", kept["written"], kept["file"], kept["line"])
            words = "nginx keeps errors in its cache: pages that failed may go on failing for %d s."
            left = max(kept["seconds"].values()) - (now - lost[-1].at)
            reason = Reason(
                words % max(1, left),
                [proof] + first_line(lost[-1:]),
                confidence="likely",
                place=Place(None, case.snapshot["nginx"]["unit"]),
                since=lost[0].at,
                explains=[],
                servers=sites_of([route]),
            )
            return Match(CAUSE, "fastcgi_cache_valid", reason)
    return None
