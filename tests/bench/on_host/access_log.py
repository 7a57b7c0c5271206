# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs on a host: writes an access log of that many bytes to a path. It is of a fortnight, and ends now."""

import sys
import time

LINE = (
    '203.0.113.{o} - - [\0] "GET /item-{n}.php?page={o} HTTP/1.1" 200 5120 "-" "Mozilla/5.0 (X11; Linux)"\n'
)
STEP = 60  # seconds


def main():
    path, size = sys.argv[1], int(sys.argv[2])
    steps, now = 14 * 86400 // STEP, time.time()
    length = len(LINE.format(o=100, n=10000)) + 25
    minute = "".join(
        LINE.format(o=number % 250, n=10000 + number) for number in range(size // steps // length + 1)
    )
    with open(path, "w") as stream:
        for step in range(steps):
            at = time.localtime(now - (steps - 1 - step) * STEP)
            stream.write(minute.replace("\0", time.strftime("%d/%b/%Y:%H:%M:%S %z", at)))


if __name__ == "__main__":
    main()
