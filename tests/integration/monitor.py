# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role monitor on real hosts: ``python3 -m tests.integration.monitor [SUITE ...] [--few]``.

It is installed as check mode said, and twice the same. A healthy host has no alert. One that is saturated for
real on a unix socket is named. No link is followed. It is removed without a trace. --few: one host, without
Prometheus. FLEET_KEEP=1 leaves the hosts.
"""

import argparse
import os
import re
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.integration import monitor_rules
from tests.integration.few_hosts import FewHosts, run
from tests.integration.monitor_server import EXPORTER_PORT, SCRAPE, Server, prometheus, wait
from tests.lab import scripts
from tests.lab.engine import address, engine
from tests.run import env, hosts
from tests.run.checks import Check, differs
from tests.run.prometheus import program

FLEET = hosts.PREFIX + "monitor"
WORK = env.WORK / "monitor"
FOLDER = "/var/lib/prometheus/node-exporter"
PROM = FOLDER + "/webmedic.prom"
RECAP = re.compile(r"^(\S+) +: ok=(\d+) +changed=(\d+) +unreachable=(\d+) +failed=(\d+)", re.M)
SERIES = re.compile(r"^(webmedic_\w+)\{(.*)\} (\S+)$", re.M)

# Beside shop and blog there are a site and a pool whose names try to break a line of metrics. A log is of
# another owner, with mode 0600. A pool has its status page on a listener of its own, which anybody may open.
SETUP = r"""
mkdir -p /var/lib/prometheus/node-exporter
pool_set pm static
pool_set pm.max_children 3
pool 'a\b{c}=d' "$RUN_DIR/odd.sock"
if [ "$PHP" != 7.4 ]; then
    pool paged "$RUN_DIR/paged.sock" "pm.status_path = /fpm" "pm.status_listen = 127.0.0.1:9199"
fi
cat >/etc/nginx/conf.d/odd.conf <<'SITE'
server {
    listen 80;
    server_name 'odd"} 1\n' odd.example;
    access_log /var/log/nginx/odd.log;
    location ~ \.php$ { include fastcgi_params; fastcgi_pass unix:/nowhere.sock; }
}
SITE
touch /var/log/nginx/odd.log; chmod 600 /var/log/nginx/odd.log; chown root:root /var/log/nginx/odd.log
systemctl restart "$FPM_UNIT"
nginx -t -q
nginx_reload
"""
# One that the timer has begun does not count: it may have looked before.
RUN = "for n in 1 2; do systemctl start webmedic-monitor.service; done; cat %s" % PROM
READ_AT = "grep -o '\"at\":[0-9.]*' /var/lib/webmedic-monitor/state.json;"
# Nine requests on three workers, each for as long as the file is there, but a minute at most.
SATURATE = r"""
cat >/var/www/shop/hold.php <<'PAGE'
<?php for ($i = 0; $i < 600 && file_exists('/run/hold'); $i++) { usleep(100000); clearstatcache(); }
PAGE
touch /run/hold
for n in 1 2 3 4 5 6 7 8 9; do
    systemd-run --quiet --collect curl -s -o /dev/null -m 70 -H 'Host: shop.example' http://127.0.0.1/hold.php
done
"""
TRACES = r"""
find / -xdev -name '*webmedic*' -not -path '/proc/*' -not -path '/var/log/journal/*' 2>/dev/null || :
getent passwd webmedic-monitor || :
getent group webmedic-monitor || :
systemctl list-units --all --plain --no-legend 'webmedic*'
"""


SECRETS = ("/home", "/root", "/etc/shadow", "/var/www", "/etc/ssh")
# The unit, with another command.
VIEW = r"""
systemctl cat webmedic-monitor.service |
    sed 's|^ExecStart=.*|ExecStart=/bin/sh -c "ls -d %s; id -un"|' >/run/systemd/system/look.service
systemctl daemon-reload
systemctl start look.service || :
journalctl -q -o cat -u look.service --no-pager
rm /run/systemd/system/look.service
systemctl daemon-reload
""" % " ".join(SECRETS)


# As whoever may start a program by sudo can do it: the name and the title are theirs to choose.
IMPOSTORS = r"""
cp /bin/sleep /tmp/php-fpm9.9
cp /bin/sleep /tmp/nginx
cat >/tmp/evil.conf <<'CONF'
[global]
pid = /tmp/evil.pid
[evil]
user = games
listen = /tmp/evil.sock
pm = static
pm.max_children = 7
CONF
cat >/tmp/nginx.conf <<'CONF'
events {}
http { server { listen 81; server_name evil.example; access_log /var/log/nginx/odd.log;
    location / { fastcgi_pass unix:/tmp/evil.sock; } } }
