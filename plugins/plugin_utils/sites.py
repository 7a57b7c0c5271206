# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The sites of a host, by its snapshot."""

from __future__ import annotations

from typing import Any

from .answers.snapshot import several
from .answers.untrusted import Mismatch, listed, optional, record, text
from .shapes.report import HostEntry

_NAMES = record(nginx=record(routes=several(record(site=optional(text, ""), server_names=listed(text)))))


def sites_of(entry: HostEntry) -> set[str]:
    """All names of the sites that pass requests to php-fpm. Empty without a snapshot."""
    return {name for route in _routes(entry) for name in (route["site"], *route["server_names"]) if name}


def main_sites(entry: HostEntry) -> set[str]:
    """The first name of each of them."""
    return {route["site"] for route in _routes(entry) if route["site"]}


def _routes(entry: HostEntry) -> list[Any]:
    try:
        routes: list[Any] = _NAMES(entry.get("snapshot") or {}, "snapshot")["nginx"]["routes"]
    except Mismatch:
        return []
    return routes
