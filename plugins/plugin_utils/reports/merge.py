# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Makes one report of several, as a sliced job leaves them. Pure.

What does not fit together is said, not hidden. Of a host in two reports the newest counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from ..shapes.report import HostEntry, Report, Run
from ..terminal.text import names, span
from .compare import epoch
from .replay import MAX_HOSTS, NoReport
from .report import summarise
from .saved import Saved

# Slices of one job do not lie so many seconds apart.
FAR = 3600


class Merged(NamedTuple):
    """notes: what a person should know of it, in sentences."""

    report: Report
    notes: list[str]


def merged(reports: Sequence[Saved], run: Run) -> Merged:
    """run: the one that merges. Raises NoReport."""
    oldest_first = sorted(reports, key=lambda saved: epoch(saved.report["generated_at"]))
    hosts: dict[str, HostEntry] = {}
    twice: dict[str, None] = {}
    for saved in oldest_first:
        twice.update(dict.fromkeys(name for name in saved.report["hosts"] if name in hosts))
        hosts.update(saved.report["hosts"])
    if len(hosts) > MAX_HOSTS:
        raise NoReport("together the reports have more than %d hosts" % MAX_HOSTS)
    hosts = dict(sorted(hosts.items()))
    windows = sorted({saved.report["window"] for saved in oldest_first})
    report: Report = {
        "schema_version": oldest_first[-1].report["schema_version"],
        "generated_at": oldest_first[-1].report["generated_at"],
        "window": windows[0],
        "hosts": hosts,
        "summary": summarise(hosts),
        "run": {**run, "window": windows[0]},
    }
    notes = [*_doubles(list(twice)), *_times(oldest_first), *_windows(windows), *_differences(oldest_first)]
    return Merged(report, notes)


def _doubles(hosts: Sequence[str]) -> list[str]:
    if not hosts:
        return []
    number = "%s in more than one report" % ("1 host is" if len(hosts) == 1 else "%d hosts are" % len(hosts))
    return ["%s: %s. The newest counts." % (number, names(hosts, 200)[0])]


def _times(oldest_first: Sequence[Saved]) -> list[str]:
    first, last = (saved.report["generated_at"] for saved in (oldest_first[0], oldest_first[-1]))
    if epoch(last) - epoch(first) <= FAR:
        return []
    return ["The reports are of different times, from %s to %s." % (first, last)]


def _windows(windows: Sequence[int]) -> list[str]:
    if len(windows) < 2:
        return []
    listed = ", ".join(map(span, windows))
    return ["The hosts looked back differently: %s. The report says %s." % (listed, span(windows[0]))]


# What should be the same in all runs, in words for people.
ALIKE: Sequence[tuple[str, Callable[[Run], object]]] = (
    ("versions of the collection", lambda run: run["version"]),
    ("versions of ansible-core", lambda run: run["ansible_version"]),
    ("playbooks", lambda run: run["playbook"]),
    ("modes", lambda run: "check mode" if run["check_mode"] else "normal"),
)


def _differences(reports: Iterable[Saved]) -> list[str]:
    runs = [saved.report.get("run") for saved in reports]
    notes = []
    for what, value in ALIKE:
        seen = sorted({str(value(run) or "unknown") if run else "unknown" for run in runs})
        if len(seen) > 1:
            notes.append("The reports come from different %s: %s." % (what, names(seen, 200)[0]))
    return notes
