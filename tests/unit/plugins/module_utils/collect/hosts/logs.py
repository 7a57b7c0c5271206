# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Logs as real files, and the real host that reads them."""

import os
import time
from pathlib import Path
from typing import Any, Dict, List, Sequence

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.host import Host
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.logs.logs import (
    LogsToRead,
    collect_logs,
)

NOW = 1775139797.0
LINE = (
    "{} [error] 812#812: *{} recv() failed (104: Connection reset by peer) while reading response header "
    "from upstream, client: 203.0.113.24, "
    'server: shop.example, request: "GET /cart HTTP/1.1", upstream: '
    '"fastcgi://unix:/run/php/php8.2-fpm.sock:", host: "shop.example"\n'
)
FPM = (
    "[02-Apr-2026 14:{}:17] WARNING: [pool www] server reached pm.max_children setting (5), "
    "consider raising it\n"
)
SEEMS_BUSY = (
    "[02-Apr-2026 14:20:00] WARNING: [pool www] seems busy (you may need to increase pm.start_servers), "
    "spawning 8 children, "
    "there are 0 idle, and 3 total children\n"
)


class Watched(Host):
    """The real host in UTC. before_read: what happens to the file before the n-th read."""

    def __init__(self) -> None:
        super().__init__()
        self.reads = 0
        self.before_read: Dict[int, Any] = {}

    def utc_offset(self, at: float) -> int:
        return 0

    def read_bytes(self, path: str, offset: int = 0, length: int = 1024 * 1024, real: bool = False) -> bytes:
        self.reads += 1
        if self.reads in self.before_read:
            self.before_read.pop(self.reads)()
        return super().read_bytes(path, offset, length, real)


def line(at: float, number: int = 1) -> str:
    return LINE.format(time.strftime("%Y/%m/%d %H:%M:%S", time.gmtime(at)), number)


def collect(
    host: Host,
    nginx: Sequence[str] = (),
    fpm: Sequence[Any] = (),
    window: float = 900,
    pids: Sequence[int] = (812,),
) -> Dict[str, Any]:
    return collect_logs(host, LogsToRead(nginx, fpm, pids), NOW - window, NOW)


def total(seen: Dict[str, Any]) -> int:
    return sum(event["count"] for event in seen["events"])


def long_log(path: Path, seconds: int) -> List[float]:
    times = [NOW - seconds + number for number in range(seconds)]
    path.write_text("".join(line(at, int(at)) for at in times))
    return times


only_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")


def touched(path: Path, owner: int = 0, at: float = NOW - 1) -> Path:
    """The file, or link, as if its owner had just written it."""
    os.utime(str(path), (at, at), follow_symlinks=False)
    if os.geteuid() == 0:
        os.chown(str(path), owner, owner, follow_symlinks=False)
    return path


def bomb(path: Path, head: bytes) -> Path:
    """A file of 8 TiB that takes no place on the disk but for its beginning."""
    path.write_bytes(head)
    os.truncate(str(path), 8 << 40)
    return path
