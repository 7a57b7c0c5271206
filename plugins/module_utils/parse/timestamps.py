# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The clocks of nginx, php-fpm, the journal and the kernel's ring buffer -> epoch seconds.

nginx and php-fpm write local time without a zone; utc_offset is the host's, seconds east of UTC.
One offset is used for a whole log: lines from the other side of a daylight-saving change are an hour off.
"""

import calendar
import re
from functools import lru_cache
from typing import Optional, Sequence, Tuple

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_NGINX = re.compile(r"^(\d{4})/(\d\d)/(\d\d) (\d\d):(\d\d):(\d\d)$")
_FPM = re.compile(r"^(\d\d)-([A-Z][a-z]{2})-(\d{4}) (\d\d):(\d\d):(\d\d)(\.\d{1,6})?$")
_SHORT_UNIX = re.compile(r"^(\d{9,11}(?:\.\d{1,6})?) (\S+) ([^\s\[:]+)(?:\[(\d+)\])?: (.*)$")
# CONFIG_PRINTK_CALLER adds "[  T123]" behind the time.
_RING = re.compile(r"^(?:<\d+>)?\[ *(\d+\.\d{6})\](?:\[ *[TC]\d+\])? (.*)$")


def _day(year: str, month: str, day: str) -> Optional[int]:
    """Midnight UTC of a date."""
    number = int(month) if month.isdigit() else _MONTHS.index(month) + 1 if month in _MONTHS else 0
    return calendar.timegm((int(year), number, int(day), 0, 0, 0)) if 1 <= number <= 12 and 1 <= int(day) <= 31 and int(year) >= 1970 else None


def _local(year: str, month: str, day: str, clock: Sequence[str], utc_offset: int) -> Optional[int]:
    midnight = _day(year, month, day)
    return None if midnight is None else midnight + int(clock[0]) * 3600 + int(clock[1]) * 60 + int(clock[2]) - utc_offset


@lru_cache(maxsize=64)
def nginx_time(text: str, utc_offset: int) -> Optional[int]:
    """"2026/04/02 14:23:17" -> epoch seconds; None for anything else."""
    found = _NGINX.match(text)
    return _local(found.group(1), found.group(2), found.group(3), found.group(4, 5, 6), utc_offset) if found else None


@lru_cache(maxsize=64)
def fpm_time(text: str, utc_offset: int) -> Optional[float]:
    """"02-Apr-2026 14:23:17" or, at log_level debug, "02-Apr-2026 14:23:17.294131" -> epoch seconds."""
    found = _FPM.match(text)
    if not found:
        return None
    at = _local(found.group(3), found.group(2), found.group(1), found.group(4, 5, 6), utc_offset)
    return at if at is None or not found.group(7) else at + float(found.group(7))


def journal_line(line: str) -> Optional[Tuple[float, str, Optional[int], str]]:
    """A line of "journalctl -o short-unix" -> (epoch, identifier, pid, text)."""
    found = _SHORT_UNIX.match(line)
    if not found:
        return None
    return float(found.group(1)), found.group(3), int(found.group(4)) if found.group(4) else None, found.group(5)


def ring_line(line: str, boot_at: float) -> Optional[Tuple[float, str]]:
    """A line of "dmesg" -> (epoch, text). boot_at: now minus the monotonic clock.

    The ring's clock is not disciplined by NTP and stops in suspend: after weeks of uptime it is off by seconds.
    """
    found = _RING.match(line)
    return (round(boot_at + float(found.group(1)), 3), found.group(2)) if found else None
