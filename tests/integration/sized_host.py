# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A host with an exhausted pool of heavy workers, and its memory once all workers are busy."""

import json
import re
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from tests.integration.cgroup import Cgroup, cgroup_of
from tests.lab import scripts
from tests.lab.data import Load, Spec, load_faults, load_suites
from tests.lab.engine import execute
from tests.lab.fleet import Fleet

MIB = 1 << 20
BUSY_WORKERS = Path(__file__).resolve().parent / "on_host" / "busy_workers.py"


class Case(NamedTuple):
    """One host. limit: MiB of the whole host. pools: those beside www. heavy: MiB that each request holds.
    load: what exhausts www.
    """

    suite: str
    fault: str
    limit: int
    opcache: bool
    pools: tuple[str, ...]
    heavy: int
    load: Load


# What all hosts have beside their fault. Of the two workers of another pool one is busy: with both busy, that
# pool would be exhausted, too. A page ends after a minute: it must not outlive a test that was killed.
SETUP = r"""
printf 'opcache.enable=%(opcache)d\n' >"/etc/php/$PHP/fpm/conf.d/99-sizes.ini"
mkdir -p /var/www/news
for place in /var/www/*; do
    cat >"$place/heavy.php" <<'PAGE'
<?php
$held = str_repeat('x', ((int) $_GET['mb']) << 20);
$end = microtime(true) + (float) ($_GET['s'] ?? 0);
$last = $end + 60;
while (microtime(true) < $end
       || isset($_GET['hold']) && file_exists('/run/webmedic-hold') && microtime(true) < $last) {
    usleep(20000);
    clearstatcache();
}
echo "ok\n";
PAGE
done
echo '<?php echo opcache_get_status(false) ? 1 : 0;' >/var/www/shop/opcache.php
for name in %(pools)s; do
    pool "$name" "$RUN_DIR/$name.sock"
    site "$name" "unix:$RUN_DIR/$name.sock"
done
systemctl restart "$FPM_UNIT"
nginx_reload
opcache=$(curl -s -m 10 http://127.0.0.1/opcache.php)
[ "$opcache" = %(opcache)d ] || { echo "opcache is '$opcache' instead of %(opcache)d" >&2; exit 1; }
for name in %(pools)s; do
    url='http://127.0.0.1/heavy.php?mb=%(heavy)d&s=2'
    request="curl -s -o /dev/null -m 60 -H 'Host: $name.example' '$url'"
    systemd-run --quiet --collect bash -c "while :; do $request; done"
done
"""
# A vhost without a timeout of three seconds, so that all workers can be held for as long as measuring takes.
PATIENT = r"""
ln -sfn /var/www/shop /var/www/patient
site patient "$PASS"
nginx_reload
touch /run/webmedic-hold
"$FPM_BIN" -tt -y "$FPM_CONF" 2>&1 || echo "php-fpm -t: exit code $?"
"""


class Host:
    """One case, in its container."""

    def __init__(self, fleet: Fleet, case: Case) -> None:
        fault = load_faults()[case.fault]
        script = fault.script + SETUP % {
            "opcache": case.opcache,
            "pools": " ".join(case.pools),
            "heavy": case.heavy,
        }
        self.case = case
        self.spec = Spec(load_suites()[case.suite], fault._replace(script=script, load=case.load))
        self.container = fleet.container(self.spec)
        self.cgroup: Cgroup | None = None
        self.killed = 0  # before anything was asked

    def prepare(self) -> str:
        """Set the limit, the fault and the load. Returns the words of the symptom."""
        self.cgroup = cgroup_of(self.container)
        self.cgroup.limit(self.case.limit * MIB)
        self.killed = self.cgroup.kills()
        return scripts.verdict(
            execute(self.container, scripts.broken(self.spec) + "\n" + scripts.traffic(self.spec))
        )

    def configured(self) -> tuple[str, dict[str, int]]:
        """End the load. Returns what php-fpm -tt says, and pm.max_children by pool in it."""
        output = execute(
            self.container,
            scripts.calm()
            + scripts.broken(self.spec._replace(fault=self.spec.fault._replace(script=PATIENT))),
        )
        sections = re.findall(
            r"NOTICE: +\[([^\]\n]+)\]$(.*?)(?=NOTICE: +\[[^\]\n]+\]$|\Z)", output, re.M | re.S
        )
        matches = {name: re.search(r"pm\.max_children = (\d+)", text) for name, text in sections}
        return output, {name: int(match.group(1)) for name, match in matches.items() if match}

    def measure(self, most: Mapping[str, int]) -> dict[str, Any]:
        """Make all workers of all pools busy. most: workers by pool.

        Returns {workers: {pool: [kB of each: uss, pss, held]}, held: bytes, busy, answers}.
        """
        sites = {
            name: ("patient.example" if name == "www" else name + ".example", count)
            for name, count in most.items()
        }
        job = shlex.quote(json.dumps({"pools": sites, "heavy": self.case.heavy}))
        program = BUSY_WORKERS.read_text(encoding="utf-8")
        output = execute(self.container, "python3 - %s <<'PROGRAM'\n%s\nPROGRAM\n" % (job, program))
        return json.loads(output)

    def budget(self, load: Mapping[str, Any], most: Mapping[str, int]) -> tuple[int, int, str]:
        """What is left of the limit in bytes, what a worker of www takes, and the sum in words. load: as
        measured; most: workers by pool.
        """
        workers = [worker for pool in load["workers"].values() for worker in pool]
        others = load["held"] - 1024 * sum(worker["held"] for worker in workers)
        shared = 1024 * sum(worker["pss"] - worker["uss"] for worker in workers)
        largest = {
            name: 1024 * max((worker["uss"] for worker in load["workers"].get(name, [])), default=0)
            for name in most
        }
        needed = others + shared + sum(count * largest[name] for name, count in most.items())
        pools = " + ".join(
            "%s %d x %.1f" % (name, count, largest[name] / MIB) for name, count in sorted(most.items())
        )
        words = "%s + shared %.1f + others %.1f = %.1f of %d MiB" % (
            pools,
            shared / MIB,
            others / MIB,
            needed / MIB,
            self.case.limit,
        )
        words += "; held by %d workers and all else: %.1f MiB" % (len(workers), load["held"] / MIB)
        return self.case.limit * MIB - needed, largest["www"], words
