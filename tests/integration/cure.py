# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From an alert to the cure of its host: ``python3 -m tests.integration.cure``.

PHP-FPM of a host is stopped, and the message of Alertmanager comes by hand: ansible-rulebook has the host
diagnosed and mended. What the policy leaves to a person is asked, and not a byte of that host changes.
Hostile messages reach no host. ``--all``: at first Debian's Prometheus, Alertmanager and node exporter, and
the role monitor, see it themselves.
FLEET_KEEP=1 leaves the hosts.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import yaml

from tests.integration.chain import EXPORTER, START_EXPORTER, TEXTFILES, Chain, wait_for
from tests.integration.compare import changes, settled
from tests.integration.few_hosts import on_fleet
from tests.integration.field import Field, quiet, untouched
from tests.integration.put_server import PutServer, put_server
from tests.integration.visits import Visits
from tests.lab import fingerprint
from tests.lab.engine import engine
from tests.lab.fleet import Fleet
from tests.run import env, hosts, prometheus
from tests.run.checks import Check, differs

SITE, PAGE = "shop.example", "/index.php"
STOP = 'systemctl stop "$FPM_UNIT"'
SOCKET = """
no_acl
pool_set listen.owner root
pool_set listen.group root
pool_set listen.mode 0660
systemctl restart "$FPM_UNIT"
"""
POLICY = {
    "rules": [{"decision": "mend", "cause": "fpm_not_running", "confidence": "certain"}],
    "throttle": {"host_responses": 3},
}
MENDED = [("admit", "admit"), ("decide", "mend"), ("close", "mended")]
REQUESTED = [("admit", "admit"), ("decide", "ask"), ("close", "ask"), ("ask", "asked")]
EVIL = env.WORK / "cure-evil"  # what a template or a shell word would make
TEMPLATE = "{{ lookup('pipe', 'touch %s') }}" % EVIL
MOST = 300.0  # seconds from the break to the first good answer, on a machine that does other things too
HOSTILE: tuple[Any, ...] = (
    *("all", "*", "!HOST", "HOST:HOST", "HOST,HOST", "~.*", "@/etc/hosts", "-vvv", "localhost", "ungrouped"),
    *("HOST\n", "HOST -e x=y", "../HOST", "$(touch %s)" % EVIL, "`touch %s`" % EVIL, TEMPLATE),
    *(7, None, ["HOST"], {"x": "HOST"}, True, "H" * 100_000),
)
# Bodies that are no message of Alertmanager.
BROKEN = (b"", b"{", b"[]", b"7", b"null", b"\xff\xfe", b'{"alerts": {}}', b"[" * 50_000)


class Story(NamedTuple):
    """Of a host."""

    name: str
    suite: str


class Stage:
    """The hosts of one run. mended: what its policy lets be mended. unmended: what it does not."""

    def __init__(self, field: Field[Story]) -> None:
        self.field = field
        self.mended, self.unmended = list(field.specs)

    def addresses(self) -> dict[str, str]:
        inventory = yaml.safe_load(self.field.fleet.inventory.read_text())
        groups = inventory["all"]["children"].values()
        return {name: host["ansible_host"] for group in groups for name, host in group["hosts"].items()}

    def page(self, host: str) -> str:
        script = "curl -s -m 10 -o /dev/null -w '%%{http_code}' -H 'Host: %s' http://127.0.0.1%s"
        return self.field.script(host, script % (SITE, PAGE)).strip()

    def fingerprint(self, host: str) -> Any:
        """What a diagnosis must leave as it is."""
        return fingerprint.take(self.field.fleet, [self.field.specs[host]], quiet)[host]

    def monitored(self) -> None:
        """The hosts get node exporter and the role monitor."""
        program = str(prometheus.program("prometheus-node-exporter"))
        for host, spec in self.field.specs.items():
            engine("cp", program, "%s:%s" % (self.field.fleet.container(spec), EXPORTER))
            self.field.script(host, "mkdir -p %s\n%s" % (TEXTFILES, START_EXPORTER))
        played = ("webmedic.php_fpm.monitor", "-e", "monitor_interval=5")
        done = hosts.play(self.field.home, self.field.tree, self.field.fleet.inventory, *played)
        if done.returncode:
            sys.exit("the role monitor failed:\n%s" % done.stdout[-3000:])


