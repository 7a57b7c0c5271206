# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""An open change on the host as it is now: its age, which of its files and commands took effect, and who
answers. Only looks.
"""

import os
from typing import TYPE_CHECKING, Dict, List, NamedTuple, Optional, Sequence, Tuple

from ..collect.endpoint.endpoints import collect_endpoints, identity_of
from ..collect.host import Host
from ..collect.linux.processes import Process, process, processes
from ..collect.linux.units import unit_states
from ..collect.nginx.nginx import collect_nginx
from ..collect.php_fpm.masters import collect_fpm
from ..work.step import Refusal
from .disk import Disk
from .journal import DONE, STARTED, boot_of, digest

if TYPE_CHECKING:
    from ...plugin_utils.shapes.nginx import Nginx
    from ...plugin_utils.shapes.php_fpm import Master
    from ...plugin_utils.shapes.record import File, Journal
    from ...plugin_utils.shapes.unit import Unit

FRESH_SECONDS = 3600.0
SETTLE_SECONDS = 20.0  # for a unit that is on its way up or down
PROBE_SECONDS = 1.0
_MOVING = ("activating", "deactivating", "reloading", "refreshing")
_LOADS = ("start", "restart", "reload")  # each leaves its time in the unit's state
# A busy worker, which took the request and has not answered, serves somebody too.
_AT_WORK = ("answered", "no_answer")


class Present(NamedTuple):
    """What can be seen of a step that a killed run left."""

    old: str  # why no command is undone, by its age or by what can be seen; "": commands may be undone
    files: List[str]  # before, written or other, in the journal's order
    took: List[bool]  # of each command, whether it took effect
    begun: bool  # anything may have
    endpoints: List[str]  # of the step
    answers: List[str]  # those that are served
    idle: List[str]  # units that run no more and did not fail: a person stopped them


class Daemons(NamedTuple):
    """What runs, of root's."""

    procs: List[Process]
    nginx: "Nginx"
    masters: "List[Master]"


def _rebooted(host: Host, journal: "Journal") -> bool:
    return journal["boot"] not in ("", boot_of(host))


def _old(host: Host, journal: "Journal") -> str:
    age, init = host.now() - journal["at"], process(host, 1)
    if age < 0:
        return "its time lies in the future, so the clock was set since"
    if _rebooted(host, journal) or init and journal["at"] < init.started_at:
        return "the host was booted since"
    if age > FRESH_SECONDS:
        hours = age / 3600
        return "it is %d %s old" % ((hours / 24, "days") if hours >= 48 else (hours, "h"))
    return ""


def _state_of(file: "File", disk: Disk) -> str:
    try:
        now = digest(disk.read(file["real"]))
    except (OSError, Refusal):
        return "other"
    if now == file["before"]:
        return "before"
    return "written" if now == file["after"] else "other"


def _unit_of(argv: Sequence[str]) -> str:
    return argv[2] if argv[0] == "systemctl" and len(argv) == 3 else ""


def _units(journal: "Journal") -> List[str]:
    named = [_unit_of(command["do"]) for command in journal["commands"]] + [journal["target"]]
    return [unit for unit in dict.fromkeys(named) if unit.endswith(".service")]


def _settled(host: Host, names: Sequence[str]) -> "Dict[str, Unit]":
    """Waits until what a killed run began has come to its end."""
    deadline = host.monotonic() + SETTLE_SECONDS
    while True:
        states = unit_states(host, names, logs=False)
        if host.monotonic() >= deadline or not any(state["active"] in _MOVING for state in states.values()):
            return states
        host.sleep(0.25)


def _daemons(host: Host) -> Daemons:
    procs = processes(host)
    return Daemons(procs, collect_nginx(host, procs), collect_fpm(host, procs, "never")["masters"])


def _served(
    host: Host, seen: Daemons, units: Sequence[str], folders: Sequence[str] = (), files: Sequence[str] = ()
) -> Tuple[List[str], List[str]]:
    """(endpoints, those that work) of these units, directories of sockets and files of nginx. One works where
    a running php-fpm takes requests, or whoever nginx dials does.
    """
    runs: Dict[str, bool] = {}
    for master in seen.masters:
        for pool in master["pools"]:
            name = pool["endpoint"] or ""
            if name and (
                master["unit"] in units or name.startswith(tuple("unix:%s/" % folder for folder in folders))
            ):
                runs[name] = runs.get(name, False) or bool(master["running"])
    for route in seen.nginx["routes"] if seen.nginx["running"] else []:
        runs.update(
            (target["endpoint"], True)
            for target in route["endpoints"]
            if {route["file"], target["file"]} & set(files) and not target["down"]
        )
    endpoints = collect_endpoints(host, list(runs), identity_of(seen.nginx), seen.procs, PROBE_SECONDS)
    return sorted(runs), [
        name for name in sorted(runs) if runs[name] and endpoints[name]["probe"]["result"] in _AT_WORK
    ]


def served_by(host: Host, units: Sequence[str]) -> List[str]:
    """The endpoints at which these units take requests now."""
    return _served(host, _daemons(host), units)[1]


def _reloaded(state: "Unit", procs: Sequence[Process], began: float) -> bool:
    """Whether all workers of a unit are younger, as after `nginx -s reload`, which systemd does not see."""
    starts = [
        proc.started_at
        for proc in procs
        if proc.ppid == state["main_pid"] and "is shutting down" not in proc.cmdline
    ]
    return bool(starts) and min(starts) >= began


def look(host: Host, disk: Disk, opened: str, journal: "Journal") -> Present:
    """opened: the directory of the open change."""
    units, old = _units(journal), _old(host, journal)
    states = _settled(host, units)
    files = [_state_of(file, disk) for file in journal["files"]]
    folders = [folder["path"] for command in journal["commands"] for folder in command["folders"]]
    newer: Dict[Optional[str], Optional[bool]] = {}
    procs: List[Process] = []
    try:
        seen = _daemons(host)
        procs = seen.procs
        newer = {daemon["unit"]: daemon["config_newer"] for daemon in seen.masters + [seen.nginx]}
        endpoints, answers = _served(
            host, seen, units, folders, [file[name] for file in journal["files"] for name in ("path", "real")]
        )
    except Exception as error:
        # No configuration may break its reader so that the host gets no change any more.
        endpoints, answers, old = [journal["target"]], [], "it could not be seen who is served (%s)" % error
    began = journal["at"] if journal["uptime"] < 0 else host.now() - host.boottime() + journal["uptime"]
    loaded = [
        name
        for name, state in states.items()
        if _rebooted(host, journal) or (state["changed_at"] or 0.0) >= began or _reloaded(state, procs, began)
    ]
    took, begun = [], False
    for number, command in enumerate(journal["commands"]):
        unit, done, started = _unit_of(command["do"]), DONE % number, STARTED % number
        loads = bool(unit) and command["do"][1] in _LOADS
        took.append(disk.exists(os.path.join(opened, done)) or loads and unit in loaded)
        begun = begun or took[-1] or not loads and disk.exists(os.path.join(opened, started))
    if begun and not old and any(newer.get(name) for name in units):
        old = "somebody has edited its configuration since, and not loaded that"
    idle = [name for name, state in states.items() if state["active"] == "inactive"]
    return Present(old, files, took, begun, endpoints, answers, idle)
