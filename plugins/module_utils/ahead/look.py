# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""All that the next restart, reload or boot of a host's nginx and php-fpm would do. Changes nothing."""

from typing import TYPE_CHECKING, Iterator, List, NamedTuple, Sequence

from ..collect.host import Host
from ..collect.snapshot import take
from ..remediate.preflight import NginxReading, listens_of
from ..remediate.rehearsal import taken
from . import boot, disk
from .boot import is_masked
from .cuts import cut_of
from .endpoints import After, Held, dialled
from .judgement import mended_first, message, verdict_of, worst_first
from .problems import FPM, NGINX, Service, problem
from .services import Looked, looked_at, unheard
from .trials import NOT_RUN, Tried, fpm_start, fpm_test, nginx_test, problems_of

if TYPE_CHECKING:
    from ...plugin_utils.shapes.missing import Missing, What
    from ...plugin_utils.shapes.restart import Cut, Restart, RestartProblem, RestartService, RestartVerdict
    from ...plugin_utils.shapes.snapshot import Snapshot

WINDOW = 60  # seconds of log: none of it decides here
PROBE_SECONDS = 1.0
MOST_PROBLEMS = 100
# Of the snapshot, what the answer rests on.
RELEVANT = frozenset(
    ("nginx_config", "nginx_build", "nginx", "nginx_container", "fpm_config", "fpm_container", "units")
    + ("processes", "endpoint", "collector_failed", "connect_as_nginx", "listener", "unit_start")
    + ("nginx_test", "fpm_test", "fpm_start", "problems")
)


class Ahead(NamedTuple):
    problems: "List[RestartProblem]"  # the worst first
    services: "List[RestartService]"
    cuts: "List[Cut]"


def _address(looked: Looked, service: Service) -> "Iterator[RestartProblem]":
    """An address that nginx could not have: one that it has already is its own."""
    conf = NginxReading(looked.host, looked.snapshot["nginx"]).conf
    with unheard(looked.host):
        why = taken(looked.host, sorted(listens_of(conf)), looked.procs, service.pid, True)
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
    what: What = "nginx_test" if service.program == NGINX else "fpm_test"
    if config.result == NOT_RUN:
        host.miss(what, service.config, config.why or "", None if host.is_root() else "root")
    elif config.result == "passed" and start.result == NOT_RUN and service.program == FPM and try_start:
        host.miss("fpm_start", service.config, start.why or "", None if host.is_root() else "root")


def _of_service(looked: Looked, service: Service) -> "Iterator[RestartProblem]":
    host, snapshot = looked.host, looked.snapshot
    unit = looked.launches.get(service.unit or "")
    if unit:
        yield from boot.refusals(host, service, unit)
    yield from boot.enablement(host, service, snapshot["host"]["systemd"], _is_down(looked, service))
    yield from disk.unit_files(host, service, unit)
    yield from disk.unloaded(host, service, snapshot["nginx"], looked.procs)
    if service.program == NGINX:
        yield from _address(looked, service)


def _is_down(looked: Looked, service: Service) -> bool:
    """Whether sites need it, it does not run, and nobody else listens in its place."""
    if service.pid is not None or not service.sites:
        return False
    pools = service.master["pools"] if service.master else []
    places = [looked.snapshot["endpoints"].get(pool["endpoint"] or "") for pool in pools]
    return not any(place and place["listening"] for place in places)


def _of_endpoints(looked: Looked) -> "Iterator[RestartProblem]":
    after = After(
        looked.host,
        looked.snapshot["nginx"],
        looked.services,
        looked.snapshot["endpoints"],
        looked.launches,
    )
    if looked.whole:
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


def foreseen(host: Host, snapshot: "Snapshot", try_start: bool) -> Ahead:
    """Of a snapshot that was just taken, in which variables of php-fpm's files are filled in."""
    problems: List[RestartProblem] = []
    looked = looked_at(host, snapshot, problems)
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
    problems = mended_first(worst_first(problems + list(_of_endpoints(looked))))
    running = [service.master for service in looked.services if service.master and service.pid is not None]
    cuts = [cut_of(host, master, snapshot["endpoints"]) for master in running]
    return Ahead(problems, services, cuts)


def restart(host: Host, try_start: bool, deadline: float) -> "Restart":
    """deadline: seconds. A test that has begun is not broken off."""
    until = host.monotonic() + deadline
    snapshot = take(host, WINDOW, PROBE_SECONDS, deadline)
    host.deadline = until
    host.missing[:] = [entry for entry in host.missing if entry["what"] in RELEVANT]
    if not snapshot["nginx"]["routes"]:
        return _answer("unknown" if host.missing else "not_applicable", [], [], [], host.missing)
    ahead = foreseen(host, snapshot, try_start)
    missing = [entry for entry in host.missing if entry["what"] in RELEVANT]
    problems = ahead.problems
    if len(problems) > MOST_PROBLEMS:
        why = "%d more are left out of this reply" % (len(problems) - MOST_PROBLEMS)
        missing.append({"what": "problems", "path": None, "why": why, "needs": None})
    verdict = verdict_of(problems, missing)
    return _answer(verdict, problems[:MOST_PROBLEMS], ahead.services, ahead.cuts, missing)


def _answer(
    verdict: "RestartVerdict",
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