CONF
systemd-run -q --collect --unit=evil-unit bash -c \
    'exec -a "php-fpm: master process (/tmp/evil.conf)" /tmp/php-fpm9.9 9999'
systemd-run -q --collect --unit=evil-nginx bash -c \
    'exec -a "nginx: master process /usr/sbin/nginx -c /tmp/nginx.conf" /tmp/nginx 9999'
(exec -a "php-fpm: master process ($FPM_CONF)" setsid /tmp/php-fpm9.9 9999 </dev/null >/dev/null 2>&1 &)
for tasks in /sys/fs/cgroup/{systemd/,}"system.slice/$FPM_UNIT/cgroup.procs"; do
    [ ! -e "$tasks" ] || pgrep -x php-fpm9.9 | tail -n 1 >"$tasks" || :
done
sleep 1
rm /var/lib/webmedic-monitor/state.json
"""


def changed(output: str) -> dict[str, int]:
    """Tasks that changed something, by host; -1 where one failed."""
    return {row[0]: -1 if int(row[3]) or int(row[4]) else int(row[2]) for row in RECAP.findall(output)}


class Metrics:
    """What the script wrote."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.rows = SERIES.findall(text)

    def value(self, name: str, **labels: str) -> float | None:
        for found, written, value in self.rows:
            if found == name and all('%s="%s"' % pair in written for pair in labels.items()):
                return float(value)
        return None


class Monitored:
    """The hosts, and the playbook on them."""

    def __init__(self, few: FewHosts) -> None:
        self.few = few

    def play(self, *words: str) -> tuple[dict[str, int], str]:
        done = hosts.play(
            Path(sys.prefix),
            env.tree("tree-monitor"),
            self.few.fleet.inventory,
            "webmedic.php_fpm.monitor",
            *words,
        )
        return changed(done.stdout), done.stdout

    def exact(self, what: str, whole: bool, *words: str) -> Iterator[Check]:
        """Check mode says what a run does, and a second run does nothing. whole: check mode once more."""
        planned, planned_output = self.play("--check", "--diff", *words)
        done, output = self.play(*words)
        again, again_output = self.play(*words)
        last, last_output = self.play("--check", *words) if whole else (again, "")
        for host in self.few.specs:
            good = done.get(host, -1) > 0
            yield Check(host, what, None if good else output[-3000:])
            same = planned.get(host) == done.get(host)
            yield Check(host, what + " as check mode said", None if same else planned_output[-3000:])
            still = again.get(host) == last.get(host) == 0
            yield Check(host, what + " once", None if still else again_output + last_output[-3000:])

    def removed(self) -> Iterator[Check]:
        done, output = self.play("-e", "monitor_state=absent")
        for host in self.few.specs:
            yield Check(host, "it is removed", None if done.get(host, -1) > 0 else output[-3000:])

    def run(self, host: str) -> Metrics:
        return Metrics(self.few.script(host, RUN))


def healthy(monitored: Monitored, host: str) -> Iterator[Check]:
    metrics = monitored.run(host)
    yield Check(
        host, "promtool accepts the metrics", monitor_rules.promtool("check", "metrics", text=metrics.text)
    )
    yield Check(
        host, "no pool is saturated", differs(metrics.value("webmedic_pool_saturated", pool="www"), 0)
    )
    yield Check(
        host, "its limit is known", differs(metrics.value("webmedic_pool_max_children", pool="www"), 3)
    )
    idle = metrics.value("webmedic_pool_workers", pool="www", state="idle")
    yield Check(host, "its workers are idle", differs(idle, 3))
    lacks = [row for row in metrics.rows if row[0] == "webmedic_missing"]
    yield Check(host, "all can be seen", None if not lacks else "%s" % lacks)
    read = [monitored.few.script(host, READ_AT + RUN + " >/dev/null") for _run in range(2)]
    yield Check(host, "the configuration is read once", differs(read[1], read[0]))
    odd = metrics.value("webmedic_pool_workers", pool=r"a\\b{c}=d", state="idle")
    yield Check(host, "a pool with an odd name has its metrics", None if odd == 2 else metrics.text[:3000])


