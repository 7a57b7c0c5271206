# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A host with an exhausted pool of heavy workers, and what its memory holds once all workers are busy."""

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
    """limit: MiB of the whole host. heavy: MiB that each request holds. pools: names of others beside www.
    load: what exhausts www.
    """

    suite: str
    fault: str
    limit: int
    opcache: bool
    pools: tuple[str, ...]
    heavy: int
    load: Load


# What all hosts have beside their fault. Of two workers of another pool one is busy: with both it would be
# exhausted, too. A limit of time keeps a page from outliving a test that was killed.
SETUP = r"""
printf 'opcache.enable=%(opcache)d\n' >"/etc/php/$PHP/fpm/conf.d/99-sizes.ini"
mkdir -p /var/www/news
for place in /var/www/*; do
    cat >"$place/heavy.php" <<'PAGE'
<?php
$held = str_repeat('x', ((int) $_GET['mb']) << 20);
$end = microtime(true) + (float) ($_GET['s'] ?? 0);
while (microtime(true) < $end || isset($_GET['hold']) && file_exists('/run/webmedic-hold') && microtime(true) < $end + 60) {
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
found=$(curl -s -m 10 http://127.0.0.1/opcache.php)
[ "$found" = %(opcache)d ] || { echo "opcache is '$found' instead of %(opcache)d" >&2; exit 1; }
for name in %(pools)s; do
    request="curl -s -o /dev/null -m 60 -H 'Host: $name.example' 'http://127.0.0.1/heavy.php?mb=%(heavy)d&s=2'"
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
        self.case, self.spec = (
            case,
            Spec(load_suites()[case.suite], fault._replace(script=script, load=case.load)),
        )
        self.container = fleet.container(self.spec)
        self.cgroup: Cgroup | None = None
        self.killed = 0  # before anything was asked

    def prepare(self) -> str:
        """Limit, fault and load; the words of the symptom."""
        self.cgroup = cgroup_of(self.container)
        self.cgroup.limit(self.case.limit * MIB)
        self.killed = self.cgroup.kills()
        return scripts.verdict(
            execute(self.container, scripts.broken(self.spec) + "\n" + scripts.traffic(self.spec))
        )

    def configured(self) -> tuple[str, dict[str, int]]:
        """What php-fpm -tt says, and pm.max_children by pool in it. The load ends here."""
        output = execute(
            self.container,
            scripts.calm()
            + scripts.broken(self.spec._replace(fault=self.spec.fault._replace(script=PATIENT))),
        )
        sections = re.findall(
            r"NOTICE: +\[([^\]\n]+)\]$(.*?)(?=NOTICE: +\[[^\]\n]+\]$|\Z)", output, re.M | re.S
        )
        found = {name: re.search(r"pm\.max_children = (\d+)", text) for name, text in sections}
        return output, {name: int(number.group(1)) for name, number in found.items() if number}

    def measure(self, most: Mapping[str, int]) -> dict[str, Any]:
        """With all workers of all pools busy: {workers: {pool: [kB of each: uss, pss, held]}, held: bytes,
        busy, answers}.
        """
        sites = {
            name: ("patient.example" if name == "www" else name + ".example", count)
            for name, count in most.items()
        }
        job = shlex.quote(json.dumps({"pools": sites, "heavy": self.case.heavy}))
        program = BUSY_WORKERS.read_text(encoding="utf-8")
        output = execute(self.container, "python3 - %s <<'PROGRAM'\n%s\nPROGRAM\n" % (job, program))
        return json.loads(output)

    def budget(self, seen: Mapping[str, Any], most: Mapping[str, int]) -> tuple[int, int, str]:
        """What is left of the limit in bytes, what a worker of www takes, and the sum in words."""
        everyone = [one for pool in seen["workers"].values() for one in pool]
        others = seen["held"] - 1024 * sum(one["held"] for one in everyone)
        shared = 1024 * sum(one["pss"] - one["uss"] for one in everyone)
        largest = {
            name: 1024 * max([one["uss"] for one in seen["workers"].get(name, [])] or [0]) for name in most
        }
        needed = others + shared + sum(count * largest[name] for name, count in most.items())
        pools = " + ".join(
            "%s %d x %.1f" % (name, count, largest[name] / MIB) for name, count in sorted(most.items())
        )
        numbers = (
            pools,
            shared / MIB,
            others / MIB,
            needed / MIB,
            self.case.limit,
            len(everyone),
            seen["held"] / MIB,
        )
        words = (
            "%s + shared %.1f + others %.1f = %.1f of %d MiB; held by %d workers and all else: %.1f MiB"
            % numbers
        )
        return self.case.limit * MIB - needed, largest["www"], words