def message(*labels: Any) -> bytes:
    """As Alertmanager writes it, with texts that nothing may use."""
    alerts = [
        {
            "status": "firing",
            "labels": {"alertname": "WebmedicFpmDown", "pool": TEMPLATE, **item},
            "annotations": {"summary": TEMPLATE, "runbook_url": "https://x.example/$(touch %s)" % EVIL},
            "startsAt": TEMPLATE,
            "fingerprint": "%08x" % number,
        }
        for number, item in enumerate(labels)
    ]
    return json.dumps({"version": "4", "status": "firing", "alerts": alerts}).encode()


def evil(host: str, others: Sequence[str]) -> list[Any]:
    """Labels that mean a host, to whom takes them for more than names. others: what another one is called,
    which was scraped and wrote the host's name.
    """
    forged = [{"host": host, "instance": other + ":9100"} for other in others]
    names = [json.loads(json.dumps(name).replace("HOST", host)) for name in HOSTILE]
    odd = [*({"host": name} for name in names), {"instance": "all:9100"}, {"host": None, "instance": host}]
    return odd + forged


def hostile(chain: Chain, stage: Stage) -> Iterator[Check]:
    """What anybody could send who has the token, or has none."""
    before, huge = stage.field.fingerprints(), b'{"alerts": "%s"}' % (b"x" * 3_000_000)
    unknown = chain.post(message({"host": stage.mended}), None).status
    yield Check("webhook", "without the token nothing is taken", differs(unknown, 401))
    yield Check("webhook", "a huge message is refused", differs(chain.post(huge).status, 413))
    answers = [chain.post(body).status for body in BROKEN]
    dead = chain.started[0].poll() is not None
    yield Check("webhook", "what is no message does not end it", "%s" % answers if dead else None)
    others = (stage.unmended, stage.addresses()[stage.unmended])
    sent = [chain.post(message(*evil(stage.mended, others))).status for _time in range(20)]
    yield Check("webhook", "a hostile message is taken, and its replays", differs(set(sent), {200}))
    wait_for(lambda: len(chain.lines()) >= 4, 60)
    decided = [(line["decision"], line["host"]) for line in chain.lines()]
    wrong = [pair for pair in decided if pair[0] != "refuse"] or (None if len(decided) >= 4 else decided)
    yield Check("webhook", "its alerts are refused, and that is logged", "%s" % wrong if wrong else None)
    yield Check(
        "webhook", "replays are not handed on", "%d lines" % len(decided) if len(decided) > 12 else None
    )
    yield Check("webhook", "no text of it was run", "it was" if EVIL.exists() else None)
    yield from untouched(before, stage.field.fingerprints(), "hostile messages")


def mends(chain: Chain, stage: Stage) -> Iterator[Check]:
    host, began = stage.mended, time.monotonic()
    stage.field.script(host, STOP)
    yield Check(host, "its site is down", differs(stage.page(host), "502"))
    chain.post(message({"host": host}))
    wait_for(lambda: chain.closed(host), MOST)
    what = "within the policy the host is mended, %.0f s after the break" % (time.monotonic() - began)
    yield Check(host, what, differs(chain.decisions(host), MENDED))
    yield Check(host, "its site answers", differs(stage.page(host), "200"))


def asks(chain: Chain, stage: Stage, server: PutServer, second: Callable[[], int]) -> Iterator[Check]:
    """Two ansible-rulebook get the same alert at the same time."""
    host = stage.unmended
    stage.field.script(host, SOCKET)
    before = stage.fingerprint(host)
    other = second()
    chain.post(message({"host": host}))
    chain.post(message({"host": host}), port=other)
    wait_for(lambda: chain.closed(host) and ("ask", "asked") in chain.decisions(host), MOST)
    decided = chain.decisions(host)
    yield Check(
        host, "beyond the policy a person is asked", differs([x for x in decided if x != BUSY], REQUESTED)
    )
    yield Check(host, "a second response does not begin", differs(decided.count(BUSY), 1))
    wrong = "; ".join(changes(before, stage.fingerprint(host)))
    yield Check(host, "nothing was done to it", wrong or None)
    yield Check(host, "its site is as it was", differs(stage.page(host), "502"))
    request = chain.directory / "requests" / (host + ".txt")
    text = request.read_text() if request.exists() else ""
    complete = "socket_permission_denied/socket_mode" in text and "no rule of respond_policy" in text
    yield Check(host, "the request says what, and why", None if complete else text or "there is none")
    sent = [json.loads(item.body)["host"] for item in server.requests]
    yield Check(host, "the request is sent", differs(sent, [host]))
    yield Check(host, "no text of an alert was run", "it was" if EVIL.exists() else None)


