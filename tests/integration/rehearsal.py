# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A deploy rehearsed on real hosts that serve: ``python3 -m tests.integration.rehearsal``.

Hosts are deployed by twos, with the gate before the deploy and in it. Visitors ask each host all the time.
A release that is bad only at the next restart stops at the third host. So does one that brings a newer PHP
and leaves a vhost of that host behind. Hosts whose turn did not come lose no request. Mended, the same
release passes on all. ``--few``: four hosts of one suite, the second of which breaks by the newer PHP.
FLEET_KEEP=1 leaves the hosts.
"""

import argparse
import os
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import yaml

from tests.integration.few_hosts import on_fleet
from tests.integration.field import Field
from tests.integration.visits import Visits
from tests.lab.fleet import Fleet
from tests.run import env, hosts
from tests.run.checks import Check

PLACE = Path(__file__).with_suffix("")
SUITES = ("trixie", "trixie", "bookworm", "trixie", "bullseye", "bookworm")
FEW = ("trixie",) * 4
SITE, PAGE = "shop.example", "/index.php"
LEAST = 20  # visits of a host in each deploy
# An admin keeps the vhost elsewhere: what deploys does not know it.
ELSEWHERE = """
mv "$SITE_FILE" /etc/nginx/conf.d/shop.conf
rm /etc/nginx/sites-enabled/shop
nginx_reload
"""
# The socket's owner and group are taken back, in a file that the release brings to this host.
OWN_SETTINGS = """
printf '%s\\n' '[www]' 'listen.owner = root' 'listen.group = root' >/root/own-settings
"""
MEND_SETTINGS = 'rm -f /root/own-settings "$POOL_DIR/www2.conf"'
MEND_VHOST = 'sed -i "s|php$PHP-fpm|php${PHP%.*}.9-fpm|" /etc/nginx/conf.d/shop.conf && nginx_reload'


class Story(NamedTuple):
    """Of a host."""

    name: str
    suite: str


class Deploy(NamedTuple):
    """What a run of the playbook came to."""

    code: int
    output: str
    began: float
    ended: float


class Rehearsal:
    """ill: number of the host that breaks, from 0."""

    def __init__(self, field: Field[Story], ill: int) -> None:
        self.field, self.order = field, list(field.specs)
        self.ill, self.tried = self.order[ill], self.order[: ill // 2 * 2 + 2]
        self.report = env.WORK / field.fleet.name
        self.report.mkdir(parents=True, exist_ok=True)

    def addresses(self) -> dict[str, str]:
        inventory = yaml.safe_load(self.field.fleet.inventory.read_text())
        groups = inventory["all"]["children"].values()
        return {name: host["ansible_host"] for group in groups for name, host in group["hosts"].items()}

    def deploy(self, release: str) -> Deploy:
        began = time.time()
        done = hosts.play(
            self.field.home,
            self.field.tree,
            self.field.fleet.inventory,
            str(PLACE / "deploy.yml"),
            *("-e", "deployed=%s" % ",".join(self.order)),
            *("-e", "release=%s" % (PLACE / release)),
            *("-e", "gate_report_dir=%s" % self.report, "-e", "gate_probe_path=%s" % PAGE),
        )
        ended = time.time()
        (self.report / ("%d-%s.txt" % (began, release))).write_text(done.stdout)
        print("%-10s rc %d, %.0f s" % (release, done.returncode, ended - began), flush=True)
        return Deploy(done.returncode, done.stdout, began, ended)

    def deployed(self, since: float) -> set[str]:
        """The hosts on which a release was put in place since then."""
        times = self.field.on_each(dict.fromkeys(self.order, "cat /root/deployed 2>/dev/null || echo 0"))
        return {host for host, outcome in times.items() if float(outcome.words.strip() or 0) >= since}


def shown(done: Deploy) -> str:
    return "rc %d: %s" % (done.code, " ".join(done.output.split())[-2500:])


def calm(visits: Visits, wanted: Sequence[str], done: Deploy, what: str) -> Iterator[Check]:
    """Visitors of these hosts were answered, each of them."""
    for host in wanted:
        made = visits.between(host, done.began, done.ended)
        lost = [visit.words for visit in made if visit.words]
        wrong = None
        if lost or len(made) < LEAST:
            wrong = "%d of %d visits: %s" % (len(lost), len(made), lost[:3])
        yield Check(host, "%s: no visitor lost a request" % what, wrong)


def stopped(rehearsal: Rehearsal, visits: Visits, release: str, what: str, words: str) -> Iterator[Check]:
    """It ends with the batch of the host that breaks, which alone is called ill."""
    done = rehearsal.deploy(release)
    ill, rest = rehearsal.ill, rehearsal.order[len(rehearsal.tried) :]
    yield Check("fleet", "%s: the deploy fails" % what, None if done.code == 2 else shown(done))
    went = rehearsal.deployed(done.began)
    right = went == set(rehearsal.tried)
    yield Check("fleet", "%s: it stops at the batch" % what, None if right else "%s" % sorted(went))
    failed = hosts.failed(done.output)
    yield Check(ill, "%s: it alone fails" % what, None if failed == {ill} else "%s" % failed)
    fine = words in " ".join(done.output.split())
    yield Check(ill, "%s: it says why" % what, None if fine else shown(done))
    yield from calm(visits, rest, done, what)


def next_restart(rehearsal: Rehearsal, visits: Visits) -> Iterator[Check]:
    ill, what = rehearsal.ill, "bad at the next restart"
    rehearsal.field.script(ill, OWN_SETTINGS)
    began = time.time()
    yield from stopped(rehearsal, visits, "tuning.sh", what, "restart_fails/socket_denied")
    lost = [visit.words for visit in visits.between(ill, began, time.time()) if visit.words]
    yield Check(ill, "%s: it is stopped before anybody has lost a request" % what, "; ".join(lost) or None)
    rehearsal.field.script(ill, MEND_SETTINGS)


def left_behind(rehearsal: Rehearsal, visits: Visits) -> Iterator[Check]:
    ill, what = rehearsal.ill, "vhost left behind"
    began = time.time()
    yield from stopped(rehearsal, visits, "upgrade.sh", what, "socket_path_mismatch")
    lost = [visit.words for visit in visits.between(ill, began, time.time()) if visit.words]
    yield Check(ill, "%s: its visitors get 502" % what, None if "HTTP 502" in lost else "%s" % lost[:3])
    rehearsal.field.script(ill, MEND_VHOST)


def good(rehearsal: Rehearsal, visits: Visits) -> Iterator[Check]:
    done = rehearsal.deploy("upgrade.sh")
    yield Check("fleet", "good release: the deploy passes", None if done.code == 0 else shown(done))
    went = rehearsal.deployed(done.began)
    yield Check("fleet", "good release: all have it", None if went == set(rehearsal.order) else "%s" % went)
    yield from calm(visits, rehearsal.order, done, "good release")


def prove(few: bool) -> Iterator[Check]:
    stories = [Story("web%d" % (number + 1), suite) for number, suite in enumerate(FEW if few else SUITES)]
    field = Field("rehearsal", stories)
    rehearsal = Rehearsal(field, 1 if few else 2)
    for check in field.up(lambda _suite, _story: ":", lambda _story: "it runs"):
        yield from [check] if check.wrong else []
    field.script(rehearsal.ill, ELSEWHERE)
    with Visits(rehearsal.addresses(), SITE, PAGE) as visits:
        if not few:
            yield from next_restart(rehearsal, visits)
        yield from left_behind(rehearsal, visits)
        yield from good(rehearsal, visits)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--few", action="store_true")
    words = parser.parse_args()
    return on_fleet(Fleet(hosts.PREFIX + "rehearsal"), lambda: prove(words.few))


if __name__ == "__main__":
    os.umask(0o022)
    sys.exit(main())
