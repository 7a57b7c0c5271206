# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fleet: hosts of one name on one network without a way out, from their start to their removal."""

from __future__ import annotations

import shutil
import socket
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

from tests.lab import images, inventory, scripts
from tests.lab.data import Spec, load_extras, load_faults, load_suites
from tests.lab.engine import (
    ATTEMPTS,
    WORK,
    LabError,
    StillRunning,
    address,
    boot,
    containers,
    engine,
    execute,
    make_room,
    run,
)

LABEL = "webmedic.fleet"


class Outcome(NamedTuple):
    """What became of one host: the words of its symptom, or of the error."""

    spec: Spec
    ok: bool
    words: str


class Fleet:
    """A fleet by name. What runs is known by the containers' labels; its files lie in the work directory."""

    def __init__(self, name: str, parallel: int = 8) -> None:
        if not name.replace("-", "").isalnum():
            raise LabError(f"{name!r}: a fleet's name is letters, digits and dashes")
        self.name = name
        self.parallel = parallel
        self.network = f"webmedic-{name}"
        self.directory = WORK / "fleets" / name
        self.inventory = self.directory / "inventory.yml"
        self.suites, self.faults, self.extras = load_suites(), load_faults(), load_extras()

    def container(self, spec: Spec) -> str:
        """The name of a host's container."""
        return f"webmedic-{self.name}-{spec.suite.name}-{spec.fault.name}"

    def specs(self) -> list[Spec]:
        """The hosts of the fleet that exist."""
        order = list(self.faults)
        specs = [self._spec(container) for container in self._containers()]
        return sorted(specs, key=lambda spec: (order.index(spec.fault.name), spec.suite.name))

    def _containers(self) -> list[dict[str, Any]]:
        return containers(f"{LABEL}={self.name}")

    def _spec(self, container: dict[str, Any]) -> Spec:
        labels = container["Config"]["Labels"]
        try:
            extras = tuple(self.extras[name] for name in labels.get("webmedic.with", "").split())
            return Spec(self.suites[labels["webmedic.suite"]], self.faults[labels["webmedic.fault"]], extras)
        except KeyError as error:
            raise LabError(
                f"fleet {self.name} has a host of {error}, which the lab no longer knows; "
                "remove it with `down`"
            ) from error

    def each(
        self, specs: Iterable[Spec], work: Callable[[Spec], str], tell: Callable[[Outcome], None]
    ) -> list[Outcome]:
        """Do a piece of work for many hosts at a time, telling each outcome as it comes."""

        def outcome_of(spec: Spec) -> Outcome:
            try:
                outcome = Outcome(spec, True, work(spec))
            except LabError as error:
                outcome = Outcome(spec, False, str(error))
            tell(outcome)
            return outcome

        with ThreadPoolExecutor(self.parallel) as pool:
            return list(pool.map(outcome_of, specs))

    def _public_key(self) -> str:
        key = self.directory / "id_ed25519"
        if not key.exists():
            self.directory.mkdir(parents=True, exist_ok=True)
            run(
                ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", f"webmedic-{self.name}", "-f", str(key)]
            )
        return key.with_suffix(".pub").read_text().strip()

    def up(
        self, specs: list[Spec], tell: Callable[[Outcome], None], then: Callable[[Spec], str] | None = None
    ) -> list[Outcome]:
        """Start hosts, wait for their systemd, run the script of `then` in each at once, and write the
        inventory.
        """
        tags = images.ensure([spec.suite.name for spec in specs])
        make_room(len(engine("ps", "--quiet").split()) + len(specs))
        key = self._public_key()
        if self.network not in engine("network", "ls", "--format", "{{.Name}}").split():
            # Not without its name service: podman gives this machine an address on an internal network only
            # for that.
            engine("network", "create", "--internal", self.network)
        running = {self.container(spec) for spec in self.specs()}

        def start(spec: Spec) -> str:
            name = self.container(spec)
            if name in running:
                raise LabError(
                    "is there already; `python3 -m tests.lab down` removes the fleet, "
                    "`break` and `traffic` work on it as it is"
                )
            labels = {
                LABEL: self.name,
                "webmedic.suite": spec.suite.name,
                "webmedic.fault": spec.fault.name,
                "webmedic.with": " ".join(extra.name for extra in spec.extras),
            }
            boot(name, spec.host, tags[spec.suite.name], self.network, labels)
            output = execute(name, "set -eu\n" + scripts.ready(key) + (then(spec) if then else ""))
            return scripts.verdict(output) if then else "running"

        def start_or_again(spec: Spec) -> str:
            """On a busy machine a host may hang at its start. It is started anew, once."""
            try:
                return start(spec)
            except StillRunning:
                engine("rm", "--force", "--time=0", self.container(spec))
                return start(spec)

        outcomes = self.each(specs, start_or_again, tell)
        self.write_inventory()
        if inventory.CONNECTION == "ssh":
            self._greet()
        return outcomes

    def _greet(self) -> None:
        """Raise LabError unless a host of the fleet answers this machine as an SSH server. A
        proxy would not.
        """
        there = next(
            (address(item, self.network) for item in self._containers() if item["State"]["Running"]), ""
        )
        try:
            with socket.create_connection((there, 22), timeout=30) as connection:
                banner = connection.recv(64)
        except OSError as error:
            banner = str(error).encode()
        if not banner.startswith(b"SSH-2.0"):
            raise LabError(
                f"{there or 'no host'}, port 22: {banner!r} instead of an SSH banner: this machine has no "
                f"way into network {self.network}; set WEBMEDIC_CONNECTION=containers.podman.podman to go "
                "through the engine"
            )

    def break_hosts(self, specs: list[Spec], tell: Callable[[Outcome], None]) -> list[Outcome]:
        """Apply the fault of each host."""

        def work(spec: Spec) -> str:
            execute(self.container(spec), scripts.broken(spec))
            return "broken"

        return self.each(specs, work, tell)

    def check(
        self, specs: list[Spec], script: Callable[[Spec], str], tell: Callable[[Outcome], None]
    ) -> list[Outcome]:
        """Run a script of requests in each host and judge what they saw."""
        return self.each(
            specs, lambda spec: scripts.verdict(execute(self.container(spec), script(spec))), tell
        )

    def down(self) -> int:
        """Remove the fleet's containers, its network and its files; return how many hosts there were."""
        count = len(self._containers())
        # On a busy machine some processes die later than the engine waits for.
        for attempt in range(ATTEMPTS):
            ids = [container["Id"] for container in self._containers()]
            try:
                if ids:
                    engine("rm", "--force", "--time=0", *ids)
                break
            except LabError:
                if attempt == ATTEMPTS - 1:
                    raise
        if self.network in engine("network", "ls", "--format", "{{.Name}}").split():
            engine("network", "rm", self.network)
        shutil.rmtree(self.directory, ignore_errors=True)
        return count

    def write_inventory(self) -> None:
        """Write the inventory that playbooks use, of the hosts that exist now."""
        hosts = [
            (self._spec(item), self.container(self._spec(item)), address(item, self.network))
            for item in self._containers()
        ]
        self.directory.mkdir(parents=True, exist_ok=True)
        self.inventory.write_text(inventory.render(hosts, self.directory / "id_ed25519"))


def fleets() -> dict[str, int]:
    """The fleets that exist and how many hosts each has."""
    counts: dict[str, int] = {}
    for container in containers(LABEL):
        name = container["Config"]["Labels"][LABEL]
        counts[name] = counts.get(name, 0) + 1
    return counts


def elapsed(since: float) -> str:
    """Seconds since a point of time.monotonic(), in words."""
    return f"{time.monotonic() - since:.0f} s"
