# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What may be restarted on a host, and how each of it is started."""

import contextlib
from typing import TYPE_CHECKING, Dict, Iterator, List, NamedTuple, Optional

from ..collect.endpoint.real_paths import real_paths
from ..collect.host import Host
from ..collect.linux.processes import Process, processes
from ..collect.linux.units import unit_states
from ..collect.nginx.nginx import UNITS
from ..parse.endpoint import reached
from ..parse.route_pools import PoolsAt
from ..remediate.launch import Launch, launch
from ..remediate.preflight import FpmReading
from ..remediate.rehearsal import config_after
from ..work.step import Refusal, Step, Untried
from .problems import FPM, NGINX, Service, problem

if TYPE_CHECKING:
    from ...plugin_utils.shapes.php_fpm import Master, Pool
    from ...plugin_utils.shapes.restart import RestartProblem
    from ...plugin_utils.shapes.snapshot import Snapshot


class Looked(NamedTuple):
    host: Host
    snapshot: "Snapshot"
    procs: List[Process]
    services: List[Service]  # nginx first
    launches: Dict[str, Launch]  # by unit
    whole: bool  # it is known where each pool listens


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
    real = real_paths(host, nginx["routes"])
    known = PoolsAt(masters, lambda key: reached(key, real.get(key)))
    for route in nginx["routes"]:
        for master, _pool in known.behind(route):
            sites.setdefault(master["config"], {})[route["site"] or "default"] = None
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


def filled_pools(host: Host, master: "Master", unit: Optional[Launch]) -> "Optional[List[Pool]]":
    """The pools with each ${VARIABLE} as the unit has it. None where one is left."""
    after = (
        config_after(host, master, Step("restart_info", "", [], [], []), unit.environment) if unit else None
    )
    if after is None or after.conf.variables:
        host.miss("fpm_config", master["config"], "it uses ${...}, which no unit fills in")
        return None
    return after.pools


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


def looked_at(host: Host, snapshot: "Snapshot", problems: "List[RestartProblem]") -> Looked:
    """problems: those that show while it is asked how each unit is started are added."""
    services = services_of(host, snapshot)
    launches: Dict[str, Launch] = {}
    for service in services:
        found = _launch(host, service, problems)
        if found:
            launches[found.unit] = found
    whole = True
    for number, master in enumerate(snapshot["fpm"]["masters"]):
        if master["running"] and FpmReading(host, master["config"], master["prefix"]).conf.variables:
            pools = filled_pools(host, master, launches.get(master["unit"] or ""))
            whole = whole and pools is not None
            snapshot["fpm"]["masters"][number] = {
                **master,
                "pools": master["pools"] if pools is None else pools,
            }
            services = services_of(host, snapshot)
    return Looked(host, snapshot, processes(host), services, launches, whole)
