# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A report that fits a page: where hosts say too much, lists end earlier and texts are cut."""

from __future__ import annotations

from typing import Any, NamedTuple, cast

from ..shapes.report import HostEntry, Report


class Limit(NamedTuple):
    """items: of each list. length: of each text."""

    items: int
    length: int


# From the one that takes away least.
LIMITS = (Limit(8, 500), Limit(2, 160))


def shorter(report: Report, limit: Limit) -> Report:
    """Hosts, counts and run stay as they are."""
    hosts = {name: cast(HostEntry, _less(entry, limit)) for name, entry in report["hosts"].items()}
    return {**report, "hosts": hosts}


def _less(value: Any, limit: Limit) -> Any:
    if isinstance(value, dict):
        return {name: _less(item, limit) for name, item in value.items() if name != "snapshot"}
    if isinstance(value, list):
        return [_less(item, limit) for item in value[: limit.items]]
    if isinstance(value, str) and len(value) > limit.length:
        return value[: limit.length] + "..."
    return value
