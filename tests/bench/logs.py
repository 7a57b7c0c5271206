# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What it costs to read the last 15 minutes out of an error log of 10 MB, 1 GB or 5 GB of real lines.

``python3 -m tests.bench.logs PATH`` reads one with the collection's own collector and prints JSON: seconds,
cpu, peak bytes, bytes_read, events.
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
LINES = [
    text.replace("\n", " ")
    for text in (
        """[error] 812#812: *{n} connect() to unix:/run/php/php8.2-fpm.sock failed (11: Resource temporarily unavailable) while connecting to upstream,
client: 203.0.113.{o}, server: shop.example, request: "GET /index.php?item={n} HTTP/1.1", upstream: "fastcgi://unix:/run/php/php8.2-fpm.sock:",
host: "shop.example\"""",
        """[error] 812#812: *{n} upstream timed out (110: Connection timed out) while reading response header from upstream, client: 203.0.113.{o},
server: shop.example, request: "POST /checkout.php HTTP/1.1", upstream: "fastcgi://unix:/run/php/php8.2-fpm.sock", host: "shop.example\"""",
        """[error] 812#812: *{n} open() "/var/www/shop/favicon-{n}.ico" failed (2: No such file or directory), client: 203.0.113.{o},
server: shop.example, request: "GET /favicon-{n}.ico HTTP/1.1", host: "shop.example\"""",
        """[error] 812#812: *{n} FastCGI sent in stderr: "PHP message: PHP Warning:  Undefined array key {n} in /var/www/shop/cart.php on line {o}"
while reading response header from upstream, client: 203.0.113.{o}, server: shop.example, request: "GET /cart.php HTTP/1.1",
upstream: "fastcgi://unix:/run/php/php8.2-fpm.sock:", host: "shop.example\"""",
    )
]


def second(number: int, lines: int) -> str:
    """The lines of one second, without their date: a new number each, as nginx counts connections."""
    return "".join(
        "\0%s\n" % LINES[index % len(LINES)].format(n=number * 100 + index, o=index % 250)
        for index in range(lines)
    )


def write(path: Path, size: int, now: float) -> None:
    """A log that ends now, of at least size bytes: the window at LINES_A_SECOND, before it a fortnight that
    is as dense as the size wants.
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
    """One reading, in a process of its own: peak memory is a process's."""
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
    """Bytes. Not ru_maxrss, which a process inherits from the one that started it."""
    status = Path("/proc/self/status").read_text()
    return 1024 * int(status.partition("VmHWM:")[2].split()[0])


def main() -> None:
    from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.host import Host
    from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.logs import collect_logs

    host = Host()
    before, peak_before = resource.getrusage(resource.RUSAGE_SELF), peak()
    began = time.monotonic()
    now = host.now()
    found = collect_logs(host, [sys.argv[1]], [], now - WINDOW, now, [NGINX])
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
                "bytes_read": sum(entry["bytes_read"] for entry in found["files"]),
                "complete": all(entry["complete"] for entry in found["files"]),
                "events": sum(event["count"] for event in found["events"]),
            }
        )
    )


if __name__ == "__main__":
    main()
