# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every php-fpm master of the host, running or not: its configuration, its pools, its unit."""

import errno
import os
import posixpath
import re
from typing import TYPE_CHECKING, Callable, Dict, List, NamedTuple, Optional

from ...parse.linux.proc import unit_of
from ...parse.linux.systemctl import command_option
from ...parse.number import number
from ...parse.php_fpm.conf import FpmConf, Section, full_path
from ...parse.php_fpm.pools import pool_facts, refusals
from ...parse.problem import Problem
from ...parse.titles import FPM_MASTER
from ..host import Host, HostError
from ..linux.processes import Process, process_cgroup, processes
from ..linux.units import fpm_unit_names, unit_states
from ..trust import DELETED
from .files import Reading
from .layouts import Layout, installed_layouts, layout_of, version_in

if TYPE_CHECKING:
    from ....plugin_utils.shapes.php_fpm import Fpm, Master, Pool
    from ....plugin_utils.shapes.unit import Unit

MOST_ERRORS = 10
_PROGRAM = re.compile(r"^php[\d.]*-?fpm[\d.]*$")

PoolFacts = Callable[[Section, str], "Pool"]


class Found(NamedTuple):
    """An installation of php-fpm, or its running master."""

    layout: Layout
    binary: Optional[str]  # path
    process: Optional[Process]  # the master
    unit: Optional[str]


def running_masters(host: Host, procs: List[Process], account: Optional[int]) -> List[Found]:
    """Root's masters, and those of the account, but none in a container below this host: its files and users
    are not ours.
    """
    found: List[Found] = []
    contained: List[str] = []
    for one in procs:
        title = FPM_MASTER.match(one.cmdline)
        if title is None:
            continue
        if one.foreign:
            contained.append(str(one.pid))
            continue
        if one.doubt and one.uid != account:
            continue
        binary = (one.exe or "").replace(DELETED, "") or None
        config = title.group(1) or ""
        if config and not config.startswith("/"):
            config = posixpath.join(host.readlink("/proc/%d/cwd" % one.pid) or "/", config)
        if not config or not _exists(host, config):
            config = next(
                (
                    layout.config
                    for layout in installed_layouts(host)
                    if layout.binary == binary or (config and layout.config.startswith(config))
                ),
                config,
            )
        layout = layout_of(config, binary)
        found.append(
            Found(layout, binary or layout.binary or None, one, unit_of(process_cgroup(host, one.pid)))
        )
    if contained:
        host.miss(
            "fpm_container",
            None,
            "php-fpm runs in containers of this host, pid %s" % ", ".join(contained[:MOST_ERRORS]),
            "a run inside them",
        )
    return found


def _exists(host: Host, path: str) -> bool:
    return host.type_of(path) == "file" or not (host.type_of(path) or _absent(host, path))


def _idle_masters(
    host: Host, units: Dict[str, "Unit"], layouts: List[Layout], taken: List[str]
) -> List[Found]:
    """Masters that could run and do not: of units, then of packagings."""
    found: List[Found] = []
    seen = {host.realpath(config) for config in taken}

    def add(layout: Layout, binary: Optional[str], unit: Optional[str]) -> None:
        real = host.realpath(layout.config)
        if layout.config and real not in seen:
            seen.add(real)
            found.append(Found(layout, binary, None, unit))

    for name, unit in sorted(units.items()):
        command = unit["command"]
        program = command.split()[0] if command else ""
        if not _PROGRAM.match(posixpath.basename(program)):
            continue
        config = command_option(command, "config") or next(
            (layout.config for layout in layouts if layout.binary == program), ""
        )
        add(layout_of(config, program), program if _exists(host, program) else None, name)
    for layout in layouts:
        unit_name = (
            layout.unit
            if layout.unit in units and units[layout.unit]["load"] not in (None, "not-found")
            else None
        )
        add(layout, layout.binary if _exists(host, layout.binary) else None, unit_name)
    return found


def _loaded_at(host: Host, process: Process, pid_file: Optional[str], unit: Optional["Unit"]) -> float:
    """When it last read its configuration: a reload writes the pid file anew, or changes the unit's state."""
    moments = [process.started_at]
    try:
        if (
            pid_file
            and host.stat(pid_file).uid == process.uid
            and host.read(pid_file, 32).strip() == str(process.pid)
        ):
            return max(process.started_at, host.stat(pid_file).mtime)
    except (HostError, ValueError):
        pass
    if unit and unit["active"] == "active" and unit["changed_at"]:
        moments.append(unit["changed_at"])
    return max(moments)


def _unopenable(host: Host, conf: FpmConf, error_log: Optional[str], pools: List["Pool"]) -> List[Problem]:
    """The master does not start without them; the test without a trace cannot see that."""
    places = [("fpm-errorlog-open", conf.top, "error_log", error_log)]
    for section, pool in zip(conf.pools, pools):
        places.append(("fpm-accesslog-open", section, "access.log", pool["access_log"]))
        if pool["slowlog_timeout"]:
            places.append(("fpm-slowlog-open", section, "slowlog", pool["slowlog"]))
    return [
        section.problem(kind, key, path, os.strerror(errno.ENOENT), errno.ENOENT)
        for kind, section, key, path in places
        if path and path.startswith("/") and not section.variables and _absent(host, posixpath.dirname(path))
    ]


