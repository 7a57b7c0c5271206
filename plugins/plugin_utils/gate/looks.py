# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a gate judges: the report and the other answers of the hosts, and what the gate before it has kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from ..shapes.report import Report
from ..shapes.restart import Restart
from ..shapes.site_page import SitePages
from .gate_own import NONE_LOST, Counts


class Refused(NamedTuple):
    """What makes a refusal of the gate the same as one of the baseline."""

    host: str | None
    cause: str
    reason: str | None
    site: str | None
    pool: str | None


class Baseline(NamedTuple):
    """What the gate before the deploy has kept. refused: by that gate. own: requests that it lost itself
    after its report had counted.
    """

    path: str
    report: Report
    refused: frozenset[Refused] = frozenset()
    own: Counts = NONE_LOST


class Looks(NamedTuple):
    """What was asked of the hosts. restart, pages: by host; None where that was not asked for. own: requests
    of the gate itself that were lost since the deploy.
    """

    report: Report
    baseline: Baseline | None = None
    since: float | None = None
    restart: Mapping[str, Restart | str] | None = None
    pages: Mapping[str, SitePages | str] | None = None
    own: Counts = NONE_LOST

    @property
    def before(self) -> Report | None:
        return self.baseline.report if self.baseline else None
