# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The times of nginx, php-fpm, the journal and the kernel's ring buffer -> epoch seconds.

The first two write local time. utc_offset: seconds east of UTC, the same for a whole log.
"""

import calendar
import re
from datetime import datetime, timezone
from functools import lru_cache
from typing import Iterator, NamedTuple, Optional, Pattern, Tuple

LOG_SECOND = 1.0  # nginx's log tells no shorter time
SAME_MOMENT = 2.0  # seconds between what two logs tell of one event
RING_DRIFT = 5.0  # seconds that the clock of the kernel's ring may be off
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_NGINX = re.compile(r"(\d{4})/(\d\d)/(\d\d) (\d\d):(\d\d):(\d\d)\Z", re.A)
_FPM = re.compile(r"(\d\d)-([A-Z][a-z]{2})-(\d{4}) (\d\d):(\d\d):(\d\d)(\.\d{1,6})?\Z", re.A)
_ACCESS = re.compile(
    r"(?:(?:(\d\d)/([A-Z][a-z]{2})/(\d{4}):|(\d{4})-(\d\d)-(\d\d)T)(\d\d):(\d\d):(\d\d) ?([+-])(\d\d):?(\d\d)"
    r"|(\d{9,11}\.\d{3}))\Z",
    re.A,
)
_SHORT_UNIX = re.compile(r"(\d{9,11}(?:\.\d{1,6})?) \S+ ([^\s\[:]+)(?:\[\d{1,10}\])?: (.*)\Z", re.A)
# The kernel's own are below <8>. CONFIG_PRINTK_CALLER adds "[  T123]" behind the time.
_RING = re.compile(r"<[0-7]>\[ *(\d{1,12}\.\d{6})\](?:\[ *[TC]\d+\])? (.*)\Z", re.A)


def _local(utc_offset: int, *parts: str) -> Optional[int]:
    """parts: from the year to the second."""
    moment = tuple(map(int, parts))
    if not (moment[0] >= 1970 and 1 <= moment[1] <= 12 and 1 <= moment[2] <= 31):
        return None
    return calendar.timegm(moment) - utc_offset


@lru_cache(maxsize=64)
def nginx_time(text: str, utc_offset: int) -> Optional[int]:
    """ "2026/04/02 14:23:17" -> epoch seconds; None for anything else."""
    match = _NGINX.match(text)
    return _local(utc_offset, *match.groups()) if match else None


@lru_cache(maxsize=64)
def fpm_time(text: str, utc_offset: int) -> Optional[float]:
    """ "02-Apr-2026 14:23:17" or, at log_level debug, "02-Apr-2026 14:23:17.294131" -> epoch seconds."""
    match = _FPM.match(text)
    if not match or match.group(2) not in _MONTHS:
        return None
    day, month, year, hour, minute, second, fraction = match.groups()
    at = _local(utc_offset, year, str(_MONTHS.index(month) + 1), day, hour, minute, second)
    return at + float(fraction) if at is not None and fraction else at


@lru_cache(maxsize=256)
def access_time(text: str) -> Optional[float]:
    """$time_local, $time_iso8601 or $msec -> epoch seconds; None for anything else."""
    match = _ACCESS.match(text)
    if not match:
        return None
    day, name, year, year8601, month, day8601, hour, minute, second, sign, hours, minutes, epoch = (
        match.groups()
    )
    if epoch:
        return float(epoch)
    if name:
        if name not in _MONTHS:
            return None
        month = str(_MONTHS.index(name) + 1)
    offset = (int(hours) * 60 + int(minutes)) * (-60 if sign == "-" else 60)
    return _local(offset, year or year8601, month, day or day8601, hour, minute, second)


def fpm_stamp(at: float, utc_offset: int) -> str:
    """Epoch seconds as php-fpm writes them."""
    local = datetime.fromtimestamp(int(at) + utc_offset, timezone.utc)
    return "%02d-%s-%d %s" % (local.day, _MONTHS[local.month - 1], local.year, local.strftime("%H:%M:%S"))


class JournalLine(NamedTuple):
    """Of "journalctl -o short-unix"."""

    at: float  # epoch seconds
    identifier: str
    text: str


def journal_line(line: str) -> Optional[JournalLine]:
    match = _SHORT_UNIX.match(line)
    return JournalLine(float(match.group(1)), match.group(2), match.group(3)) if match else None


def ring_lines(ring: str, telling: Pattern[str]) -> Iterator[Tuple[float, str]]:
    """(seconds since boot, text) of the records in "dmesg -r" that are telling. Of a record with line feeds,
    which any account can have the kernel write, each line has its time: the first alone is the kernel's.
    """
    before = ""
    for line in ring.split("\n"):
        match = _RING.match(line)
        if not match:
            continue
        if match.group(1) != before and telling.search(match.group(2)):
            yield float(match.group(1)), match.group(2)
        before = match.group(1)