def _unknown_users(host: Host, conf: FpmConf) -> List[Problem]:
    """php-fpm's own test looks them up from 8.2.2 on only."""
    users = [(section, section.text("user")) for section in conf.pools]
    return [
        section.problem("fpm-uid", "user", user)
        for section, user in users
        if user and not section.variables and number(user) is None and host.account(user) is None
    ]


def _absent(host: Host, path: str) -> bool:
    try:
        host.stat(path)
    except HostError as error:
        return error.absent
    return False


def _master(host: Host, found: Found, unit: Optional["Unit"], test: str, facts: PoolFacts) -> "Master":
    layout, process = found.layout, found.process
    given = command_option(unit["command"], "prefix") if unit else None
    prefix = given or layout.prefix
    reading = Reading(host, layout.config, prefix, process.uid if process and process.doubt else None)
    conf = reading.conf
    top = conf.top
    pools = [facts(pool, prefix) for pool in conf.pools]
    error_log = top.text("error_log") or "log/php-fpm.log"
    if error_log != "syslog":
        error_log = full_path(error_log, None, given or layout.state) or error_log
    pid_file = full_path(top.text("pid"), None, given or layout.state)
    readable = reading.text is not None
    loaded_at = _loaded_at(host, process, pid_file, unit) if process else None
    newer = (
        reading.changed_at > loaded_at if loaded_at is not None and reading.changed_at is not None else None
    )
    problems = conf.problems
    if readable and not reading.barred:
        problems = refusals(conf, pools, reading.account is None) + _unopenable(host, conf, error_log, pools)
        if process is None or newer:
            problems += _unknown_users(host, conf)
    if test == "always" or (test == "auto" and (process is None or newer)):
        from .config_check import config_test  # pylint: disable=import-outside-toplevel  # a healthy host need not compile it

        tested = config_test(host, found.binary, reading, given)
    else:
        tested = {
            "ran": False,
            "why": "not asked for" if test == "never" else "the running master has loaded this configuration",
        }
    return {
        "config": layout.config,
        "version": version_in(found.binary, layout.config, found.unit),
        "binary": found.binary,
        "layout": layout.name,
        "account": None if reading.account is None else host.user_name(reading.account),
        "writable": {"path": reading.writable.path, "who": reading.writable.who}
        if reading.writable and reading.account is None and host.is_root()
        else None,
        "prefix": prefix,
        "unit": found.unit,
        "running": process is not None,
        "pid": process.pid if process else None,
        "started_at": process.started_at if process else None,
        "loaded_at": loaded_at,
        "error_log": error_log if readable else None,
        "pid_file": pid_file,
        "process_max": top.number("process.max") or 0,
        "daemonize": top.flag("daemonize", True),
        "process_control_timeout": top.seconds("process_control_timeout"),
        "log_level": top.text("log_level") or "notice",
        "emergency_restart_threshold": top.number("emergency_restart_threshold") or 0,
        "emergency_restart_interval": top.seconds("emergency_restart_interval"),
        "files": conf.files,
        "config_changed_at": reading.changed_at,
        "config_newer": newer,
        "config_errors": [
            {"kind": one.kind, "file": one.file, "line": one.line, "text": one.text}
            for one in problems[:MOST_ERRORS]
        ],
        "test": tested,
        "unit_state": unit,
        "pools": pools,
    }


def collect_fpm(
    host: Host,
    procs: Optional[List[Process]] = None,
    test: str = "auto",
    window: float = 900,
    account: Optional[int] = None,
    facts: PoolFacts = pool_facts,
) -> "Fpm":
    """{installed, masters}, running masters first. account: the uid whose masters count beside root's;
    without root that is ourselves.

    test: whether to ask php-fpm about the configuration; "auto" when the master does not run or has not
    loaded it. window: seconds in which a unit's change of state makes its journal worth reading. facts: of a
    pool.
    """
    procs = processes(host) if procs is None else procs
    if account is None and not host.is_root():
        account = os.geteuid()
    running = running_masters(host, procs, account)
    layouts = installed_layouts(host)
    names = (
        [found.unit for found in running if found.unit]
        + fpm_unit_names(host)
        + [layout.unit for layout in layouts if layout.unit]
    )
    states = unit_states(host, names, window)
    # Somebody else's master (supervisord, a shell) is in a unit that is not php-fpm's to restart.
    mine = [
        found
        if found.unit
        and (
            "fpm" in found.unit
            or found.unit in states
            and states[found.unit]["main_pid"] == (found.process and found.process.pid)
        )
        else found._replace(unit=None)
        for found in running
    ]
    every = mine + _idle_masters(host, states, layouts, [found.layout.config for found in mine])
    masters = [
        _master(host, found, states.get(found.unit) if found.unit else None, test, facts) for found in every
    ]
    return {"installed": any(master["running"] or master["binary"] for master in masters), "masters": masters}
