# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs in a host: prints the checksums and states that must be the same after a diagnosis.

Access times are left out, and so are worker processes of PHP-FPM: their master starts and ends them by
itself.
"""

import glob
import hashlib
import json
import os
import subprocess
import sys

SUITE = json.loads(sys.argv[1])
PROPERTIES = (
    "ActiveState,SubState,Result,MainPID,NRestarts,ExecMainStartTimestamp,ActiveEnterTimestamp,"
    "UnitFileState,NeedDaemonReload"
)


def entry(path: str) -> str:
    """Owner, mode, change time and content of one path."""
    stat = os.lstat(path)
    content = ""
    if os.path.islink(path):
        content = os.readlink(path)
    elif os.path.isfile(path):
        with open(path, "rb") as stream:
            content = hashlib.sha256(stream.read()).hexdigest()[:16]
    return "%o %d:%d %d %s" % (stat.st_mode, stat.st_uid, stat.st_gid, stat.st_mtime_ns, content)


def tree(top: str) -> dict[str, str]:
    """Every path below a directory, itself included."""
    entries = {top: entry(top)}
    for folder, directories, files in os.walk(top):
        for name in directories + files:
            path = os.path.join(folder, name)
            entries[path] = entry(path)
    return entries


def units() -> dict[str, list[str]]:
    """The states of nginx's and FPM's unit."""
    out = {}
    for unit in ("nginx.service", SUITE["FPM_UNIT"]):
        text = subprocess.run(
            ["systemctl", "show", "-p", PROPERTIES, unit], stdout=subprocess.PIPE, check=True
        ).stdout
        out[unit] = text.decode().splitlines()
    return out


def processes() -> dict[str, str]:
    """Start time, in ticks since boot, of nginx's processes and of FPM's masters.

    nginx's cache manager and loader are left out: the loader ends by itself after a minute. So is a worker of
    FPM that has the title of its parent, the master, until it has set its own.
    """
    out, parents = {}, {}
    for path in glob.glob("/proc/[0-9]*/cmdline"):
        try:
            with open(path, "rb") as stream:
                title = stream.read().replace(b"\0", b" ").decode(errors="replace").strip()
            with open(os.path.join(os.path.dirname(path), "stat")) as stream:
                stat = stream.read().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if title.startswith(("nginx: master", "nginx: worker", "php-fpm: master")):
            pid = path.split("/")[2]
            parents[pid], out[pid] = stat[1], "%s %s" % (stat[19], title)
    young = [pid for pid, what in out.items() if "php-fpm: master" in what and parents[pid] in out]
    return {pid: what for pid, what in out.items() if pid not in young}


def logs() -> dict[str, str]:
    """Size and change time of the logs of nginx and FPM."""
    paths = glob.glob("/var/log/nginx/*") + glob.glob("/var/log/php*") + glob.glob("/var/log/php-fpm/*")
    return {
        path: "%d %d" % (os.stat(path).st_size, os.stat(path).st_mtime_ns)
        for path in paths
        if os.path.isfile(path)
    }


print(
    json.dumps(
        {
            "files": {
                path: state for top in ["/etc"] + glob.glob("/run/php*") for path, state in tree(top).items()
            },
            "units": units(),
            "processes": processes(),
            "logs": logs() if SUITE["IDLE"] else {},
        }
    )
)
