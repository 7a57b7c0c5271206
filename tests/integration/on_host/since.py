# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is different on the host since the last look, and how the daemons run now.

``since.py FPM_UNIT FPM_BIN FPM_CONF [slow]`` prints one JSON document. differences: all of them, times of
change and rights too. lines: {path: ["-old", "+new"]} of the edited files, with their carriage returns.
workers: the number that the pool www has, once it is the configured one. slow: the status of a page that
takes 0.9 s, when asked for.
"""

import difflib
import json
import os
import pickle
import re
import subprocess
import sys
import time

import state

LAST = "/root/edits/last"
LEDGER_HOME = "/var/lib/webmedic-php-fpm"


def output(*argv):
    return subprocess.run(argv, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT).stdout.decode(
        "utf-8", "replace"
    )


def page(path):
    return output(
        "curl",
        "-s",
        "-o",
        "/dev/null",
        "-m",
        "20",
        "-w",
        "%{http_code}",
        "-H",
        "Host: shop.example",
        "http://127.0.0.1" + path,
    )


def edited(before, after):
    """The lines that differ in files that are there before and after."""
    lines = {}
    for path in set(before) & set(after):
        old, new = before[path]["content"], after[path]["content"]
        if isinstance(old, bytes) and isinstance(new, bytes) and old != new:
            texts = [text.decode("latin-1").split("\n") for text in (old, new)]
            lines[path] = [
                line
                for line in difflib.unified_diff(*texts, n=0, lineterm="")
                if line[:3] not in ("---", "+++") and line[0] in "-+"
            ]
    return lines


def effective(binary, config):
    """What php-fpm reads in its files: {section: {name: value}}"""
    sections, section = {}, {}
    for line in re.findall(r"NOTICE: +(.*)", output(binary, "-tt", "-y", config)):
        if line.startswith("["):
            section = sections.setdefault(line.strip("[]"), {})
        elif " = " in line:
            name, _equals, value = line.strip().partition(" = ")
            section[name] = value
    return sections


def workers(wanted):
    """How many the pool www has. Waits up to 3 s for the wanted number."""
    until = time.monotonic() + 3
    while True:
        count = output("ps", "-eo", "args").count("php-fpm: pool www")
        if count == wanted or time.monotonic() > until:
            return count
        time.sleep(0.1)


def main():
    unit, binary, config = sys.argv[1:4]
    now = state.everything("nginx.service", unit)
    before = now
    if os.path.exists(LAST):
        with open(LAST, "rb") as stream:
            before = pickle.load(stream)
    with open(LAST, "wb") as stream:
        pickle.dump(now, stream)
    read = effective(binary, config)
    print(
        json.dumps(
            {
                "differences": state.differences(before, now),
                "lines": edited(before["files"], now["files"]),
                "fpm": read,
                "workers": workers(int(read["www"]["pm.max_children"])),
                "http": page("/index.php"),
                "slow": page("/slow.php?s=0.9") if sys.argv[4:] else None,
                "master": output("systemctl", "show", "-p", "MainPID", unit).strip(),
                "touched": os.path.exists(LEDGER_HOME),
                "nginx": re.findall(r"(?m)^\s*(fastcgi_read_timeout [^;]*);", output("nginx", "-T")),
            }
        )
    )


if __name__ == "__main__":
    main()
