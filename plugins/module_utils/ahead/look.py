# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""All that the next restart, reload or boot of a host's nginx and php-fpm would do. Changes nothing."""

import contextlib
from typing import TYPE_CHECKING, Dict, Iterable, Iterator, List, NamedTuple, Optional, Sequence

from ..collect.endpoint.real_paths import real_paths
from ..collect.host import Host
from ..collect.linux.processes import Process, processes
from ..collect.linux.units import unit_states
from ..collect.nginx import UNITS
from ..collect.snapshot import take
from ..parse.route_pools import match_pools
from ..remediate.launch import Launch, launch
from ..remediate.preflight import NginxReading, listens_of
from ..remediate.rehearsal import taken
from ..verdict.step import Refusal, Untried
from . import boot, disk
from .boot import is_masked
from .cuts import cut_of
from .endpoints import After, Held, dialled
from .problems import CRITICAL, FPM, INFO, NGINX, SEVERITIES, WARNING, Service, problem
from .trials import NOT_RUN, Tried, fpm_start, fpm_test, nginx_test, problems_of

if TYPE_CHECKING:
    from ...plugin_utils.shapes.restart import Cut, Restart, RestartProblem, RestartService
    from ...plugin_utils.shapes.snapshot import Missing, Snapshot

WINDOW = 60  # seconds of log: none of it decides here
PROBE_SECONDS = 1.0
MOST_PROBLEMS = 100
# Of the snapshot, what the answer rests on.
RELEVANT = frozenset(
    ("nginx_config", "nginx_build", "nginx", "nginx_container", "fpm_config", "fpm_container", "units")
    + ("processes", "endpoint", "collector_failed", "connect_as_nginx", "listener", "unit_start")
    + ("nginx_test", "fpm_test", "fpm_start", "problems")
)


class Looked(NamedTuple):
    host: Host
    snapshot: "Snapshot"
    procs: List[Process]
    services: List[Service]  # nginx first
    launches: Dict[str, Launch]  # by unit


@contextlib.contextmanager
def unheard(host: Host) -> Iterator[None]:
    """What is dialled here only to see whether it is taken is not missing in the answer."""
    kept, host.missing = host.missing, []
    try:
        yield
    finally:
        host.missing = kept


def services_of(host: Host, snapshot: "Snapshot") -> List[Service]:
    """nginx, and each php-fpm that runs or that nginx's files dial."""
    nginx, masters = snapshot["nginx"], snapshot["fpm"]["masters"]
    every = list(dict.fromkeys(route["site"] or "default" for route in nginx["routes"]))
    sites: Dict[str, Dict[str, None]] = {}
    for route in match_pools(nginx["routes"], masters, real_paths(host, nginx["routes"])):
        for pool in route["pools"]:
            sites.setdefault(pool["config"], {})[route["site"] or "default"] = None
    states = unit_states(host, [nginx["unit"] or "", *UNITS], logs=False)
    loaded = [name for name, state in states.items() if state["load"] not in (None, "not-found")]
    unit = nginx["unit"] if nginx["running"] else next(iter(loaded), None)
    pid = nginx["master"]["pid"] if nginx["master"] else None
    binary = nginx.get("binary")
    config = nginx["config"] or ""
    found = [Service(NGINX, config, binary, pid, unit, states.get(unit or ""), every)]
    for master in masters:
        names = list(sites.get(master["config"], {}))
        if master["running"] or names:
            found.append(
                Service(
                    FPM,
                    master["config"],
                    master["binary"],
                    master["pid"],
                    master["unit"],
                    master["unit_state"],
                    names,
                    master,
                )
            )
    return found


def _launch(host: Host, service: Service, found: "List[RestartProblem]") -> Optional[Launch]:
    state = service.state
    if not service.unit or state is None or state["load"] in ("masked", "not-found"):
        return None
    try:
        return launch(host, service.unit)
    except Untried as untried:
        host.miss("unit_start", service.unit, str(untried))
    except Refusal as refusal:
        words = "%s." % str(refusal).rstrip(".")
        found.append(problem("start_refused", service, words, already=service.pid is None))
    return None


def _address(looked: Looked, service: Service) -> "Iterator[RestartProblem]":
    """An address that nginx could not have: one that it has already is its own."""
    conf = NginxReading(looked.host, looked.snapshot["nginx"]).conf
    with unheard(looked.host):
        why = taken(looked.host, sorted(listens_of(conf)), looked.procs, service.pid)
    if why:
        words = "nginx could not listen on %s." % why
        yield problem("address_taken", service, words, already=service.pid is None, file=service.config)


def _tests(looked: Looked, service: Service, try_start: bool) -> "List[Tried]":
    """[of the configuration, of the start]"""
    host, unit = looked.host, looked.launches.get(service.unit or "")
    if service.program == NGINX:
        return [nginx_test(host, looked.snapshot["nginx"]), Tried(NOT_RUN)]
    config = fpm_test(host, service, unit)
    if config.result == "refused":
        return [config, Tried(NOT_RUN, config.why)]
    if not try_start:
        return [config, Tried(NOT_RUN, "not asked for")]
    with unheard(host):
        return [config, fpm_start(host, service, unit, looked.procs)]


def _service_entry(service: Service, tests: Sequence[Tried]) -> "RestartService":
    config, start = tests
    return {
        "program": service.program,
        "unit": service.unit,
        "config": service.config,
        "running": service.pid is not None,
        "enabled": service.state["enabled"] if service.state else None,
        "config_test": config.result,
        "start_test": start.result,
        "why": config.why or start.why,
    }