def counts(monitored: Monitored, host: str) -> Iterator[Check]:
    """What happens between two runs, by site, by pool, by signal."""
    few = monitored.few
    before = monitored.run(host)
    few.script(
        host,
        "for n in 1 2 3; do curl -s -o /dev/null -H 'Host: odd.example' http://127.0.0.1/x.php; done;"
        "curl -s -o /dev/null -H 'Host: shop.example' http://127.0.0.1/segv.php || :; sleep 1",
    )
    after = monitored.run(host)

    def grown(name: str, **labels: str) -> float:
        return (after.value(name, **labels) or 0) - (before.value(name, **labels) or 0)

    odd = grown("webmedic_site_responses_total", site=r"odd\"} 1\n", status="502")
    yield Check(host, "a site's lost requests are counted", differs(odd, 3))
    exits = grown("webmedic_pool_worker_exits_total", pool="www", signal="SIGSEGV")
    yield Check(host, "a crash is counted", differs(exits, 1))
    few.script(
        host, "kill -9 $(pgrep -f 'php-fpm: pool www' | head -1); systemctl restart \"$FPM_UNIT\"; sleep 1"
    )
    restarted = monitored.run(host)
    starts = (restarted.value("webmedic_fpm_starts_total") or 0) - (
        after.value("webmedic_fpm_starts_total") or 0
    )
    yield Check(host, "a restart is counted", differs(starts, 1))
    kept = restarted.value("webmedic_pool_worker_exits_total", pool="www", signal="SIGSEGV")
    yield Check(
        host,
        "a counter stays",
        differs(kept, after.value("webmedic_pool_worker_exits_total", pool="www", signal="SIGSEGV")),
    )


def saturated(monitored: Monitored, host: str) -> Iterator[Check]:
    monitored.few.script(host, SATURATE + "sleep 1")
    metrics = monitored.run(host)
    seen = {
        "saturated": metrics.value("webmedic_pool_saturated", pool="www"),
        "queue": metrics.value("webmedic_pool_accept_queue", pool="www"),
        "busy": metrics.value("webmedic_pool_workers", pool="www", state="busy"),
        "others": metrics.value("webmedic_pool_saturated", pool="paged") or 0,
    }
    wanted = {"saturated": 1, "queue": 6, "busy": 3, "others": 0}
    yield Check(host, "a saturated pool says so, and no other one", differs(seen, wanted))
    monitored.few.script(host, "rm /run/hold; sleep 2")
    quiet = monitored.run(host)
    yield Check(
        host, "and no more when it is over", differs(quiet.value("webmedic_pool_saturated", pool="www"), 0)
    )


def closed(monitored: Monitored, host: str) -> Iterator[Check]:
    """What the account, and who has taken it over, cannot do."""
    traps = r"""
        echo precious >/root/victim
        for trap in /run/webmedic-monitor/webmedic.prom /var/lib/webmedic-monitor/state.json; do
            runuser -u webmedic-monitor -- ln -sfn /root/victim "$trap"
        done
        systemctl start webmedic-monitor.service
        cat /root/victim; stat -c %F /run/webmedic-monitor/webmedic.prom; stat -c %U /root/victim
        runuser -u webmedic-monitor -- touch /var/lib/prometheus/node-exporter/x.prom 2>/dev/null || :
        ls /var/lib/prometheus/node-exporter
        rm /root/victim
    """
    listing = monitored.few.script(host, traps).split()
    wanted = ["precious", "regular", "file", "root", "webmedic.prom"]
    yield Check(host, "no link of the account's is followed", differs(listing, wanted))
    shown = monitored.few.script(host, VIEW)
    hidden = [path for path in SECRETS if "\n%s\n" % path in "\n" + shown]
    good = not hidden and "webmedic-monitor" in shown
    yield Check(host, "it sees no home, no site and no secret", None if good else shown)


