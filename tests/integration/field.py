# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hosts that begin well and are each given another story.

Here are the fleet of one run, the playbooks on it, and the check that hosts are as before.
"""

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

import yaml

from tests.integration import mended
from tests.integration.compare import changes
from tests.lab import fingerprint
from tests.lab.data import HOME, Extra, Spec, Suite, Visitors, load_suites
from tests.lab.engine import execute
from tests.lab.fleet import Fleet, Outcome
from tests.run import env, hosts
from tests.run.checks import Check


class Story(Protocol):
    """What happens on a host."""

    @property
    def name(self) -> str:
        """Letters, digits and _; the host has the same name."""

    @property
    def suite(self) -> str:
        """Of the lab, or the layout el."""


S = TypeVar("S", bound=Story)
RISKS = (
    "restart_at_risk",
    "capacity_at_risk",
    "timeouts_disordered",
    "exposed",
    "evidence_hidden",
    "vhost_shadowed",
)


def on_host(suite: Suite) -> str:
    """The beginning of every script: the suite's variables and the lab's helpers."""
    texts = [(HOME / path).read_text() for path in ("image/lib.sh", "on_host/tenants.sh")]
    return "\n".join(["set -eu", suite.exports(), *texts, ""])


def without_risks(entry: dict[str, Any] | None) -> dict[str, Any] | None:
    """An audit looks for risks, too. Which of them a host has is not the business of these tests."""
    if entry is None:
        return None
    return {**entry, "findings": [item for item in entry["findings"] if item["cause"] not in RISKS]}


def quiet(_outcome: Outcome) -> None:
    pass


class Field(Generic[S]):
    """The fleet of one run. stories: by the names of their hosts. words: more arguments of all playbooks.
    tree: where the collection lies, if it is not the one of this checkout.
    """

    def __init__(
        self, name: str, stories: Sequence[S], words: Sequence[str] = (), tree: str | None = None
    ) -> None:
        suites = load_suites()
        self.fleet, self.words = Fleet(hosts.PREFIX + name), words
        plain = self.fleet.faults["plain"]
        self.stories: dict[str, S] = {}
        self.specs: dict[str, Spec] = {}
        for story in stories:
            spec = Spec(suites[story.suite], plain._replace(name=story.name))
            self.fleet.faults[story.name] = spec.fault
            self.stories[spec.host], self.specs[spec.host] = story, spec
        self.home = Path(sys.prefix)
        self.tree = Path(tree) if tree else env.tree("tree-" + name)
        self.reports = env.WORK / self.fleet.name

    def visited(self, host: str, visitors: Sequence[Visitors]) -> None:
        """Set the visitors of a host, before up(). They come once the story of the host starts them."""
        spec = self.specs[host]
        extra = Extra(spec.fault.name, (spec.suite.name,), (), "", tuple(visitors), (), (), ())
        self.fleet.extras[extra.name] = extra
        self.specs[host] = spec._replace(extras=(extra,))

    def script(self, host: str, text: str) -> str:
        return execute(self.fleet.container(self.specs[host]), on_host(self.specs[host].suite) + text)

    def on_each(self, scripts: Mapping[str, str]) -> dict[str, Outcome]:
        """A script in each of these hosts, at the same time."""
        done = self.fleet.each(
            [self.specs[host] for host in scripts],
            lambda spec: self.script(spec.host, scripts[spec.host]),
            quiet,
        )
        return {outcome.spec.host: outcome for outcome in done}

    def up(self, script: Callable[[Suite, S], str], title: Callable[[S], str]) -> Iterator[Check]:
        """Boot the hosts and run the script of each story."""
        specs = list(self.specs.values())
        for outcome in self.fleet.up(specs, quiet):
            if not outcome.ok:
                sys.exit("%s: %s" % (outcome.spec.host, outcome.words))
        done = self.fleet.each(
            specs,
            lambda spec: execute(self.fleet.container(spec), script(spec.suite, self.stories[spec.host])),
            quiet,
        )
        for outcome in done:
            yield Check(
                outcome.spec.host,
                title(self.stories[outcome.spec.host]),
                None if outcome.ok else outcome.words,
            )

    def options(self, of_hosts: Mapping[str, Mapping[str, Any]]) -> None:
        """Set options of the playbooks for single hosts, after up()."""
        inventory = yaml.safe_load(self.fleet.inventory.read_text())
        for group in inventory["all"]["children"].values():
            for host, variables in group["hosts"].items():
                variables.update(of_hosts.get(host, {}))
        self.fleet.inventory.write_text(yaml.safe_dump(inventory))

    def fingerprints(self, chosen: Iterable[str] | None = None) -> dict[str, Any]:
        """chosen: names of hosts; None: all."""
        wanted = self.specs if chosen is None else chosen
        return fingerprint.take(self.fleet, [self.specs[host] for host in wanted], quiet)

    def play(self, playbook: str, *words: str) -> mended.Run:
        """Run a playbook on all hosts, or on those that the words limit it to."""
        report = self.reports / playbook
        report.mkdir(parents=True, exist_ok=True)
        (report / "report.json").unlink(missing_ok=True)
        if playbook == "remediate":
            done = mended.remediate(
                self.home, self.tree, self.fleet.inventory, report, *mended.TOGETHER, *self.words, *words
            )
        else:
            ran = hosts.diagnose(
                self.home, self.tree, self.fleet.inventory, report, *self.words, *words, playbook=playbook
            )
            written = hosts.load_report(report) if (report / "report.json").exists() else {}
            done = mended.Run({}, ran.returncode, ran.stdout, written)
        mended.keep(report / "output.txt", done)
        return done


def untouched(before: Mapping[str, Any], after: Mapping[str, Any], what: str) -> Iterator[Check]:
    for host in before:
        yield Check(
            host,
            "%s: not one byte and no service is different" % what,
            "; ".join(changes(before[host], after[host])) or None,
        )
