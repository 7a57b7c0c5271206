# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The sites of a host, by its snapshot."""

from __future__ import annotations

from .shapes.report import HostEntry
from .snapshot import several
from .untrusted import Mismatch, listed, optional, record, text

_NAMES = record(nginx=record(routes=several(record(site=optional(text, ""), server_names=listed(text)))))


def sites_of(entry: HostEntry) -> set[str]:
    """All names of the sites that pass requests to php-fpm. Empty without a snapshot."""
    try:
        routes = _NAMES(entry.get("snapshot") or {}, "snapshot")["nginx"]["routes"]
    except Mismatch:
        return set()
    return {name for route in routes for name in (route["site"], *route["server_names"]) if name}
