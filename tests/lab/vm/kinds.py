# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kinds of virtual machines (kinds.yml) and their faults (faults/*.yml).

A fault is written as those of the containers, with a few words more; see Trial.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from tests.lab.data import Fault, Spec, Suite, fault_of, layout_variables
from tests.lab.engine import LabError

HOME = Path(__file__).resolve().parent


class Kind(NamedTuple):
    """suite: its name, release and variables, as the containers' suites have. memory: MiB.

    apt: options of apt for its packages.
    """

    suite: Suite
    packages: tuple[str, ...]
    kernel: str
    memory: int
    apt: tuple[str, ...]

    @property
    def name(self) -> str:
        return self.suite.name


class Trial(NamedTuple):
    """A fault of a virtual machine, and how it is mended there.

    options: variables of the playbook `remediate`, where it is run for the fault. cure: what a person does,
    where no action mends it. after: commands that must succeed once the machine was started again; without
    one, nothing but the page and the diagnosis is asked there. restarted: the status that it may have then,
    beside those of a host that is well.

    still: causes that stay active then, since nothing shows that they are gone.

    latent: the diagnosis tells risks, too. risks: reasons of restart_at_risk that are told and then
    prevented. strike: what makes them come true, a script or "boot". hurt: commands that succeed once they
    have; after must succeed where they were prevented.

    sites: presets; a site of each is made by the role, and serves again after a reboot.
    """

    fault: Fault
    options: dict[str, str] = {}
    cure: str = ""
    after: str = ""
    restarted: str = ""
    still: tuple[str, ...] = ()
    latent: bool = False
    risks: tuple[str, ...] = ()
    strike: str = ""
    hurt: str = ""
    sites: tuple[str, ...] = ()

    @property
    def mended(self) -> bool:
        """Whether the host is started again once it was mended."""
        return bool(self.fault.safe_fix or self.cure or self.after and not self.risks)

    @property
    def weight(self) -> int:
        """How long it takes, beside a fault that is only told."""
        return 1 + 4 * self.mended + 5 * bool(self.risks) + 9 * bool(self.sites)

    def spec(self, kind: Kind) -> Spec:
        return Spec(kind.suite, self.fault)


def load_kinds() -> dict[str, Kind]:
    data = yaml.safe_load((HOME / "kinds.yml").read_text())
    kinds = {}
    for name, entry in data["kinds"].items():
        variables = layout_variables("debian", entry["PHP"]) | {"SUITE": name, "KIND": name}
        suite = Suite(name, entry["release"], variables)
        packages = tuple(package for line in data["packages"] + entry["packages"] for package in line)
        kinds[name] = Kind(suite, packages, entry["kernel"], entry["memory"], tuple(entry.get("apt", ())))
    return kinds


def _trial(family: str, entry: dict[str, Any], kinds: Sequence[str]) -> Trial:
    own = {key: entry.pop(key) for key in Trial._fields if key in entry}
    fault = fault_of(family, entry, list(kinds))
    if set(fault.suites) - set(kinds):
        raise LabError(f"faults/{family}.yml: {fault.name}: suites are of {list(kinds)}")
    own["latent"] = bool(own.get("latent") or own.get("risks"))
    own |= {key: tuple(own[key]) for key in ("still", "risks", "sites") if key in own}
    return Trial(fault, **own)


def load_trials() -> dict[str, Trial]:
    """All faults by name, in the order of their files."""
    kinds = list(load_kinds())
    trials: dict[str, Trial] = {}
    for path in sorted((HOME / "faults").glob("*.yml")):
        for entry in yaml.safe_load(path.read_text()):
            trial = _trial(path.stem, entry, kinds)
            if trial.fault.name in trials:
                raise LabError(f"{path.name}: {trial.fault.name}: a fault of this name is there already")
            trials[trial.fault.name] = trial
    return trials


def select(patterns: Sequence[str], variations: bool = True) -> dict[str, list[Trial]]:
    """The faults of each kind for patterns KIND:FAULT with globs; the part after the colon may be absent.

    The kind with most to do comes first. variations: those that are one of another fault, too.
    """
    wanted: dict[str, list[Trial]] = {}
    for pattern in patterns:
        kind_glob, _colon, fault_glob = pattern.partition(":")
        found = [
            (kind, trial)
            for kind in load_kinds()
            for trial in load_trials().values()
            if kind in trial.fault.suites
            and fnmatch.fnmatch(kind, kind_glob)
            and fnmatch.fnmatch(trial.fault.name, fault_glob or "*")
            and (variations or not trial.fault.variation_of)
        ]
        if not found:
            raise LabError(f"{pattern}: no such machine; wanted KIND:FAULT, kinds {list(load_kinds())}")
        for kind, trial in found:
            if trial not in wanted.setdefault(kind, []):
                wanted[kind].append(trial)
    return dict(sorted(wanted.items(), key=lambda item: -sum(trial.weight for trial in item[1])))
