# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether nginx's error log has other times than its file."""

import re
from typing import Sequence, Tuple

from ..parse.timestamps import nginx_time
from .host import Host, HostError
from .log_window import Source
from .logs import admit

TAIL = 4096  # bytes
APART = 60.0  # seconds: a file's mtime is the time of its newest line
MOST = 4  # logs
_HEAD = re.compile(rb"^(\d{4}/\d\d/\d\d \d\d:\d\d:\d\d) \[", re.M)


def tail(host: Host, path: str) -> Tuple[bytes, float]:
    """(its last bytes, its mtime). Nothing of what is no file that may be read."""
    try:
        file = admit(host, path)
        if file.stat.type != "file" or not file.stat.size:
            return b"", 0.0
        return Source(host, file).at(max(0, file.stat.size - TAIL), TAIL), file.stat.mtime
    except HostError:
        return b"", 0.0


def is_odd(host: Host, logs: Sequence[str]) -> bool:
    """Whether an error log's newest line is of another time than the file."""
    offset = host.utc_offset(host.now())
    for path in logs[:MOST]:
        data, changed_at = tail(host, path) if path.startswith("/") else (b"", 0.0)
        heads = _HEAD.findall(data)
        at = nginx_time(heads[-1].decode("ascii"), offset) if heads else None
        if at is not None and abs(at - changed_at) > APART:
            return True
    return False