def _miss_tests(host: Host, service: Service, tests: Sequence[Tried], try_start: bool, systemd: bool) -> None:
    """A test that did not run is a gap, but for what was not asked for, and for a start that cannot be."""
    config, start = tests
    try_start = try_start and systemd and not (service.state and is_masked(service.state))
    what = "nginx_test" if service.program == NGINX else "fpm_test"
    if config.result == NOT_RUN:
        host.miss(what, service.config, config.why or "", None if host.is_root() else "root")
    elif config.result == "passed" and start.result == NOT_RUN and service.program == FPM and try_start:
        host.miss("fpm_start", service.config, start.why or "", None if host.is_root() else "root")


def _of_service(looked: Looked, service: Service) -> "Iterator[RestartProblem]":
    host, snapshot = looked.host, looked.snapshot
    unit = looked.launches.get(service.unit or "")
    if unit:
        yield from boot.refusals(host, service, unit)
    yield from boot.enablement(host, service, snapshot["host"]["systemd"])
    yield from disk.unit_files(host, service, unit)
    yield from disk.unloaded(host, service, snapshot["nginx"], looked.procs)
    if service.program == NGINX:
        yield from _address(looked, service)


def _of_endpoints(looked: Looked) -> "Iterator[RestartProblem]":
    after = After(
        looked.host,
        looked.snapshot["nginx"],
        looked.services,
        looked.snapshot["endpoints"],
        looked.launches,
    )
    yield from after.lost()
    yield from after.denied()
    held = [
        Held(service, pool)
        for service in looked.services
        for pool in (service.master["pools"] if service.master else ())
    ]
    yield from boot.directories(looked.host, held, looked.launches)
    ways = dialled(looked.snapshot["nginx"]["routes"])
    yield from boot.links(looked.host, looked.services[0], ways, looked.launches)


def worst_first(problems: "Iterable[RestartProblem]") -> "List[RestartProblem]":
    return sorted(problems, key=lambda each: (SEVERITIES.index(each["severity"]), each["at"] == ["boot"]))


def verdict_of(problems: "Sequence[RestartProblem]", missing: "Sequence[Missing]") -> str:
    severities = {each["severity"] for each in problems}
    if CRITICAL in severities:
        return "fails"
    if WARNING in severities:
        return "risky"
    return "unknown" if missing else "fine"


def message(verdict: str, problems: "Sequence[RestartProblem]", missing: "Sequence[Missing]") -> str:
    """One sentence, with the worst of it."""
    if verdict == "not_applicable":
        return "No route leads from nginx to php-fpm here."
    if verdict == "fine":
        return "nginx and php-fpm would come up again as they are."
    if verdict == "unknown":
        return "It is not known whether a restart would go well: %s." % missing[0]["why"].rstrip(".")
    bad = [each for each in problems if each["severity"] != INFO]
    more = " There are %d more problems." % (len(bad) - 1) if len(bad) > 2 else ""
    more = " There is one more problem." if len(bad) == 2 else more
    return bad[0]["summary"] + more


def _looked(host: Host, snapshot: "Snapshot", problems: "List[RestartProblem]") -> Looked:
    """problems: those that show while it is asked how each unit is started are added."""
    services = services_of(host, snapshot)
    launches: Dict[str, Launch] = {}
    for service in services:
        found = _launch(host, service, problems)
        if found:
            launches[found.unit] = found
    return Looked(host, snapshot, processes(host), services, launches)


def restart(host: Host, try_start: bool, deadline: float) -> "Restart":
    """deadline: seconds. A test that has begun is not broken off."""
    until = host.monotonic() + deadline
    snapshot = take(host, WINDOW, PROBE_SECONDS, deadline)
    host.deadline = until
    host.missing[:] = [entry for entry in host.missing if entry["what"] in RELEVANT]
    if not snapshot["nginx"]["routes"]:
        verdict = "unknown" if host.missing else "not_applicable"
        return _answer(verdict, [], [], [], host.missing)
    problems: List[RestartProblem] = []
    looked = _looked(host, snapshot, problems)
    services: List[RestartService] = []
    for service in looked.services:
        programs = list(disk.programs(host, service, looked.launches.get(service.unit or "")))
        if any(each["kind"] == "program_missing" for each in programs):
            gone = Tried(NOT_RUN, programs[0]["summary"])
            tests = [gone, gone]
        else:
            tests = _tests(looked, service, try_start)
            _miss_tests(host, service, tests, try_start, snapshot["host"]["systemd"])
        services.append(_service_entry(service, tests))
        problems += programs + problems_of(service, *tests) + list(_of_service(looked, service))
    problems = worst_first(problems + list(_of_endpoints(looked)))
    running = [service.master for service in looked.services if service.master and service.pid is not None]
    cuts = [cut_of(host, master, snapshot["endpoints"]) for master in running]
    missing = [entry for entry in host.missing if entry["what"] in RELEVANT]
    if len(problems) > MOST_PROBLEMS:
        why = "%d more are left out of this reply" % (len(problems) - MOST_PROBLEMS)
        missing.append({"what": "problems", "path": None, "why": why, "needs": None})
    verdict = verdict_of(problems, missing)
    return _answer(verdict, problems[:MOST_PROBLEMS], services, cuts, missing)


def _answer(
    verdict: str,
    problems: "List[RestartProblem]",
    services: "List[RestartService]",
    cuts: "List[Cut]",
    missing: "List[Missing]",
) -> "Restart":
    return {
        "verdict": verdict,
        "msg": message(verdict, problems, missing),
        "problems": problems,
        "services": services,
        "cuts": cuts,
        "missing": missing,
    }
