# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every php-fpm master of the host, running or not: its configuration, its pools, its unit."""

import errno
import os
import posixpath
from typing import TYPE_CHECKING, Callable, Dict, List, Optional

from ...parse.linux.proc import unit_of
from ...parse.linux.systemctl import GENERATED, command_option
from ...parse.number import number
from ...parse.php_fpm.conf import FpmConf, Section, full_path
from ...parse.php_fpm.pools import ZONEINFO, pool_facts, start_problems
from ...parse.titles import FPM_MASTER
from ...signatures import kinds
from ..host import Host, HostError
from ..linux.processes import Process, process_cgroup, processes
from ..linux.units import fpm_unit_names, unit_states
from ..trust import DELETED
from .files import Reading
from .installation import SCRIPTS, Installation, exists
from .layouts import Layout, installed_layouts, layout_of, version_in

if TYPE_CHECKING:
    from ....plugin_utils.shapes.config import ConfigProblem
    from ....plugin_utils.shapes.php_fpm import ConfigTest, Fpm, LastStart, Master, Pool
    from ....plugin_utils.shapes.unit import Unit

MOST_ERRORS = 10

PoolFacts = Callable[[Section, str], "Pool"]


def running_masters(host: Host, procs: List[Process], account: Optional[int]) -> List[Installation]:
    """Root's masters, and those of the account. Those in a container below this host are missing: their files
    and users are not ours.
    """
    running: List[Installation] = []
    contained: List[str] = []
    known = {(process.pid, process.cmdline) for process in procs if not process.doubt}
    for process in procs:
        title = FPM_MASTER.match(process.cmdline)
        # A worker has the master's title until it has set its own.
        if title is None or (process.ppid, process.cmdline) in known:
            continue
        if process.foreign:
            contained.append(str(process.pid))
            continue
        if process.doubt and process.uid != account:
            continue
        binary = (process.exe or "").replace(DELETED, "") or None
        config = title.group(1) or ""
        if config and not config.startswith("/"):
            config = posixpath.join(host.readlink("/proc/%d/cwd" % process.pid) or "/", config)
        if not config or not exists(host, config):
            for layout in installed_layouts(host):
                if layout.binary == binary or (config and layout.config.startswith(config)):
                    config = layout.config
                    break
        layout = layout_of(config, binary)
        unit = unit_of(process_cgroup(host, process.pid))
        running.append(Installation(layout, binary or layout.binary or None, process, unit))
    if contained:
        why = "php-fpm runs in containers of this host, pid %s" % ", ".join(contained[:MOST_ERRORS])
        host.miss("fpm_container", None, why, "a run inside them")
    return running


def _may_be_idle(
    host: Host, units: Dict[str, "Unit"], layouts: List[Layout], running: List[Installation]
) -> bool:
    """Whether more masters are set up than run, or something else than a unit of their own starts them."""
    taken = {host.realpath(master.layout.config) for master in running}
    own = {master.unit for master in running}
    return (
        None in own
        or any(host.realpath(layout.config) not in taken for layout in layouts)
        or any(
            name not in own or (unit["fragment"] or "").startswith(GENERATED)
            for name, unit in units.items()
            if unit["load"] not in (None, "not-found")
        )
        or any(
            "php" in name and "fpm" in name and name + ".service" not in units for name in host.names(SCRIPTS)
        )
    )


def _loaded_at(host: Host, process: Process, pid_file: Optional[str], unit: Optional["Unit"]) -> float:
    """When it last read its configuration: a reload writes the pid file anew, or changes the unit's state."""
    try:
        if (
            pid_file
            and host.stat(pid_file).uid == process.uid
            and host.read(pid_file, 32).strip() == str(process.pid)
        ):
            return max(process.started_at, host.stat(pid_file).mtime)
    except (HostError, ValueError):
        pass
    changed_at = unit["changed_at"] if unit and unit["active"] == "active" else None
    return max(process.started_at, changed_at or 0.0)


def _unopenable(
    host: Host, conf: FpmConf, error_log: Optional[str], pools: List["Pool"]
) -> "List[ConfigProblem]":
    """Logs and chroots without which the master does not start; of logs the test without a trace cannot see
    that.
    """
    places = [(kinds.ERROR_LOG, conf.top, "error_log", error_log)]
    for section, pool in zip(conf.pools, pools):
        places.append((kinds.ACCESS_LOG, section, "access.log", pool["access_log"]))
        if pool["slowlog_timeout"]:
            places.append((kinds.SLOWLOG, section, "slowlog", pool["slowlog"]))
    problems = [
        section.problem(kinds.NO_CHROOT, "chroot", pool["chroot"])
        for section, pool in zip(conf.pools, pools)
        if pool["chroot"] and not section.variables and host.lacks(pool["chroot"])
    ]
    return problems + [
        section.problem(kind, key, path, os.strerror(errno.ENOENT), errno.ENOENT)
        for kind, section, key, path in places
        if path and path.startswith("/") and not section.variables and host.lacks(posixpath.dirname(path))
    ]


def _unknown_users(host: Host, conf: FpmConf) -> "List[ConfigProblem]":
    """php-fpm's own test looks them up from 8.2.2 on only."""
    users = [(section, section.text("user")) for section in conf.pools]
    return [
        section.problem(kinds.UNKNOWN_USER, "user", user)
        for section, user in users
        if user and not section.variables and number(user) is None and host.account(user) is None
    ]


def _problems(
    host: Host, reading: Reading, pools: List["Pool"], error_log: Optional[str], stale: bool
) -> "List[ConfigProblem]":
    """What is wrong with the configuration. stale: no master runs with it as it is now."""
    conf = reading.conf
    if reading.text is None or not reading.whole:
        return conf.problems
    problems = start_problems(conf, pools, reading.account is None) + _unopenable(
        host, conf, error_log, pools
    )
    return problems + (_unknown_users(host, conf) if stale else [])


