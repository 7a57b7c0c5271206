# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether an error log has other times than its file."""

import re
from typing import Optional, Pattern, Sequence, Tuple

from ...parse.timestamps import fpm_time, nginx_time
from ..host import Host, HostError
from .log_window import Source, admit

TAIL = 4096  # bytes
APART = 60.0  # seconds: a file's mtime is the time of its newest line
MOST_LOGS = 4
QUARTER, FARTHEST = 900, 26 * 3600  # seconds: zones differ by whole quarters of an hour, and by 26 h at most
_HEAD = re.compile(rb"^(\d{4}/\d\d/\d\d \d\d:\d\d:\d\d) \[", re.M)


def tail(host: Host, path: str) -> Tuple[bytes, float]:
    """(its last bytes, its mtime). Nothing of what is no file that may be read."""
    try:
        file = admit(host, path)
        if not file.stat.size:
            return b"", 0.0
        return Source(host, file).at(max(0, file.stat.size - TAIL), TAIL), file.stat.mtime
    except HostError:
        return b"", 0.0


def is_odd(host: Host, logs: Sequence[str]) -> bool:
    """Whether an error log's newest line is of another time than the file."""
    offset = host.utc_offset(host.now())
    for path in logs[:MOST_LOGS]:
        data, changed_at = tail(host, path) if path.startswith("/") else (b"", 0.0)
        heads = _HEAD.findall(data)
        at = nginx_time(heads[-1].decode("ascii"), offset) if heads else None
        if at is not None and abs(at - changed_at) > APART:
            return True
    return False


def zone_of_fpm(host: Host, path: str, head: Pattern[bytes]) -> Optional[int]:
    """Seconds east of UTC in a log of php-fpm, where that is not the host's zone.

    Its unit may set TZ; or the host's zone was changed since it started. Only a log whose very last line is
    php-fpm's own tells: its mtime is the time of that line. head: of such a line, its time in group 1.
    """
    data, changed_at = tail(host, path) if path.startswith("/") else (b"", 0.0)
    found = head.match(data.rstrip(b"\n").rpartition(b"\n")[2])
    offset = host.utc_offset(host.now())
    at = fpm_time(found.group(1).decode("ascii"), offset) if found else None
    if at is None:
        return None
    quarters = round((at - changed_at) / QUARTER)
    ahead = quarters * QUARTER
    apart = abs(at - changed_at - ahead) > APART
    return offset + ahead if quarters and not apart and abs(ahead) <= FARTHEST else None
