# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One page of a site, asked for through nginx: the answer of site_page_info."""

from typing import List, Optional

from .missing import Missing
from .shape import TypedDict


class SitePage(TypedDict):
    site: str  # first server_name, or "default"
    file: Optional[str]  # where its server block begins; None: there is none
    line: Optional[int]
    asked: bool
    ok: Optional[bool]  # None: not asked
    why: str  # it is not ok; "": it is
    url: Optional[str]
    listener: Optional[str]  # address:port or unix:/path
    tls: Optional[bool]
    status: Optional[int]
    error: Optional[str]  # why no HTTP came
    by: Optional[str]  # site, nginx or nobody
    endpoints: List[str]  # that nginx's error log blames
    ms: Optional[float]


class SitePages(TypedDict):
    ok: bool
    msg: str
    asked: int
    bad: int
    not_asked: int
    pages: List[SitePage]
    missing: List[Missing]
