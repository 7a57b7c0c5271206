# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How visitors fared with requests that had failed."""

from typing import List, Optional

from .shape import TypedDict


class LaterRevisit(TypedDict, total=False):
    """Not in snapshots from before 0.15.0."""

    alike: (
        bool  # it is all of one script or directory, of which each request failed: a visitor's or everybody's
    )


class Revisit(LaterRevisit):
    """A request that failed, with its query, and the same of these visitors; by an access log."""

    failed: int
    before: int  # answers until it failed last
    came: List[float]  # epoch seconds of answers since
    each: int  # how many answers each of these times stands for


class OddVisits(TypedDict):
    """Requests of one kind that visitors did not get answered, by the last lines of an access log."""

    log: str  # path
    site: Optional[str]  # None: of any site that logs there
    # path_info, header, uri, method, permalink, circle, check, made, untyped. sent, below: a 500 of the
    # application. Not before 0.16.0: expired (forms with 419); hello, proxied, plain (to a port without it).
    kind: str  # 0.18.0: denied, of forms (nginx's own 403, perhaps); 0.19.0: own_circle, of nginx's redirects
    status: int  # of the last one
    requests: int  # of visitors who are no scanners
    visitors: int  # told apart by address and user agent
    had: int  # of these, those who got a page before
    external: int  # addresses of these that are of no internal network
    internal: bool  # all of these are of private networks or loopback
    paths: int  # sent, below, expired, denied: a front controller counts as two
    path: str  # the last one; below: what all begin with
    others: int  # requests that were answered after the first of these
    since: int  # after the last one; path_info: after the third last, of what leads to the application
    last: float  # epoch seconds
