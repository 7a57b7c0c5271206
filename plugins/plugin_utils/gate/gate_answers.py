# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What restart_info and site_page_info answered, field by field. Hosts may answer what they like."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..answers.bounds import reader_of
from ..answers.played import DELEGATED
from ..answers.untrusted import Mismatch
from ..reports.report import failure
from ..shapes.restart import Restart
from ..shapes.site_page import SitePages

RESTART, PAGES = reader_of(Restart), reader_of(SitePages)


def _answer(result: Mapping[str, Any], host: str, reader: Any) -> Any:
    """What a host answered, or why it did not."""
    if result.get(DELEGATED, host) != host:
        return "it is the answer of another host (delegate_to)"
    if result.get("failed") or result.get("unreachable") or result.get("skipped"):
        return failure(result)
    try:
        return reader(result, "")
    except Mismatch as error:
        return "it answered something else: %s" % error


def restart(result: Mapping[str, Any], host: str) -> Restart | str:
    found: Restart | str = _answer(result, host, RESTART)
    return found


def pages(result: Mapping[str, Any], host: str) -> SitePages | str:
    found: SitePages | str = _answer(result, host, PAGES)
    return found
