# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The last error in the logs of PHP itself that pools name. Enterprise Linux names one, and nginx then
hears of none.
"""

import re
from typing import TYPE_CHECKING, Iterator, List, Optional, Tuple

from ...parse.php_fpm.error_parts import error_parts
from ...parse.redact import redact
from ...parse.timestamps import fpm_time
from ..host import Host, HostError
from .log_clock import APART, QUARTER
from .log_window import tail

if TYPE_CHECKING:
    from ....plugin_utils.shapes.php_error import DroppedBodies, PhpError
    from ....plugin_utils.shapes.snapshot import Snapshot

TAIL = 64 * 1024  # bytes of a log
MOST_LOGS = 8
# main.c, php_error_cb(): the names of E_ERROR and its kin. An uncaught exception is a fatal error.
_ERROR = re.compile(rb"^\[([^\]\n]{10,60})\] (PHP (?:Fatal|Parse) error:  .{1,2000})$", re.M)
# php_error_cb() ends each entry with the script. A visitor may choose what stands before, line feeds, too.
_SCRIPT = re.compile(rb" in (/[^\s:]{1,300}) on line \d+\s*\Z")
# zend_exceptions.c: how all that is told of an exception ends.
_THROWN = re.compile(rb"^  thrown in (/[^\s:]{1,300}) on line \d+$", re.M)
_STAMP = re.compile(rb"^\[(\d\d-[A-Z][a-z]{2}-\d{4} [\d:]{8}) [^\]\n]{1,40}\] ", re.M)
# Just before an error they are mostly of the same request, and what it came of.
_WARNING = re.compile(rb"\[([^\]\n]{10,60})\] (PHP Warning:  .{1,300})")
WARNINGS = 4
# SAPI.c, sapi_activate(): a body that is larger than post_max_size. php_variables.c: fields beyond
# max_input_vars.
_DROPPED = [
    re.compile(rb"^\[([^\]\n]{10,60})\] PHP Warning:  " + words, re.M)
    for words in (
        rb"[^\n]{0,40}POST Content-Length of \d+ bytes exceeds the limit",
        # A script's own parse_str() says so, too.
        rb"(?:Unknown|PHP Request Startup): Input variables exceeded \d+\.",
    )
]
KEPT = 16  # times of a log, the newest


def _zone(host: Host, path: str, data: bytes) -> Optional[int]:
    """PHP's own time zone: that in which the last message is as old as the file."""
    try:
        last, changed_at = fpm_time(_STAMP.findall(data)[-1].decode(), 0) or 0.0, host.stat(path).mtime
    except (HostError, IndexError):
        return None
    zone = round((last - changed_at) / QUARTER) * QUARTER
    return zone if abs(last - zone - changed_at) <= APART else None


def _scripts(data: bytes) -> List[str]:
    """The script of the error at the beginning of data. None where a text has, or may have, ended it."""
    entry = data[: next((head.start() for head in _STAMP.finditer(data, 1)), len(data))]
    found, thrown = _SCRIPT.findall(entry), set(_THROWN.findall(data))
    is_exception = entry.partition(b"\n")[0].find(b" error:  Uncaught ") > 0
    whole = thrown == set(found) if is_exception else not thrown
    return [found[0].decode("utf-8", "replace")] if found and whole else []


def _with_warnings(data: bytes, stamp: bytes, error: bytes) -> bytes:
    texts = [error]
    lines = data[: data.rindex(b"[%s] %s" % (stamp, error))].split(b"\n")[:-1]
    for line in reversed(lines[-WARNINGS:]):
        warning = _WARNING.match(line)
        if not warning or warning.group(1) != stamp:
            break
        texts.insert(0, warning.group(2))
    return b"; ".join(texts)


def _times(stamps: List[bytes], zone: int, since: float) -> List[float]:
    times = [fpm_time(stamp[:20].decode("utf-8", "replace"), zone) for stamp in stamps]
    return [at for at in times if at and at >= since]


def _logs(host: Host, snapshot: "Snapshot", since: float) -> Iterator[Tuple[str, str, str, bytes]]:
    """(configuration, pool, path, end of the log)"""
    for master in snapshot["fpm"]["masters"]:
        for pool in master["pools"]:
            path = pool.get("php_log")
            if path and not pool["chroot"]:
                yield master["config"], pool["name"], path, tail(host, path, TAIL, since)


def php_errors(host: Host, snapshot: "Snapshot", since: float) -> List["PhpError"]:
    """since: epoch seconds. The times in such a log are of PHP's own time zone: the file's time counts."""
    found: List[PhpError] = []
    for config, pool, path, data in _logs(host, snapshot, since):
        errors = list(_ERROR.finditer(data))
        if errors and len(found) < MOST_LOGS:
            text = redact(_with_warnings(data, *errors[-1].groups()).decode("utf-8", "replace"))
            error: PhpError = {
                "pool": pool,
                "config": config,
                "path": path,
                "text": text,
                "scripts": _scripts(data[errors[-1].start() :]),
                **error_parts(text),
            }
            zone = _zone(host, path, data)
            if zone is not None:
                error["times"] = _times([error.group(1) for error in errors[-KEPT:]], zone, since)
            found.append(error)
    return found


def dropped_bodies(host: Host, snapshot: "Snapshot", since: float) -> List["DroppedBodies"]:
    """Where the log's time zone is not known, none is known to be of the window."""
    found: List[DroppedBodies] = []
    for config, pool, path, data in _logs(host, snapshot, since):
        for fields, pattern in enumerate(_DROPPED):
            stamps = pattern.findall(data)
            zone = _zone(host, path, data) if stamps else None
            count = len(_times(stamps, zone, since)) if zone is not None else 0
            if count:
                found.append({"pool": pool, "config": config, "path": path, "count": count})
                if fields:
                    found[-1]["fields"] = True
    return found[:MOST_LOGS]
