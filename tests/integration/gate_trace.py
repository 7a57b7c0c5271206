# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A whole gate in check mode, with its report handed on, leaves nothing behind on real hosts. Only the lines
of the pages that it asked for stay in the logs.
"""

import json
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from tests.integration.compare import changes, settled
from tests.integration.put_server import put_server
from tests.run import env, hosts
from tests.run.checks import Check

MARK = "touch /root/mark; sleep 1"
# What came into being or was changed since. /run and /proc are file systems of their own.
NEWER = "find / -xdev -newer /root/mark ! -type d"
# What the system writes of each login, and the log of the pages that were asked.
WRITTEN = ("/var/log/journal/", "/var/log/wtmp", "/var/log/lastlog", "/var/log/btmp", "/var/log/auth.log")
PAGE_LOGS = ("/var/log/nginx/access.log", "/var/log/nginx/shop.access.log")


def whole_gate(fleet: str, scripts: Mapping[str, Callable[[str], str]]) -> Iterator[Check]:
    """scripts: by the names of the fleet's hosts, what runs bash there."""
    place = env.WORK / "gate-trace"
    shutil.rmtree(place, ignore_errors=True)
    before = hosts.fingerprint(fleet)
    for script in scripts.values():
        script(MARK)
    with put_server() as server:
        options = {
            "gate_phase": "before",
            "gate_report_dir": str(place),
            "gate_probe_path": "/index.php",
            "gate_report_upload": {"url": server.url + "/gate/{run}/{file}"},
        }
        done = hosts.play(
            Path(sys.prefix),
            env.tree("tree-gate-trace"),
            hosts.inventory(fleet),
            "webmedic.php_fpm.gate",
            *("--check", "-e", json.dumps(options)),
        )
        arrived = [path.rpartition("/")[2] for path in server.stored("/gate/")]
    after = hosts.fingerprint(fleet)
    opened = done.returncode == 0 and "Gate before: open" in done.stdout
    yield Check(fleet, "the gate opens in check mode", None if opened else done.stdout[-3000:])
    yield Check(fleet, "its report arrives", None if "report.json" in arrived else str(arrived))
    for host, script in scripts.items():
        differ = "; ".join(changes(settled(before[host]), settled(after[host])))
        yield Check(host, "a whole gate in check mode changes nothing", differ or None)
        found = [path for path in script(NEWER).split("\n") if path and not path.startswith(WRITTEN)]
        left = [path for path in found if path not in PAGE_LOGS]
        yield Check(host, "and leaves no file", "; ".join(left) or None)
        yield Check(host, "but the line of a page", None if found else "no page was asked")
