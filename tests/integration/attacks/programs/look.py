# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Python that the engine finds on a host. It runs the real one, and notes the processor time and
the peak memory of each run.
"""

import json
import os
import resource
import subprocess
import sys
import time

NOTES = "/opt/attacks/looks"


def note(**words):
    with open(NOTES, "a", encoding="ascii") as stream:
        stream.write(json.dumps(words) + "\n")


began = time.time()
note(pid=os.getpid(), began=began)
code = subprocess.call(["/usr/bin/python3"] + sys.argv[1:])
usage = resource.getrusage(resource.RUSAGE_CHILDREN)
note(
    pid=os.getpid(),
    ended=time.time(),
    cpu=round(usage.ru_utime + usage.ru_stime, 2),
    peak_mb=usage.ru_maxrss // 1024,
)
sys.exit(code)
