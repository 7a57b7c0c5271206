# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Finds and reads saved reports: a file, the folder of a run, or a directory with the folders of many."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable
from typing import NamedTuple

from ..answers.untrusted import clean
from ..shapes.report import Report
from . import folder
from .folder import REPORT
from .replay import Foreign, NoReport, as_saved, load

# So that a directory that others fill cannot keep us busy.
MOST_REPORTS = 1000


class Saved(NamedTuple):
    """path: of the file. gate: what the file has under that name, unchecked."""

    path: str
    report: Report
    gate: object


def file_of(path: str) -> str:
    """A folder stands for the report in it, a directory of runs for the newest."""
    return os.path.join(path, REPORT) if os.path.isdir(path) else path


def read(path: str, own: bool = False) -> Saved:
    """Raises NoReport, whose message is a sentence with the path. own: as load() of replay."""
    file = file_of(path)
    try:
        document = load(file, own)
        return Saved(file, as_saved(document), document.get("gate"))
    except Foreign as error:
        raise Foreign("%s %s" % (clean(file), error)) from None
    except (OSError, NoReport) as error:
        why = error.strerror or str(error) if isinstance(error, OSError) else str(error)
        raise NoReport("cannot read %s: %s" % (clean(file), why)) from None


def files(paths: Iterable[str], wanted: int | None = None) -> list[str]:
    """The reports that are named: files, patterns of the shell, folders of runs, directories with one folder
    a run or a slice. Each once. wanted: how many there must be. Raises NoReport.
    """
    found: dict[str, str] = {}
    for path in paths:
        matching = sorted(glob.glob(path)) if glob.has_magic(path) and not os.path.lexists(path) else [path]
        listed = [file for place in matching for file in _reports_in(place)]
        if not listed:
            raise NoReport("there is no %s in %s" % (REPORT, clean(path)))
        for file in listed:
            found.setdefault(os.path.realpath(file), file)
        if len(found) > MOST_REPORTS:
            raise NoReport("there are more than %d reports" % MOST_REPORTS)
    if not found:
        raise NoReport("no report is named")
    if wanted is not None and len(found) != wanted:
        raise NoReport(
            "there are %d reports, and there must be %d: a slice is missing, or one too many"
            % (len(found), wanted)
        )
    return list(found.values())


def _reports_in(path: str) -> list[str]:
    """A directory with a report of its own stands for that, else for those one level below. The folder of a
    run has one, or not all of it has arrived.
    """
    if not os.path.isdir(path):
        return [path]
    if os.path.lexists(file_of(path)):
        return [file_of(path)]
    try:
        names = sorted(os.listdir(path))
    except OSError as error:
        raise NoReport("cannot read %s: %s" % (clean(path), error.strerror or error)) from None
    below = [(name, os.path.join(path, name, REPORT)) for name in names[: MOST_REPORTS + 1]]
    return [file for name, file in below if folder.is_run(name) or os.path.isfile(file)]


def runs(directory: str) -> list[str]:
    """The folders of runs in a directory, the oldest first. Raises NoReport."""
    try:
        names = folder.runs(directory)
    except OSError as error:
        raise NoReport("cannot read %s: %s" % (clean(directory), error.strerror or error)) from None
    if len(names) > MOST_REPORTS:
        raise NoReport("%s holds more than %d runs" % (clean(directory), MOST_REPORTS))
    places = [os.path.join(directory, name) for name in names]
    return [place for place in places if os.path.isfile(file_of(place))]


def pair(directory: str, before: str | None, after: str | None) -> tuple[str, str]:
    """(path of the earlier report, of the later one). What is not named is the newest run of the directory,
    and the one before it. Raises NoReport.
    """
    earlier, later = (path and _place(directory, path) for path in (before, after))
    if not earlier or not later:
        known = [place for place in runs(directory) if not _same(place, earlier)]
        later = later or (known.pop() if known else None)
        earlier = earlier or next((place for place in reversed(known) if not _same(place, later)), None)
    if not earlier or not later:
        raise NoReport(
            "%s holds no two runs to compare. Name the earlier and the later report." % clean(directory)
        )
    return earlier, later


def _place(directory: str, path: str) -> str:
    """A run may be named by its folder in the directory."""
    inside = os.path.join(directory, path)
    return inside if not os.path.exists(path) and os.path.exists(inside) else path


def _same(path: str, other: str | None) -> bool:
    return other is not None and os.path.realpath(file_of(path)) == os.path.realpath(file_of(other))