BUSY = ("admit", "busy")


def started(suites: tuple[str, str], name: str = "cure") -> Field[Story]:
    field = Field(name, [Story("web%d" % (number + 1), suite) for number, suite in enumerate(suites)])
    field.fleet.down()
    for check in field.up(lambda _suite, _story: ":", lambda _story: "it runs"):
        if check.wrong:
            sys.exit(check.line)
    return field


def chain_of(stage: Stage, server: PutServer) -> Chain:
    more = {"eda_policy": POLICY, "eda_ask_url": server.url + "/requests/{host}/{id}"}
    place, fleet = env.WORK / stage.field.fleet.name, stage.field.fleet
    return Chain(place, fleet.inventory, stage.field.tree, more)


def prove() -> Iterator[Check]:
    """The short form: Alertmanager's message comes by hand."""
    EVIL.unlink(missing_ok=True)
    stage = Stage(started(("trixie", "bookworm")))
    with put_server() as server, chain_of(stage, server) as chain:
        chain.rulebook()
        second = chain.second()
        yield from hostile(chain, stage)
        yield from mends(chain, stage)
        yield from asks(chain, stage, server, second)


def measured(chain: Chain, stage: Stage, server: PutServer) -> Iterator[Check]:
    """Prometheus sees by itself what happens to the hosts, and visitors see when it is over."""
    mended, unmended = stage.mended, stage.unmended
    seen = wait_for(lambda: len(chain.samples("webmedic_fpm_up == 1")) >= 2, MOST)
    yield Check("fleet", "Prometheus has the metrics of the role monitor", None if seen else "it has none")
    with Visits(stage.addresses(), SITE, PAGE) as visits:
        wait_for(lambda: all(visits.made.values()), 30)
        broke = time.time()
        stage.field.script(mended, STOP)
        stage.field.script(unmended, SOCKET)
        before = settled(stage.fingerprint(unmended))
        wait_for(lambda: chain.closed(mended) and ("ask", "asked") in chain.decisions(unmended), 2 * MOST)
        time.sleep(2)
    made = visits.between(mended, broke, time.time())
    bad = [visit.ended for visit in made if visit.words]
    good = [visit.ended for visit in made if not visit.words and bad and visit.ended > bad[-1]]
    took = good[0] - broke if good else 0.0
    decided = chain.decisions(mended)[: len(MENDED)]
    yield Check(mended, "an alert fires, and the host is mended", differs(decided, MENDED))
    wrong = None if good and took < MOST else "%d were lost, and %d answered" % (len(bad), len(good))
    yield Check(mended, "from the break to the first good answer: %.1f s" % took, wrong)
    decided = chain.decisions(unmended)[: len(REQUESTED)]
    yield Check(unmended, "an alert fires, and a person is asked", differs(decided, REQUESTED))
    wrong = "; ".join(changes(before, settled(stage.fingerprint(unmended))))
    yield Check(unmended, "nothing was done to it", wrong or None)
    sent = {json.loads(item.body)["host"] for item in server.requests}
    yield Check(unmended, "the request is sent", None if unmended in sent else "%s" % sent)


def prove_all() -> Iterator[Check]:
    """The whole chain, and then the short form."""
    stage = Stage(started(("trixie", "bookworm")))
    stage.monitored()
    with put_server() as server, chain_of(stage, server) as chain:
        chain.rulebook()
        chain.watch(stage.addresses())
        yield from measured(chain, stage, server)
    stage.field.fleet.down()
    yield from prove()


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--all", action="store_true")
    words = parser.parse_args()
    return on_fleet(Fleet(hosts.PREFIX + "cure"), prove_all if words.all else prove)


if __name__ == "__main__":
    os.umask(0o022)
    sys.exit(main())