def impostors(monitored: Monitored, host: str) -> Iterator[Check]:
    """Processes of root's that only have a master's title: one of a unit of its own, one among php-fpm's."""
    few = monitored.few
    try:
        few.script(host, IMPOSTORS)
        metrics = monitored.run(host)
        configs = sorted(set(re.findall(r'config="([^"]*)"', metrics.text)))
        yield Check(host, "a title alone has no metrics", None if len(configs) == 1 else "%s" % configs)
        lacks = sorted(what for name, what, _value in metrics.rows if name == "webmedic_missing")
        named = [what for what in ("fpm_master", "nginx_master") if not any(what in row for row in lacks)]
        yield Check(host, "what only has a title is named", "%s: %s" % (named, lacks) if named else None)
        odd = "evil.example" in metrics.text
        yield Check(host, "no log of its choice is read", metrics.text[:3000] if odd else None)
        seen = metrics.value("webmedic_pool_workers", pool="www", state="idle")
        yield Check(host, "the real master has its metrics", differs(seen, 3))
    finally:
        few.script(host, "systemctl stop evil-unit evil-nginx; pkill -x php-fpm9.9 || :")


def chain(monitored: Monitored, host: str) -> Iterator[Check]:
    """node exporter and Prometheus: from the first request that waits to the alert."""
    few = monitored.few
    container = few.fleet.container(few.specs[host])
    engine("cp", str(program("prometheus-node-exporter")), container + ":/usr/local/bin/node-exporter")
    few.script(
        host,
        "systemd-run --quiet --unit=node-exporter --uid=nobody /usr/local/bin/node-exporter"
        " --collector.disable-defaults --collector.textfile --collector.textfile.directory=%s" % FOLDER,
    )
    (item,) = [each for each in few.fleet._containers() if each["Name"].lstrip("/") == container]
    target = "%s:%d" % (address(item, few.fleet.network), EXPORTER_PORT)
    with prometheus(WORK / "server", [target]) as server:
        first = wait(60, lambda: server.query("webmedic_last_run_timestamp_seconds"))
        yield Check(host, "Prometheus has its metrics", None if first else "none in a minute")
        time.sleep(2 * SCRAPE)
        yield Check(host, "healthy: no alert fires", differs(server.firing(), []))
        yield from fires(monitored, host, server)


def fires(monitored: Monitored, host: str, server: Server) -> Iterator[Check]:
    began = time.monotonic()
    monitored.few.script(host, SATURATE)
    wanted = {
        "alertname": "WebmedicPoolSaturated",
        "pool": "www",
        "host": host,
        "cause": "max_children_exhausted",
    }

    def named() -> bool:
        return any(wanted.items() <= labels.items() for labels in server.firing())

    seen = wait(4 * SCRAPE, named, 0.2)
    took = time.monotonic() - began
    words = "the alert fires and names host and pool within two scrapes (%.0f s)" % took
    yield Check(host, words, None if seen and took <= 2 * SCRAPE else "%.1f s: %s" % (took, server.firing()))
    others = sorted({labels["pool"] for labels in server.firing() if labels.get("pool", "www") != "www"})
    yield Check(host, "and no other pool", differs(others, []))
    monitored.few.script(host, "rm /run/hold")
    over = wait(3 * SCRAPE, lambda: not named())
    yield Check(host, "it ends when the pool is free again", None if over else "%s" % server.firing())


def prove(few: FewHosts, whole: bool) -> Iterator[Check]:
    yield from monitor_rules.checks(WORK)
    monitored = Monitored(few)
    for host in few.specs:
        few.script(host, scripts.with_helpers(few.specs[host], SETUP))
    traces = {host: few.script(host, TRACES) for host in few.specs}
    yield from monitored.exact("it is installed", whole)
    for host in few.specs:
        yield from healthy(monitored, host)
        yield from counts(monitored, host)
        yield from saturated(monitored, host)
        yield from closed(monitored, host)
        yield from impostors(monitored, host)
    if whole:
        yield from chain(monitored, list(few.specs)[0])
    if whole:
        yield from monitored.exact("it is removed", whole, "-e", "monitor_state=absent")
    else:
        yield from monitored.removed()
    for host, before in traces.items():
        yield Check(host, "nothing of it is left", differs(few.script(host, TRACES), before))


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("suites", nargs="*", metavar="SUITE", default=["bookworm"])
    parser.add_argument("--few", action="store_true")
    args = parser.parse_args(argv)
    patterns = ",".join("%s:plain" % suite for suite in args.suites)
    return run(FLEET, patterns, lambda few: prove(few, not args.few))


if __name__ == "__main__":
    os.umask(0o022)
    sys.exit(main(sys.argv[1:]))
