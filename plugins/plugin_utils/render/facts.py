# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What all formats say first: the verdict in a sentence, and which run it is of."""

from __future__ import annotations

from datetime import datetime

from ..answers.bounds import STATUSES
from ..reports.compare import epoch
from ..shapes.report import Report
from ..shapes.shape import Status
from ..terminal.text import clean, plural, span

LEADS = {
    "failing": "%s of %d: no request reaches PHP",
    "degraded": "%s of %d: requests are lost",
    "unreachable": "%s of %d: no connection",
    "unknown": "%s of %d: not seen well enough",
    "recovered": "%s of %d: requests were lost, the cause is gone",
    "healthy": "%s of %d: PHP is reached",
    "not_applicable": "%s of %d: no nginx in front of PHP-FPM",
}


def moment_of(report: Report) -> float:
    """When it was made, in epoch seconds."""
    return epoch(report["generated_at"])


def zoned(stamp: str) -> str:
    """A time of a report, as 2026-11-26 00:15:02 UTC, in the controller's zone."""
    local = datetime.fromtimestamp(epoch(stamp)).astimezone()
    return local.strftime("%Y-%m-%d %H:%M:%S ") + (local.strftime("UTC%z") if local.utcoffset() else "UTC")


def worst_of(report: Report) -> Status:
    """The worst status in the fleet."""
    counts = report["summary"]["counts"]
    return next((status for status in STATUSES if counts[status]), "not_applicable")


def verdict_of(report: Report) -> str:
    """The sentence at the top."""
    counts = report["summary"]["counts"]
    total, worst = sum(counts.values()), worst_of(report)
    return LEADS[worst] % (plural(counts[worst], "host"), total) if total else "No host was looked at"


def facts_of(report: Report) -> list[tuple[str, str]]:
    """Who ran what, and when."""
    facts = [("made", zoned(report["generated_at"])), ("looked back", span(report["window"]))]
    run = report.get("run")
    if run is not None:
        facts += [
            ("by", run["by"] + (", job %s" % run["job"] if run["job"] else "")),
            ("ran", (run["playbook"] or "a playbook") + (" in check mode" if run["check_mode"] else "")),
            ("limit", run["limit"] or "none"),
            ("with", "webmedic.php_fpm %s, ansible-core %s" % (run["version"], run["ansible_version"])),
        ]
    return [(label, clean(value)) for label, value in facts]
