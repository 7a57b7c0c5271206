# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later


"""From an alert to the cure, live. Two real hosts break, Prometheus sees it, and ansible-rulebook is told.

One host is mended within the policy. Of the other a person is asked. DEMO_KEEP=1 leaves the hosts.
"""

import os
import sys
import time
from collections.abc import Iterator
from itertools import groupby

from tests.integration.chain import Chain, wait_for
from tests.integration.cure import SOCKET, STOP, Stage, chain_of, started
from tests.integration.put_server import put_server
from tests.integration.visits import Visits
from tests.run import hosts
from tests.run.demo import Clock

SITE, PAGE = "shop.example", "/index.php"
MOST = 300.0  # seconds until it is given up
POLICY = """The policy of this demo:
    rules:
      - decision: mend
        cause: fpm_not_running
        confidence: certain
    (where no rule fits, a person is asked)
"""
COLUMNS = {"visitors": "visitors", "alert": "Prometheus", "decision": "response"}


class Watch:
    """Tells what is new, with the seconds since the break."""

    def __init__(self, chain: Chain, stage: Stage, visits: Visits) -> None:
        self.chain, self.stage, self.visits = chain, stage, visits
        self.broke = time.time()
        self.shown: set[str] = set()

    def tell(self, at: float, what: str, words: str) -> None:
        print("%6.1f s  %-10s  %s" % (at - self.broke, COLUMNS[what], words), flush=True)

    def _visitors(self) -> Iterator[tuple[float, str, str]]:
        for host, made in self.visits.made.items():
            since = [visit for visit in list(made) if visit.ended > self.broke]
            for number, (words, group) in enumerate(groupby(since, key=lambda visit: visit.words)):
                if number or words:
                    first = list(group)[0]
                    seen = words or "HTTP 200 again, %.1f s after the break" % (first.ended - self.broke)
                    yield first.ended, "visitors", "%s: %s" % (host, seen)

    def _alerts(self) -> Iterator[tuple[float, str, str]]:
        for item in self.chain.samples('ALERTS{alertstate="firing"}'):
            labels = item["metric"]
            yield time.time(), "alert", "%s fires for %s" % (labels["alertname"], labels.get("host", "-"))

    def _decisions(self) -> Iterator[tuple[float, str, str]]:
        for line in self.chain.lines():
            done = ", by %s" % ", ".join(line["actions"]) if line.get("actions") else ""
            words = "%s: %s%s. %s" % (line["host"], line["decision"], done, line["why"])
            yield time.time(), "decision", words

    def look(self) -> None:
        for at, what, words in sorted([*self._visitors(), *self._alerts(), *self._decisions()]):
            if what + words not in self.shown:
                self.shown.add(what + words)
                self.tell(at, what, words)

    def over(self) -> bool:
        self.look()
        lines, unmended = self.chain.lines(), self.stage.unmended
        request = any(line["host"] == unmended and line["decision"] == "asked" for line in lines)
        made = self.visits.made[self.stage.mended]
        return self.chain.closed(self.stage.mended) and request and bool(made) and not made[-1].words


def show(chain: Chain, stage: Stage, clock: Clock) -> int:
    clock.tell("Prometheus, Alertmanager and ansible-rulebook start")
    chain.rulebook()
    chain.watch(stage.addresses())
    if not wait_for(lambda: len(chain.samples("webmedic_fpm_up == 1")) >= len(stage.field.specs), 90):
        print("WRONG Prometheus has no metrics of the hosts")
        return 1
    print(POLICY)
    with Visits(stage.addresses(), SITE, PAGE) as visits:
        time.sleep(2)
        clock.tell(
            "php-fpm of %s is stopped; the socket of %s is given to root" % (stage.mended, stage.unmended)
        )
        watch = Watch(chain, stage, visits)
        stage.field.script(stage.mended, STOP)
        stage.field.script(stage.unmended, SOCKET)
        done = wait_for(watch.over, MOST, 0.3)
        watch.look()
    request = chain.directory / "requests" / (stage.unmended + ".txt")
    if request.exists():
        clock.tell("what a person is asked: %s" % request)
        print(request.read_text())
    clock.tell("each decision is a line of %s" % (chain.directory / "decisions.jsonl"))
    return 0 if done else 1


def main() -> int:
    clock = Clock()
    clock.tell("what the lab needs, and the hosts' images (the first time: a few minutes)")
    hosts.lab("install", quiet=True)
    hosts.lab("images", quiet=True)
    clock.tell("two hosts with nginx and php-fpm, node exporter and the role monitor")
    field = started(("trixie", "bookworm"), "watch")
    try:
        stage = Stage(field)
        stage.monitored()
        with put_server() as server, chain_of(stage, server) as chain:
            return show(chain, stage, clock)
    finally:
        if os.environ.get("DEMO_KEEP"):
            clock.tell("the hosts stay; `make down` removes them")
        else:
            field.fleet.down()


if __name__ == "__main__":
    os.umask(0o022)
    sys.exit(main())
