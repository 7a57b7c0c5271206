# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a large access log on a host adds to the host's CPU of a diagnosis."""

import os
import statistics

from tests.bench.engine_runs import FLEET, HERE, MODULE, ROUNDS, floor_playbook, playbook
from tests.bench.host_cost import timed_interpreter, times_of_hosts
from tests.bench.measure import table
from tests.run import hosts

SIZE = int(os.environ.get("BENCH_ACCESS_LOG", str(5 * 10**9)))  # bytes
LOG, LARGE = "/var/log/nginx/access.log", "/var/log/nginx/large"
NAMES = {"no line": ":>%s" % LOG, "%.1f GB" % (SIZE / 1e9): "ln -f %s %s" % (LARGE, LOG)}


def measured(where: str) -> None:
    """On one host, by turns: other work of the machine then meets both alike."""
    hosts.lab("down", FLEET, quiet=True, check=False)
    try:
        hosts.lab("fleet", FLEET, "--hosts", "bookworm:plain", quiet=True)
        program = (HERE / "on_host" / "access_log.py").read_text(encoding="utf-8")
        script = "cat >/tmp/large.py <<'CODE'\n%sCODE\npython3 /tmp/large.py %s %d; rm /tmp/large.py"
        hosts.lab("exec", FLEET, "-c", script % (program, LARGE, SIZE))
        timed_interpreter()
        used: dict[str, list[float]] = {name: [] for name in NAMES}
        for _round in range(ROUNDS):
            for name, command in NAMES.items():
                hosts.lab("exec", FLEET, "-c", "rm -f %s; %s" % (LOG, command))
                playbook(
                    where,
                    hosts.inventory(FLEET),
                    str(floor_playbook(MODULE)),
                    "-e",
                    "ansible_python_interpreter=/usr/local/bin/timed-python",
                )
                used[name] += times_of_hosts()
    finally:
        hosts.lab("down", FLEET, quiet=True)
    least = statistics.median(used["no line"])
    rows = [
        [
            name,
            "%.2f s" % statistics.median(times),
            "%.2f s" % max(times),
            "%.2f" % (statistics.median(times) / least),
        ]
        for name, times in used.items()
    ]
    table(
        "Host CPU of one run of diagnosis_info, by the access log of the host",
        ["access log", "median", "most", "times that without"],
        rows,
    )
