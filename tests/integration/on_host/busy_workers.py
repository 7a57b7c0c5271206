# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs in a host: ``busy_workers.py JOB``. JOB is JSON: {"heavy": MiB that a page holds, "pools": {pool:
[site, workers]}}.

It sends as many requests at once as all pools have workers. Once all are busy, it prints how much memory each
worker and the whole host hold.
"""

import glob
import json
import os
import re
import socket
import sys
import time

job = json.loads(sys.argv[1])


def ask(site, page):
    connection = socket.create_connection(("127.0.0.1", 80))
    connection.sendall(("GET %s HTTP/1.0\r\nHost: %s\r\n\r\n" % (page, site)).encode())
    return connection


requests = [
    (name, ask(site, "/heavy.php?mb=%d&hold=1" % job["heavy"]))
    for name, (site, count) in job["pools"].items()
    for _number in range(count)
]


def read(path):
    with open(path, errors="replace") as stream:
        return stream.read()


def workers():
    """Memory of each worker in kB, by pool."""
    pools = {}
    for place in glob.glob("/proc/[0-9]*"):
        try:
            title = re.match(r"php-fpm: pool (\S+)", read(place + "/cmdline").replace("\0", " "))
            rows = re.findall(r"^(\w+): +(\d+) kB$", read(place + "/smaps_rollup"), re.M) if title else []
        except OSError:
            continue
        if rows:
            kb = {key: int(value) for key, value in rows}
            pools.setdefault(title.group(1), []).append(
                {
                    "uss": kb["Private_Clean"] + kb["Private_Dirty"],
                    "pss": kb["Pss"],
                    "held": kb["Pss_Anon"] + kb["Pss_Shmem"],
                }
            )
    return pools


def idle(pools):
    """The sites of pools in which not every worker holds a heavy page yet."""
    return [
        site
        for name, (site, count) in job["pools"].items()
        if sum(worker["uss"] >= job["heavy"] << 10 for worker in pools.get(name, [])) < count
    ]


deadline, pools, nudges = time.time() + 25, workers(), []
while idle(pools) and time.time() < deadline:
    time.sleep(0.5)
    # A master with pm = ondemand starts one worker for all connections that come at once.
    # It starts the next one when another connection comes.
    nudges += [ask(site, "/index.php") for site in idle(pools)]
    pools = workers()
first = "/sys/fs/cgroup/memory/memory."
top, usage, prefix = (
    (first, "usage_in_bytes", "total_")
    if os.path.exists(first + "usage_in_bytes")
    else ("/sys/fs/cgroup/memory.", "current", "")
)
used, stat = int(read(top + usage)), dict(line.split() for line in read(top + "stat").splitlines())
cache = int(stat[prefix + "inactive_file"]) + int(stat[prefix + "active_file"])
os.unlink("/run/webmedic-hold")
answers = {}
for name, connection in requests:
    connection.settimeout(20)
    status = (connection.recv(64).decode(errors="replace").split() + ["none", "none"])[1]
    answers[name + " " + status] = answers.get(name + " " + status, 0) + 1
print(json.dumps({"workers": pools, "held": used - cache, "busy": not idle(pools), "answers": answers}))
