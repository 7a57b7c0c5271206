# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's data: suites (suites.yml), faults (faults/*.yml), extras (extras.yml) and named selections of
hosts (fleets.yml).
"""

from __future__ import annotations

import fnmatch
import functools
import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from tests.lab.engine import LabError

HOME = Path(__file__).resolve().parent
STATUSES = ("failing", "degraded", "unknown", "recovered", "healthy", "not_applicable")
LOGINS = ("root", "plain")  # as whom a diagnosis logs in; plain: a user without rights, and without become
SITE = "shop.example"
FAULT_KEYS = {
    *("name", "title", "suites", "why_suites", "break", "traffic", "symptom", "load", "expected"),
    *("expected_on", "safe_fix", "actions", "probe", "login", "report", "variation_of"),
    "pages_fail",
}


class Suite(NamedTuple):
    """A suite: the Debian release under it, and the variables that the recipe and the fault scripts see."""

    name: str
    release: str
    variables: dict[str, str]

    def exports(self) -> str:
        """The variables as shell assignments, one line."""
        return "export " + " ".join(f"{key}={shlex.quote(value)}" for key, value in self.variables.items())


@dataclass(frozen=True)
class Request:
    """Requests of one kind, sent inside the host, and the HTTP status that each must get. 0: none within its
    patience.
    """

    path: str
    status: int
    site: str = SITE
    count: int = 2
    concurrency: int = 1
    within: float = 15  # seconds in which a status other than 200 may take to show
    patience: float = 60  # seconds after which the client gives up


class Load(NamedTuple):
    """Requests that go on in the background, in one of three ways.

    - Alone, `clients` send one request after the other, with `pause` seconds in between.
    - With `queue`, so many requests are kept waiting at FPM's listener, and at most `rate` are sent a second.
      The queue neither drains on a busy machine nor overflows. A pool with enough workers copes with it.
    - With `every`, so many `clients` come each time, whatever became of those before them. Dead requests of
      such a crowd pile up.
    """

    path: str
    clients: int = 0
    pause: float = 0.5
    every: float = 0  # seconds from one arrival to the next
    patience: float = 60  # seconds after which a client gives up
    burst: int = 0  # requests sent at once at the beginning
    queue: int = 0
    rate: int = 3
    listener: str = 'unix src "$SOCKET"'  # what ss(8) is asked for
    site: str = SITE
    warmup: float = 1.0  # seconds before the symptom is looked for


class Visitors(NamedTuple):
    """Visitors of a site who go on coming, `rate` a second, and give up after `patience` seconds."""

    site: str
    path: str
    rate: float
    patience: float = 6
    port: int = 80


class Extra(NamedTuple):
    """What a host may have besides its fault. also, or_status, actions: findings, a status and actions that
    may then be there as well.
    """

    name: str
    suites: tuple[str, ...]
    unless: tuple[str, ...]
    script: str
    visitors: tuple[Visitors, ...]
    also: tuple[dict[str, Any], ...]
    or_status: tuple[str, ...]
    actions: tuple[str, ...]


class Fault(NamedTuple):
    """One way to break a host, what then shows, and what a diagnosis must say."""

    name: str
    title: str
    family: str
    suites: tuple[str, ...]
    script: str
    traffic: tuple[Request, ...]
    symptom: Request
    load: Load | None
    expected: dict[str, Any]
    expected_on: dict[str, dict[str, Any]]
    safe_fix: bool
    actions: tuple[str, ...]
    probe: Request
    login: str
    report: str  # where people told of it in public, "": nowhere
    variation_of: str  # the fault that `make test` plays in its place, "": none
    pages_fail: str  # why a page may fail beside a verdict that nothing is wrong; "": none may

    def truth(self, suite: str) -> dict[str, Any]:
        """What a diagnosis must say about this fault on a suite."""
        return self.expected_on.get(suite, self.expected)


class Spec(NamedTuple):
    """A host to start: a suite and a fault, and what it has besides."""

    suite: Suite
    fault: Fault
    extras: tuple[Extra, ...] = ()

    @property
    def host(self) -> str:
        """The host's name in the inventory."""
        return f"{self.suite.name}-{self.fault.name}".replace("_", "-")

    @property
    def visitors(self) -> tuple[Visitors, ...]:
        """All who go on coming to its sites."""
        return tuple(each for extra in self.extras for each in extra.visitors)

    @property
    def idle(self) -> bool:
        """Whether nobody asks it for anything by itself."""
        return self.fault.load is None and not self.visitors

    def truth(self) -> dict[str, Any]:
        """What a diagnosis must say of it, and what it may say because of the extras."""
        also = [finding for extra in self.extras for finding in extra.also]
        or_status = [status for extra in self.extras for status in extra.or_status]
        return self.fault.truth(self.suite.name) | ({"also": also, "or_status": or_status} if also else {})


