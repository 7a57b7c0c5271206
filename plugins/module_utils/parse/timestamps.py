# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The clocks of nginx, php-fpm, the journal and the kernel's ring buffer -> epoch seconds. The first two
write local time; utc_offset: seconds east of UTC, one for a whole log.
"""

import calendar
import re
from functools import lru_cache
from typing import Optional, Sequence, Tuple

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_NGINX = re.compile(r"(\d{4})/(\d\d)/(\d\d) (\d\d):(\d\d):(\d\d)\Z", re.A)
_FPM = re.compile(r"(\d\d)-([A-Z][a-z]{2})-(\d{4}) (\d\d):(\d\d):(\d\d)(\.\d{1,6})?\Z", re.A)
_SHORT_UNIX = re.compile(r"(\d{9,11}(?:\.\d{1,6})?) \S+ ([^\s\[:]+)(?:\[(\d{1,10})\])?: (.*)\Z", re.A)
# CONFIG_PRINTK_CALLER adds "[  T123]" behind the time.
_RING = re.compile(r"(?:<\d+>)?\[ *(\d{1,12}\.\d{6})\](?:\[ *[TC]\d+\])? (.*)\Z", re.A)


def _local(year: str, month: int, day: str, clock: Sequence[str], utc_offset: int) -> Optional[int]:
    if not (1 <= month <= 12 and 1 <= int(day) <= 31 and int(year) >= 1970):
        return None
    return (
        calendar.timegm((int(year), month, int(day), int(clock[0]), int(clock[1]), int(clock[2])))
        - utc_offset
    )


@lru_cache(maxsize=64)
def nginx_time(text: str, utc_offset: int) -> Optional[int]:
    """ "2026/04/02 14:23:17" -> epoch seconds; None for anything else."""
    found = _NGINX.match(text)
    return (
        _local(found.group(1), int(found.group(2)), found.group(3), found.group(4, 5, 6), utc_offset)
        if found
        else None
    )


@lru_cache(maxsize=64)
def fpm_time(text: str, utc_offset: int) -> Optional[float]:
    """ "02-Apr-2026 14:23:17" or, at log_level debug, "02-Apr-2026 14:23:17.294131" -> epoch seconds."""
    found = _FPM.match(text)
    if not found or found.group(2) not in _MONTHS:
        return None
    at = _local(
        found.group(3), _MONTHS.index(found.group(2)) + 1, found.group(1), found.group(4, 5, 6), utc_offset
    )
    return at if at is None or not found.group(7) else at + float(found.group(7))


def journal_line(line: str) -> Optional[Tuple[float, str, Optional[int], str]]:
    """A line of "journalctl -o short-unix" -> (epoch, identifier, pid, text)."""
    found = _SHORT_UNIX.match(line)
    return (
        (
            float(found.group(1)),
            found.group(2),
            int(found.group(3)) if found.group(3) else None,
            found.group(4),
        )
        if found
        else None
    )


def ring_line(line: str, boot_at: float) -> Optional[Tuple[float, str]]:
    """A line of "dmesg" -> (epoch, text). boot_at: now minus the monotonic clock. Off by seconds after weeks
    or a suspend.
    """
    found = _RING.match(line)
    return (round(boot_at + float(found.group(1)), 3), found.group(2)) if found else None