def _test(
    host: Host, binary: Optional[str], reading: Reading, prefix: Optional[str], test: str, stale: bool
) -> "ConfigTest":
    if test == "never":
        return {"ran": False, "why": "not asked for"}
    if test == "auto" and not stale:
        return {"ran": False, "why": "the running master has loaded this configuration"}
    from .config_check import config_test

    return config_test(host, binary, reading, prefix)


def _last_start(
    host: Host, installation: Installation, unit: Optional["Unit"], pid_file: Optional[str]
) -> Optional["LastStart"]:
    if installation.process is not None or unit is None or not unit["log"]:
        return None
    from .last_start import last_start

    layout = installation.layout
    program = (unit["command"] or "").split(" ")[0] or layout.binary or installation.binary
    return last_start(host, unit, layout.config, program, pid_file)


def _master(
    host: Host,
    installation: Installation,
    unit: Optional["Unit"],
    test: str,
    facts: PoolFacts,
    start_command: Optional[str],
) -> "Master":
    layout, binary, process, unit_name = installation
    unit_prefix = command_option(unit["command"], "prefix") if unit else None
    prefix, state = unit_prefix or layout.prefix, unit_prefix or layout.state
    reading = Reading(host, layout.config, prefix, process.uid if process and process.doubt else None)
    conf, top, account = reading.conf, reading.conf.top, reading.account
    pools = [facts(pool, prefix) for pool in conf.pools]
    for pool in pools:
        if pool["chroot"] and host.lacks(pool["chroot"].rstrip("/") + ZONEINFO):
            pool["zoneless"] = True
    if process and len({pool["chroot"] for pool in pools if pool["chroot"]}) > 1:
        from .opcache import note_jails

        note_jails(host, layout.config, pools)
    error_log = top.text("error_log") or "log/php-fpm.log"
    if error_log != "syslog":
        error_log = full_path(error_log, None, state) or error_log
    pid_file = full_path(top.text("pid"), None, state)
    loaded_at = _loaded_at(host, process, pid_file, unit) if process else None
    changed_at = reading.changed_at
    newer = None if loaded_at is None or changed_at is None else changed_at > loaded_at
    stale = process is None or bool(newer)
    master: Master = {
        "config": layout.config,
        "version": version_in(binary, layout.config, unit_name),
        "binary": binary,
        "layout": layout.name,
        "account": None if account is None else host.user_name(account),
        "writable": reading.writable_by_others(),
        "prefix": prefix,
        "unit": unit_name,
        "running": process is not None,
        "pid": process.pid if process else None,
        "started_at": process.started_at if process else None,
        "loaded_at": loaded_at,
        "error_log": None if reading.text is None else error_log,
        "pid_file": pid_file,
        "process_max": top.number("process.max") or 0,
        "daemonize": top.flag("daemonize", True),
        "process_control_timeout": top.seconds("process_control_timeout"),
        "log_level": top.text("log_level") or "notice",
        "emergency_restart_threshold": top.number("emergency_restart_threshold") or 0,
        "emergency_restart_interval": top.seconds("emergency_restart_interval"),
        "files": conf.files,
        "config_changed_at": changed_at,
        "config_newer": newer,
        "config_errors": _problems(host, reading, pools, error_log, stale)[:MOST_ERRORS],
        "test": _test(host, binary, reading, unit_prefix, test, stale),
        "unit_state": unit,
        "start_command": start_command,
        "last_start": _last_start(host, installation, unit, pid_file),
        "pools": pools,
    }
    if process and unit and unit.get("sandbox"):
        from .unseen import unseen

        master["unseen"] = unseen(host, process.pid, unit)
    network = host.readlink("/proc/%d/ns/net" % process.pid) if process else None
    if network and network != host.readlink("/proc/self/ns/net"):
        master["own_network"] = True
    if any(
        pool.flag("catch_workers_output", False) and not pool.flag("decorate_workers_output", True)
        for pool in conf.pools
    ):
        master["undecorated"] = True
    return master


def _is_own_unit(master: Installation, units: Dict[str, "Unit"]) -> bool:
    name, process = master.unit or "", master.process
    return "fpm" in name or name in units and units[name]["main_pid"] == (process and process.pid)


def collect_fpm(
    host: Host,
    procs: Optional[List[Process]] = None,
    test: str = "auto",
    window: float = 900,
    account: Optional[int] = None,
    facts: PoolFacts = pool_facts,
) -> "Fpm":
    """Running masters come first. account: the uid whose masters count beside root's; without root, ours.

    test: whether to ask php-fpm about the configuration: always, never, or auto. That asks when the master
    does not run or has not loaded it. window: a unit's journal is read where its state changed within so many
    seconds. facts: of a pool.
    """
    procs = processes(host) if procs is None else procs
    if account is None and not host.is_root():
        account = os.geteuid()
    running = running_masters(host, procs, account)
    layouts = installed_layouts(host)
    named = [master.unit for master in running] + fpm_unit_names(host) + [layout.unit for layout in layouts]
    units = unit_states(host, [name for name in named if name], window)
    # A master of something else (supervisord, a shell) is in a unit that is not php-fpm's to restart.
    every = [master if _is_own_unit(master, units) else master._replace(unit=None) for master in running]
    commands: List[Optional[str]] = [None] * len(every)
    if _may_be_idle(host, units, layouts, every):
        from .idle import with_idle

        every, commands = with_idle(host, units, layouts, every)
    masters = [
        _master(host, each, units.get(each.unit or ""), test, facts, command)
        for each, command in zip(every, commands)
    ]
    return {"installed": any(master["running"] or master["binary"] for master in masters), "masters": masters}