@functools.cache
def _parsed(path: Path) -> Any:
    """What a file of the lab holds. A program asks for the same file hundreds of times. Where PyYAML has
    libyaml, it takes a tenth of the time.
    """
    return yaml.load(path.read_text(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def layout_variables(layout: str, php: str) -> dict[str, str]:
    """The variables of a layout, filled in for a version of PHP."""
    data = _parsed(HOME / "suites.yml")
    variables = {key: value.replace("{PHP}", php) for key, value in data["layouts"][layout].items()}
    return variables | {"PHP": php, "LAYOUT": layout, "NGINX_LOG": "/var/log/nginx/error.log"}


def load_suites() -> dict[str, Suite]:
    """All suites, with their layout's variables filled in."""
    data = _parsed(HOME / "suites.yml")
    suites = {}
    for name, entry in data["suites"].items():
        variables = layout_variables(entry["layout"], entry["PHP"]) | {"SUITE": name}
        suites[name] = Suite(name, entry["release"], variables)
    return suites


def packages() -> list[str]:
    """The Debian packages of every host."""
    return list(_parsed(HOME / "suites.yml")["packages"])


def fault_of(family: str, entry: dict[str, Any], suites: list[str]) -> Fault:
    """An entry of faults/FAMILY.yml or faults/FAMILY.PART.yml, checked."""
    place = f"faults/{family}: {entry.get('name', '?')}"
    unknown = sorted(set(entry) - FAULT_KEYS)
    if unknown:
        raise LabError(f"{place}: unknown keys {unknown}; known are {sorted(FAULT_KEYS)}")
    try:
        fault = _fault_as_written(family, entry, suites)
    except (KeyError, TypeError) as error:
        raise LabError(f"{place}: {error}") from error
    if fault.login not in LOGINS:
        raise LabError(f"{place}: login is one of {LOGINS}")
    for truth in (fault.expected, *fault.expected_on.values()):
        if truth.get("status") not in STATUSES or not isinstance(truth.get("findings"), list):
            raise LabError(f"{place}: expected wants a status of {STATUSES} and a list of findings")
    return fault


def _fault_as_written(family: str, entry: dict[str, Any], suites: list[str]) -> Fault:
    symptom = Request(**{"path": "/index.php", "count": 3, **entry["symptom"]})
    served = {"path": symptom.path, "site": symptom.site, "patience": symptom.patience, "status": 200}
    return Fault(
        name=entry["name"],
        title=entry["title"],
        family=family,
        suites=tuple(entry.get("suites", suites)),
        script=entry.get("break", ""),
        traffic=tuple(Request(**item) for item in entry.get("traffic", ())),
        symptom=symptom,
        load=Load(**entry["load"]) if "load" in entry else None,
        expected=entry["expected"],
        expected_on=entry.get("expected_on", {}),
        safe_fix=entry.get("safe_fix", False),
        actions=tuple(entry.get("actions", ())),
        probe=Request(**{**served, **entry.get("probe", {})}),
        login=entry.get("login", "root"),
        report=entry.get("report", ""),
        variation_of=entry.get("variation_of", ""),
        pages_fail=entry.get("pages_fail", ""),
    )


def load_faults() -> dict[str, Fault]:
    """All faults by name, in the order of their files."""
    suites = list(load_suites())
    faults: dict[str, Fault] = {}
    for path in sorted((HOME / "faults").glob("*.yml")):
        for entry in _parsed(path):
            # A large family has several files: 37_public.1_places.yml.
            fault = fault_of(path.stem.partition(".")[0], entry, suites)
            if fault.name in faults:
                raise LabError(f"{path.name}: {fault.name}: a fault of this name is there already")
            faults[fault.name] = fault
    for fault in faults.values():
        if fault.variation_of and (
            fault.variation_of not in faults or faults[fault.variation_of].variation_of
        ):
            raise LabError(f"{fault.family}: {fault.name}: {fault.variation_of} is not a fault of its own")
    return faults


def load_extras() -> dict[str, Extra]:
    """All extras by name."""
    suites = list(load_suites())
    return {entry["name"]: _extra(entry, suites) for entry in _parsed(HOME / "extras.yml")}


def _extra(entry: dict[str, Any], suites: list[str]) -> Extra:
    return Extra(
        name=entry["name"],
        suites=tuple(entry.get("suites", suites)),
        unless=tuple(entry.get("unless", ())),
        script=entry.get("before", ""),
        visitors=tuple(Visitors(**item) for item in entry.get("visitors", ())),
        also=tuple(entry.get("also", ())),
        or_status=tuple(entry.get("or_status", ())),
        actions=tuple(entry.get("actions", ())),
    )


def select(patterns: list[str], besides: Sequence[str] = ()) -> list[Spec]:
    """Hosts for patterns SUITE:FAULT or SUITE:FAMILY, with globs (`trixie:stopped`, `*:4_*`). Suites that
    cannot have the fault are left out. besides: names of extras, for each host that can have them.
    """
    suites, faults, known = load_suites(), load_faults(), load_extras()
    if set(besides) - set(known):
        raise LabError(f"no such extras: {sorted(set(besides) - set(known))}; extras.yml has {sorted(known)}")
    specs: list[Spec] = []
    for pattern in patterns:
        suite_glob, _colon, fault_glob = pattern.partition(":")
        matching = [
            Spec(suite, fault, extras_of(suite, fault, [known[name] for name in besides]))
            for fault in faults.values()
            for suite in suites.values()
            if suite.name in fault.suites
            and fnmatch.fnmatch(suite.name, suite_glob)
            and any(fnmatch.fnmatch(name, fault_glob or "*") for name in (fault.name, fault.family))
        ]
        if not matching:
            raise LabError(
                f"{pattern}: no such host; wanted SUITE:FAULT, suites {list(suites)}, "
                "`python3 -m tests.lab list` has the faults"
            )
        specs += [spec for spec in matching if spec not in specs]
    return specs


def extras_of(suite: Suite, fault: Fault, extras: Iterable[Extra]) -> tuple[Extra, ...]:
    """Those of the extras that such a host can have."""
    return tuple(extra for extra in extras if suite.name in extra.suites and fault.name not in extra.unless)


def selection(name: str) -> list[str]:
    """The patterns of a named selection in fleets.yml."""
    fleets = _parsed(HOME / "fleets.yml")
    if name not in fleets:
        raise LabError(
            f"{name}: no such selection in fleets.yml, which has {sorted(fleets)}; "
            "or give --hosts SUITE:FAULT,…"
        )
    return list(fleets[name])
