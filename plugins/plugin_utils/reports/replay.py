# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A saved report, read again. It may be of any origin, so it passes the same reader as what hosts answer."""

from __future__ import annotations

import json
import os
import stat
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from typing import Any, NamedTuple

from ..answers.confined import Unfinished
from ..answers.untrusted import Mismatch, clean, count, text
from ..shapes.report import Report
from . import remedies, report, run
from .errors import kind_of, reason_of

MAX_BYTES = 64 * 1024**2
MAX_VALUES = 1_200_000
MAX_HOSTS = 10_000
# Seconds that all snapshots together may take, and what each may take beside that.
SHARED = 2.0
EACH = 0.1

Diagnose = Callable[[Mapping[str, Any], float], Mapping[str, Any]]


class NoReport(ValueError):
    """The file is no report that can be shown. The message says why."""


class Foreign(NoReport):
    """Another account may have written the file, or put it there. The message follows the path."""


class Replayed(NamedTuple):
    """again: how many hosts were diagnosed again. now: when the report was made, in epoch seconds."""

    report: Report
    again: int
    now: float


def load(path: str, own: bool = False) -> Any:
    """The JSON of a file. Raises NoReport, or OSError.

    own: raises Foreign for a link, and for what another account than root and this one can write.
    """
    # Asked before it is opened: opening a FIFO waits, and opening a device may do something.
    found = os.lstat(path) if own else os.stat(path)
    if stat.S_ISLNK(found.st_mode):
        raise Foreign("is a link: name the file that it leads to")
    if not stat.S_ISREG(found.st_mode):
        raise NoReport("it is not a regular file")
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | (os.O_NOFOLLOW if own else 0)
    with open(os.open(path, flags), "rb") as stream:
        found = os.fstat(stream.fileno())
        if not stat.S_ISREG(found.st_mode):
            raise NoReport("it is not a regular file")
        if own and found.st_uid not in (0, os.geteuid()):
            raise Foreign(
                "belongs to another account: it must belong to the one that runs Ansible, or to root"
            )
        if own and found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            raise Foreign("can be changed by other accounts: check what is in it, then run chmod go-w on it")
        raw = stream.read(MAX_BYTES + 1)
    return parse(raw)


def values_in(raw: bytes) -> int:
    """Each value of a JSON needs one of these marks, and many times its length in memory."""
    return sum(raw.count(mark) for mark in (b",", b"[", b"{"))


def parse(raw: bytes) -> Any:
    """The JSON of a report. Raises NoReport."""
    if len(raw) > MAX_BYTES:
        raise NoReport("it is larger than %d MiB" % (MAX_BYTES // 1024**2))
    if values_in(raw) > MAX_VALUES:
        raise NoReport("it holds more than %d values" % MAX_VALUES)
    try:
        return json.loads(raw)
    except RecursionError:
        raise NoReport("it is nested too deep") from None
    except ValueError as error:
        raise NoReport("it is no JSON: %s" % error) from None


def replay(saved: Any, diagnose: Diagnose) -> Replayed:
    """The report as it would be today: diagnosed again where a snapshot was kept, else as it was.

    Raises NoReport. diagnose: takes a snapshot and the seconds that it may take; raises Unfinished.
    """
    hosts, window, then = _read(saved)
    results = {}
    shared = SHARED
    for name, entry in hosts.items():
        began = time.monotonic()
        results[name] = _result(entry, diagnose, EACH + shared)
        shared = max(0.0, shared - max(0.0, time.monotonic() - began - EACH))
    entries = {name: entry for name, entry in hosts.items() if isinstance(entry, Mapping)}
    made = report.build(
        results, window, then, remediated=remedies.unfinished(entries), run=run.saved(saved.get("run"))
    )
    again = [
        name for name, entry in entries.items() if "snapshot" in entry and "error" not in made["hosts"][name]
    ]
    return Replayed(made, len(again), then)


def _read(saved: Any) -> tuple[dict[str, Any], int, float]:
    """(entries by host, window, when it was made)."""
    if not isinstance(saved, Mapping) or not isinstance(saved.get("hosts"), Mapping):
        raise NoReport("it has no hosts by name")
    if len(saved["hosts"]) > MAX_HOSTS:
        raise NoReport("it has more than %d hosts" % MAX_HOSTS)
    if saved.get("schema_version") != report.SCHEMA_VERSION:
        raise NoReport("its schema_version is not %d" % report.SCHEMA_VERSION)
    try:
        window = count(saved.get("window"), "window")
        made = datetime.strptime(saved["generated_at"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc)
    except Mismatch as error:
        raise NoReport(str(error)) from None
    except (KeyError, TypeError, ValueError):
        raise NoReport("generated_at is no time such as 2026-01-31T08:30:00Z") from None
    hosts = {clean(name[:255]): entry for name, entry in saved["hosts"].items()}
    if len(hosts) != len(saved["hosts"]):
        raise NoReport("two of its hosts have the same name")
    return hosts, max(1, window), made.timestamp()


def _result(entry: Any, diagnose: Diagnose | None, seconds: float) -> Any:
    """What a host would return today; without `diagnose` what it returned then."""
    if not isinstance(entry, Mapping):
        return entry
    if isinstance(entry.get("error"), str):
        return {
            "unreachable": entry.get("status") == "unreachable",
            "failed": True,
            "msg": reason_of(entry),
            "error_kind": kind_of(entry),
        }
    if "snapshot" not in entry or diagnose is None:
        return entry
    try:
        verdict = diagnose(entry["snapshot"], seconds)
    except Unfinished as error:
        return {"failed": True, "msg": "its snapshot could not be diagnosed, %s" % error}
    # The snapshot is from before a remediation. What that did, and the status after it, stay.
    after = {field: entry.get(field) for field in ("status", "remediation") if "remediation" in entry}
    return {**verdict, **after}


def as_saved(saved: Any) -> Report:
    """The report as it was made, with its snapshots. Raises NoReport."""
    hosts, window, then = _read(saved)
    entries = {name: entry for name, entry in hosts.items() if isinstance(entry, Mapping)}
    made = report.build(
        {name: _result(entry, None, 0.0) for name, entry in hosts.items()},
        window,
        then,
        keep_snapshot=True,
        remediated=remedies.unfinished(entries),
        run=run.saved(saved.get("run")),
    )
    for name, entry in entries.items():
        if isinstance(entry.get("error"), str):
            made["hosts"][name]["error"] = text(entry["error"])
            made["hosts"][name]["error_kind"] = kind_of(entry) or "not_run"
    return made
