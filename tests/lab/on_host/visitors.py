# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs in a host: visitors of one site, `visitors.py LOG SITE PORT PATH RATE PATIENCE`.

They come whatever becomes of those before them, at random moments, RATE a second in the long run. They give
up after PATIENCE seconds. LOG gets a line for each: when it came and went, in seconds since 1970, and the
status of its answer, 0 without one.
"""

import http.client
import random
import sys
import threading
import time
from typing import TextIO

LOG, SITE, PORT, PATH, RATE, PATIENCE = sys.argv[1:]


def visit(log: TextIO) -> None:
    """One visitor, who waits so long for each part of the answer."""
    came, status = time.time(), 0
    connection = http.client.HTTPConnection("127.0.0.1", int(PORT), timeout=float(PATIENCE))
    try:
        connection.request("GET", PATH, headers={"Host": SITE})
        answer = connection.getresponse()
        answer.read()
        status = answer.status
    except (OSError, http.client.HTTPException):
        pass
    finally:
        connection.close()
    log.write("%.3f %.3f %d\n" % (came, time.time(), status))


threading.stack_size(128 * 1024)
due = time.monotonic()
with open(LOG, "a", buffering=1) as stream:
    while True:
        threading.Thread(target=visit, args=(stream,), daemon=True).start()
        due += random.expovariate(float(RATE))
        time.sleep(max(0.0, due - time.monotonic()))
