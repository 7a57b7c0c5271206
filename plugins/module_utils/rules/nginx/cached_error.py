# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""nginx keeps its own 502 and 504 in a cache, and goes on answering them when php-fpm is well again.

ngx_http_upstream_finalize_request() keeps them where fastcgi_cache_valid names them, by code or as "any", in
the memory of the cache's zone. Nobody is asked then, so no error log tells of these answers.
"""

from typing import TYPE_CHECKING, List, Optional

from ...parse.nginx.sites import sites_of
from ..case import Case
from ..model import NOTHING, Answer, Cause, Loss, Match, Reason, Rule, evidence, first_line

if TYPE_CHECKING:
    from ....plugin_utils.shapes.nginx import Route

CAUSE = Cause("cached_error", ("fastcgi_cache_valid",), severity="warning")


def _fails_still(case: Case) -> Answer:
    return None if case.answers else NOTHING


def _kept(case: Case, route: "Route") -> List[Loss]:
    """The errors of a site that nginx may have in its cache now."""
    kept = route.get("error_cache")
    if not kept:
        return []
    since = case.snapshot["taken_at"]
    return [
        loss
        for loss in case.losses
        if since - loss.at < kept["seconds"].get(str(loss.event["detail"].get("status")), 0.0)
        and (loss.site or "") == route["site"]
    ]


def _fastcgi_cache_valid(case: Case) -> Optional[Match]:
    route = next((route for route in case.routes if _kept(case, route)), None)
    kept = route and route.get("error_cache")
    if route is None or not kept:
        return None
    lost = _kept(case, route)
    proof = evidence("nginx", kept["written"], kept["file"], kept["line"])
    words = "nginx keeps errors in its cache: pages that failed may go on failing for %d s."
    left = max(kept["seconds"].values()) - (case.snapshot["taken_at"] - lost[-1].at)
    reason = Reason(
        words % max(1, left),
        [proof] + first_line(lost[-1:]),
        confidence="likely",
        since=lost[0].at,
        explains=[],
        servers=sites_of([route]),
    )
    return Match(CAUSE, "fastcgi_cache_valid", reason)


RULE = Rule("cached_error", (CAUSE,), (_fails_still, _fastcgi_cache_valid), of_nginx=True)
