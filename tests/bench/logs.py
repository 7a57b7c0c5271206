# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What it costs to read the last 15 minutes out of a large error log of real lines.

``python3 -m tests.bench.logs PATH`` reads one log with the collection's own collector. It prints JSON: wall
and cpu in seconds, before and peak in bytes of memory, bytes_read, complete, events.
"""

import json
import resource
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

WINDOW = 900
NGINX = 812  # the process that wrote the lines
# A log grows at about this rate on the busiest hosts; older lines make it large, not the window.
LINES_A_SECOND = 5
_CLIENT = 'client: 203.0.113.{o}, server: shop.example, request: "%s HTTP/1.1"'
_UPSTREAM = 'upstream: "fastcgi://unix:/run/php/php8.2-fpm.sock%s", host: "shop.example"'
# {n}: a number that grows; {o}: one from 0 to 249.
LINES = [
    "[error] 812#812: *{n} connect() to unix:/run/php/php8.2-fpm.sock failed "
    "(11: Resource temporarily unavailable) while connecting to upstream, "
    + ", ".join([_CLIENT % "GET /index.php?item={n}", _UPSTREAM % ":"]),
    "[error] 812#812: *{n} upstream timed out (110: Connection timed out) "
    "while reading response header from upstream, "
    + ", ".join([_CLIENT % "POST /checkout.php", _UPSTREAM % ""]),
    '[error] 812#812: *{n} open() "/var/www/shop/favicon-{n}.ico" failed (2: No such file or directory), '
    + _CLIENT % "GET /favicon-{n}.ico"
    + ', host: "shop.example"',
    '[error] 812#812: *{n} FastCGI sent in stderr: "PHP message: PHP Warning:  Undefined array key {n} '
    'in /var/www/shop/cart.php on line {o}" while reading response header from upstream, '
    + ", ".join([_CLIENT % "GET /cart.php", _UPSTREAM % ":"]),
]


def second(number: int, lines: int) -> str:
    """The lines of one second. \\0 stands for the date. Each line has another number of a connection."""
    return "".join(
        "\0%s\n" % LINES[index % len(LINES)].format(n=number * 100 + index, o=index % 250)
        for index in range(lines)
    )


def write(path: Path, size: int, now: float) -> None:
    """A log of at least size bytes that ends now. The window has LINES_A_SECOND. The fortnight before it has
    as many lines as the size needs.
    """
    window = [second(number, LINES_A_SECOND) for number in range(WINDOW)]
    length = len(window[0]) + 19 * LINES_A_SECOND
    steps = 14 * 86400 // 60
    lines_a_step = max(1, round((size - WINDOW * length) / steps / (length / LINES_A_SECOND)))
    old = second(7, lines_a_step)

    def dated(text: str, at: float) -> str:
        return text.replace("\0", time.strftime("%Y/%m/%d %H:%M:%S ", time.localtime(at)))

    with path.open("w") as stream:
        for step in range(steps):
            stream.write(dated(old, now - WINDOW - (steps - step) * 60))
        for number, text in enumerate(window):
            stream.write(dated(text, now - WINDOW + number))


def measured(path: Path, python: str, environment: Mapping[str, str]) -> dict[str, Any]:
    """Read the log in a process of its own, because peak memory is that of a process."""
    done = subprocess.run(
        [python, "-m", "tests.bench.logs", str(path)],
        cwd=Path(__file__).parents[2],
        env=dict(environment),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


def peak() -> int:
    """Peak memory in bytes. ru_maxrss would not do: a process inherits it from the one that started it."""
    status = Path("/proc/self/status").read_text()
    return 1024 * int(status.partition("VmHWM:")[2].split()[0])


def main() -> None:
    from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.host import Host
    from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.logs.logs import (
        LogsToRead,
        collect_logs,
    )

    host = Host()
    before, peak_before = resource.getrusage(resource.RUSAGE_SELF), peak()
    began = time.monotonic()
    now = host.now()
    log = collect_logs(host, LogsToRead([sys.argv[1]], [], [NGINX]), now - WINDOW, now)
    wall = time.monotonic() - began
    after = resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(
        json.dumps(
            {
                "wall": wall,
                "cpu": cpu,
                "peak": peak(),
                "before": peak_before,
                "bytes_read": sum(entry["bytes_read"] for entry in log["files"]),
                "complete": all(entry["complete"] for entry in log["files"]),
                "events": sum(event["count"] for event in log["events"]),
            }
        )
    )


if __name__ == "__main__":
    main()
