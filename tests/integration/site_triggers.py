# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What brings about the seven causes of a 502, done to a site of the role. Some cannot happen any more. The
others stay within the site's own pool.
"""

import time
from collections.abc import Iterator

from tests.integration.site_host import SiteHost
from tests.run.checks import Check, differs

# One after the other, so that no two of them are mixed up.
KILL_MASTER = 'kill -9 "$(systemctl show -p MainPID --value "$FPM_UNIT")"'
KILL_WORKER = "kill -9 $(pgrep -f 'php-fpm: pool {name}( |$)' | head -n 1)"
FLOOD = (
    "for _ in $(seq 12); do curl -s -o /dev/null -m 15 -H 'Host: {name}.example' "
    "'http://127.0.0.1/index.php?do=slow&s=3' & done"
)
WITHIN = 15.0  # seconds until a site must answer again


def answers(host: SiteHost, name: str, seconds: float = WITHIN) -> object:
    """None once a page of the site comes; else what came last."""
    deadline = time.monotonic() + seconds
    while True:
        got = host.ask(name, "/index.php?do=who", seconds=5)[0]
        if got.status == 200:
            return None
        if time.monotonic() > deadline:
            return got
        time.sleep(0.3)


def triggers(host: SiteHost, name: str, other: str) -> Iterator[Check]:
    """other: another site of the role on the host."""
    host.script(KILL_MASTER)
    yield host.check("1 not running: a killed master comes back by itself", answers(host, name))
    yield from cut(host, name)
    yield from full(host, name, other)
    yield from slow(host, name)
    yield from memory(host, name, other)
    yield from invalid(host, name, other)


def cut(host: SiteHost, name: str) -> Iterator[Check]:
    """Causes 2 and 3: after a restart the socket is where nginx dials it, with nginx's rights."""
    host.visitors(name, "/index.php?do=who")
    host.script('systemctl restart "$FPM_UNIT"')
    yield host.check("2 and 3 socket: it answers after a restart", answers(host, name))
    seen = host.left()
    yield host.check(
        "under load a restart costs a moment alone",
        None if seen.get("200", 0) > 10 and not set(seen) - {"200", "502"} else seen,
    )
    host.visitors(name, "/index.php?do=slow&s=0.5")
    host.script('systemctl reload "$FPM_UNIT" nginx; sleep 2; systemctl reload "$FPM_UNIT"; sleep 2')
    yield host.check("under load reloads cost no request", differs(set(host.left()), {"200"}))


def full(host: SiteHost, name: str, other: str) -> Iterator[Check]:
    """Cause 4: the pool is full, and its neighbour is not. The status is told all the while."""
    host.script(FLOOD.format(name=name) + "\nsleep 1")
    got = host.ask(other, "/", seconds=10)[0]
    yield host.check("4 exhausted: the other site answers", differs(got.status, 200))
    yield host.check("4 exhausted: it answers again by itself", answers(host, name, 40))


def slow(host: SiteHost, name: str) -> Iterator[Check]:
    """Cause 5: php-fpm ends the script before nginx gives up, and a robot is told to come back."""
    began = time.monotonic()
    got = host.ask(name, "/index.php?do=slow&s=30")[0]
    took = time.monotonic() - began
    yield host.check(
        "5 too slow: php-fpm ends it first", None if got.status == 502 and 7 < took < 13.5 else (got, took)
    )
    yield host.check("5 too slow: nginx's own page, with Retry-After", differs(got.retry_after, "30"))


def memory(host: SiteHost, name: str, other: str) -> Iterator[Check]:
    """Cause 6: a script that eats all memory ends by its limit; a killed worker takes nobody along."""
    got = host.ask(name, "/index.php?do=eat")[0]
    yield host.check("6 memory: the script ends with 500, by its limit", differs(got.status, 500))
    yield host.check("6 memory: the other site answers", differs(host.ask(other, "/")[0].status, 200))
    host.script(KILL_WORKER.format(name=name))
    yield host.check("6 memory: after a killed worker it answers", answers(host, name))
    policy = host.script('systemctl show -p OOMPolicy,Restart --value "$FPM_UNIT"').split()
    yield host.check(
        "6 memory: the unit outlives a kill", differs(sorted(policy), ["continue", "on-failure"])
    )


def invalid(host: SiteHost, name: str, other: str) -> Iterator[Check]:
    """Cause 7: a worker that crashes loses its own request alone."""
    got = host.ask(name, "/index.php?do=segv")[0]
    yield host.check("7 invalid: a crash costs its own request", differs(got.status, 502))
    yield host.check("7 invalid: the next one is served", answers(host, name, 3))
    yield host.check("7 invalid: the other site answers", differs(host.ask(other, "/")[0].status, 200))
