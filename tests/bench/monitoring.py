# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the monitor's script costs a host with 50 pools and 50 sites, at one run in 15 s."""

import re
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.lab import scripts
from tests.lab.engine import execute
from tests.lab.fleet import Fleet
from tests.run import hosts

FLEET = hosts.PREFIX + "bench-monitor"
POOLS, WORKERS, RUNS, INTERVAL = 50, 4, 12, 15
SETUP = r"""
mkdir -p /var/lib/prometheus/node-exporter
for n in $(seq %(pools)d); do
    pool "pool$n" "$RUN_DIR/pool$n.sock" "pm.max_children = %(workers)d"
    cat >"/etc/nginx/conf.d/site$n.conf" <<SITE
server {
    listen 80;
    server_name site$n.example www.site$n.example;
    access_log /var/log/nginx/site$n.log;
    location ~ \.php$ { include fastcgi_params; fastcgi_pass unix:$RUN_DIR/pool$n.sock; }
}
SITE
done
systemctl restart "$FPM_UNIT"
nginx_reload
"""
# 3,000 answers between two runs: 200 a second.
LINES = r"""
line='192.0.2.7 - - [26/Nov/2025:10:00:00 +0000] "GET /item HTTP/1.1" 200 5520 "-" "Mozilla/5.0 (X11)"'
for n in $(seq %(pools)d); do yes "$line" | head -60 >>"/var/log/nginx/site$n.log"; done
systemctl start webmedic-monitor.service
grep -E '^webmedic_last_run_cpu' /var/lib/prometheus/node-exporter/webmedic.prom
"""
SIZES = {"pools": POOLS, "workers": WORKERS}


def measured(home: Path, where: str) -> Sequence[Sequence[str]]:
    """A row of the table. home: the developer's environment; where: the collections."""
    fleet = Fleet(FLEET)
    fleet.down()
    try:
        hosts.lab("up", FLEET, "--hosts", "bookworm:plain", quiet=True)
        (spec,) = fleet.specs()
        container = fleet.container(spec)
        execute(container, scripts.with_helpers(spec, SETUP % SIZES))
        done = hosts.play(home, Path(where), fleet.inventory, "webmedic.php_fpm.monitor")
        if done.returncode:
            sys.exit(done.stdout)
        # The first run reads the configuration, and compiles the script.
        runs = [execute(container, "set -eu\n" + LINES % SIZES) for _run in range(RUNS)]
        costs = [float(re.findall(r" ([\d.]+)$", text, re.M)[-1]) for text in runs]
        later = sorted(costs[2:])
        middle = later[len(later) // 2]
        workers = POOLS * WORKERS
        share = "%.2f %%" % (100 * middle / INTERVAL)
        return [[str(POOLS), str(workers), "%.3f s" % costs[0], "%.3f s" % middle, share]]
    finally:
        fleet.down()
