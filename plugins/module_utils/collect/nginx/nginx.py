# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""nginx on this host, and where its configuration, which is read and never tested, sends PHP requests."""

import posixpath
import re
from functools import partial
from typing import TYPE_CHECKING, Dict, List, Optional, Sequence, Tuple

from ...parse.linux.proc import parse_status
from ...parse.linux.systemctl import DISABLED
from ...parse.nginx.conf import Conf, error_logs, every, opened, repeated_logs
from ...parse.nginx.routes import routes
from ...parse.nginx.site_logs import Defaults, log_formats, site_logs, used
from ...parse.titles import NGINX_MASTER, NGINX_NAME, NGINX_WORKER, PROGRAMS
from ..host import Host
from ..isolated import isolated
from ..linux.processes import Process, processes, unit_around
from ..linux.units import unit_states
from ..pages.code_owners import owners_of_code
from ..trust import DELETED, not_roots, opening
from .beside import note_beside
from .mistakes import note_mistakes
from .nginx_files import Reading
from .nginx_user import set_user

if TYPE_CHECKING:
    from ....plugin_utils.shapes.nginx import Loaded, Nginx

MOST_THEIRS = 32  # each is run, and its files are read
MOST_ERRORS = 5
MOST_NEWER = 64
# mtimes and process starts come from different clocks of the kernel.
CLOCK_SLACK = 0.1  # seconds
LATELY = 2 * 86400.0  # seconds
# Between the reading of the files and the start of the workers (ngx_init_cycle()). More would make an open
# question of each edit that a reload follows at once, as scripts do it.
LOADING = 0.05  # seconds

UNITS = tuple(name + ".service" for name in PROGRAMS["nginx"])
_BINARIES = (
    "/usr/sbin/nginx",
    "/usr/local/nginx/sbin/nginx",
    "/usr/local/sbin/nginx",
    "/usr/bin/nginx",
    "/usr/local/openresty/nginx/sbin/nginx",
    "/usr/sbin/angie",
    "/opt/bitnami/nginx/sbin/nginx",
)
# ngx_get_options(): a letter may carry its value directly. The title has lost the quotes around -g's value.
_OPTION = re.compile(r"(?:^| )-[qtTvVh?]*([cpeg]) *(.*?)(?= -[A-Za-z]|$)")
# Defaults of auto/options, relative ones to the prefix.
_BUILT = {
    "prefix": "/usr/local/nginx",
    "conf-path": "conf/nginx.conf",
    "error-log-path": "logs/error.log",
    "http-log-path": "logs/access.log",
    "pid-path": "logs/nginx.pid",
    "user": "nobody",
}
# What distributions set instead.
_PACKAGED = {
    **_BUILT,
    "prefix": "/etc/nginx",
    "conf-path": "/etc/nginx/nginx.conf",
    "error-log-path": "/var/log/nginx/error.log",
    "http-log-path": "/var/log/nginx/access.log",
    "pid-path": "/run/nginx.pid",
}


def _build(host: Host, binary: str) -> Tuple[Optional[str], Dict[str, str]]:
    """(version, defaults of the build) from nginx -V, which opens nothing."""
    writable = opening(host, binary)
    ran = None if writable else host.run([binary, "-V"])
    text = ran.err + ran.out if ran else ""
    version = re.search(r"version: [^/\s]+/(\S+)", text)
    if not version:
        why = text.strip()[:200]
        if writable:
            why = "%s can write %s, so it was not run" % (writable.who, writable.path)
        needs = "an nginx that runs, and that only root can write"
        host.miss("nginx_build", binary, "%s -V: %s" % (binary, why), needs)
        return None, _PACKAGED
    options = re.findall(r"--(prefix|conf-path|(?:error|http)-log-path|pid-path|user)=('[^']*'|\S*)", text)
    built = {name: value.strip("'") for name, value in options if value.strip("'")}
    return version.group(1), {**_BUILT, **built}


def _serves(host: Host, process: Process) -> bool:
    """Without a master (master_process off). A start that fails, and nginx -t, wait for no events."""
    if process.comm not in PROGRAMS["nginx"] or re.match(NGINX_NAME + ": ", process.cmdline):
        return False
    files = "/proc/%d/fd/" % process.pid
    return any(host.readlink(files + name) == "anon_inode:[eventpoll]" for name in host.names(files))


def _alone(host: Host, process: Process) -> Process:
    uids = parse_status(host.text("/proc/%d/status" % process.pid) or "").uids
    doubt = not_roots(host, process.pid, uids, process.exe, PROGRAMS["nginx"])
    return process._replace(doubt=doubt)


def _masters(host: Host, procs: Sequence[Process]) -> List[Process]:
    """Oldest first, in doubt or not, without those in containers below this host."""
    every = [process for process in procs if NGINX_MASTER.match(process.cmdline)]
    if not every and any(process.comm.startswith(PROGRAMS["nginx"]) for process in procs):
        every = [_alone(host, process) for process in procs if _serves(host, process)]
    contained = [str(master.pid) for master in every if master.foreign]
    if contained:
        why = "nginx runs in containers of this host, pid %s" % ", ".join(contained[:MOST_ERRORS])
        host.miss("nginx_container", None, why, "a run inside them")
    masters = [master for master in every if not master.foreign]
    return sorted(masters, key=lambda master: (master.started_at, master.pid))


def _options(master: Process) -> Dict[str, str]:
    title = NGINX_MASTER.match(master.cmdline)
    return dict(_OPTION.findall(title.group(1) if title else master.cmdline))


def _is_single(master: Process) -> bool:
    return not NGINX_MASTER.match(master.cmdline)


def collect_nginx(
    host: Host, procs: Optional[Sequence[Process]] = None, since: Optional[float] = None
) -> "Nginx":
    """Of several masters the oldest of root's that passes to php-fpm. Where root has none, nor a unit that
    would start one, it is that of the only account that has any. since: where logs may be read for it, too.
    """
    procs = processes(host) if procs is None else procs
    masters = _masters(host, procs)
    theirs = [master for master in masters if master.doubt and master.uid]
    roots = [master for master in masters if not master.doubt]
    # Who may run nginx by sudo starts a master of root's, too: a system unit's counts first.
    several = len({master.cmdline for master in roots}) > 1
    roots.sort(
        key=lambda master: (
            not unit_around(host, master.pid),
            several and not routes(_reading(host, master, None).conf, ""),
        )
    )
    alone = len({master.uid for master in theirs}) == 1 and len(theirs) <= MOST_THEIRS
    if alone and not roots and not _wanted(host, theirs):
        return _look(host, procs, theirs, theirs[0].uid, since)
    if len(roots) > 1:
        from .upgraded import serving_first

        roots = serving_first(host, procs, roots)
    return _look(host, procs, roots, None, since)


def _wanted(host: Host, theirs: Sequence[Process]) -> bool:
    """Whether a boot would start an nginx of root's: then that one is down. A unit with User= starts one of
    theirs.
    """
    running = {process.pid for process in theirs}
    return any(
        unit["enabled"] not in (None, *DISABLED)
        and unit["main_pid"] not in running
        and (running or not unit["main_pid"])  # else it runs where no nginx of this host is seen
        for unit in unit_states(host, UNITS, logs=False).values()
    )


def _nothing_loaded() -> "Loaded":
    return {
        "at": None,
        "newer_files": [],
        "replaced": False,
        "master_groups": [],
        "configured": None,
        "default_log": "",
    }


def no_nginx() -> "Nginx":
    """What is said where no nginx is installed, or nobody looked."""
    return {
        "installed": False,
        "running": False,
        "version": None,
        "binary": None,
        "options": {},
        "config": None,
        "prefix": None,
        "unit": None,
        "account": None,
        "master": None,
        "workers": [],
        "user": None,
        "user_from": None,
        "uid": None,
        "gid": None,
        "group": None,
        "groups": [],
        "writable": None,
        "loaded": _nothing_loaded(),
        "config_changed_at": None,
        "config_newer": None,
        "config_errors": [],
        "error_logs": [],
        "site_logs": [],
        "log_formats": {},
        "opens": [],
        "file_cache": None,
        "routes": [],
    }


def _report_errors(host: Host, conf: Conf) -> None:
    why = "line %s: %s: nginx refuses it, so what runs is another configuration than these files"
    for error in conf.errors[:MOST_ERRORS]:
        needs = "a configuration that passes nginx -t"
        host.miss("nginx_config", error["file"], why % (error["line"], error["text"]), needs)


def _place(host: Host, master: Optional[Process], built: Dict[str, str]) -> Tuple[str, str]:
    """(configuration, prefix)"""
    options = _options(master) if master else {}
    prefix = options.get("p") or built["prefix"]
    if master and not prefix.startswith("/"):
        prefix = posixpath.join(host.readlink("/proc/%d/cwd" % master.pid) or "/", prefix)
    return posixpath.join(prefix, options.get("c") or built["conf-path"]), prefix


def _reading(host: Host, master: Process, account: Optional[int]) -> Reading:
    config, prefix = _place(host, master, _build(host, (master.exe or "nginx").replace(DELETED, ""))[1])
    return Reading(host, config, prefix, _options(master).get("g", ""), account)


def _workers(procs: Sequence[Process], masters: Sequence[Process]) -> List[Process]:
    """Of the first master. While its binary is upgraded two masters run with one command line."""
    family = [master.pid for master in masters if master.cmdline == masters[0].cmdline]
    if masters and _is_single(masters[0]):
        return [masters[0]]
    return [process for process in procs if process.ppid in family and NGINX_WORKER.match(process.cmdline)]


def _loaded(
    nginx: "Nginx", reading: Reading, masters: Sequence[Process], workers: Sequence[Process]
) -> "Loaded":
    """A reload replaces the workers and keeps the master. Of a single process nobody sees one."""
    loaded = _nothing_loaded()
    alone = bool(masters) and _is_single(masters[0])
    started = min((each.started_at for each in ([] if alone else workers or masters[:1])), default=None)
    loaded["at"] = started
    if started is not None and reading.changed_at is not None:
        nginx["config_newer"] = reading.changed_at > started + CLOCK_SLACK
        newer = [path for path, at in reading.changes.items() if at > started + CLOCK_SLACK]
        loaded["newer_files"] = newer[:MOST_NEWER]
        perhaps = [path for path, at in reading.touched.items() if at > started - LOADING]
        loaded["perhaps_newer"] = [path for path in perhaps if path not in newer][:MOST_NEWER]
    if masters:
        loaded["replaced"] = (masters[0].exe or "").endswith(DELETED)
        loaded["master_groups"] = masters[0].groups
    return loaded


def _own_unit(host: Host, pid: int) -> Optional[str]:
    """The unit that runs nginx, and not the supervisor, cron or shell in whose unit somebody started it."""
    unit = unit_around(host, pid)
    if unit is None or unit in UNITS:
        return unit
    shown = host.run(["systemctl", "show", "-p", "MainPID", "--", unit])
    return unit if shown.out.strip() == "MainPID=%d" % pid else None


def _look(
    host: Host,
    procs: Sequence[Process],
    masters: Sequence[Process],
    account: Optional[int],
    since: Optional[float],
) -> "Nginx":
    nginx = no_nginx()
    nginx["account"] = None if account is None else host.user_name(account)
    binary = (masters[0].exe or "").replace(DELETED, "") if masters else ""
    binary = binary or next((path for path in _BINARIES if host.type_of(path)), "")
    if not binary and not masters and not _wanted(host, ()):
        return nginx
    version, built = _build(host, binary or "nginx")
    options = _options(masters[0]) if masters else {}
    workers = _workers(procs, masters)
    if masters:
        nginx["running"] = True
        nginx["master"] = {"pid": masters[0].pid, "started_at": masters[0].started_at}
        nginx["workers"] = [worker.pid for worker in workers]
        nginx["unit"] = _own_unit(host, masters[0].pid)
    config, prefix = _place(host, masters[0] if masters else None, built)
    reading = Reading(host, config, prefix, options.get("g", ""), account)
    nginx["installed"], nginx["version"], nginx["binary"] = True, version, binary
    nginx["options"], nginx["config"], nginx["prefix"] = options, config, prefix
    nginx["routes"] = routes(reading.conf, prefix, version)
    others = [each for each in masters if each.cmdline != masters[0].cmdline]
    theirs = [(each, _reading(host, each, account)) for each in others]
    note_beside(host, nginx, reading, theirs, procs, since)
    if any(directive.name == "mirror" for directive in every(reading.conf.directives)):
        from ...parse.nginx.mirrored import without_mirrors

        nginx["routes"], nginx["mirrored"] = without_mirrors(reading.conf, nginx["routes"])
    for directive in every(reading.conf.directives):
        if directive.name == "open_file_cache_errors" and directive.args == ["on"]:
            nginx["file_cache"] = "%s:%s" % (directive.file, directive.line)
        elif directive.name == "gzip" and directive.args == ["on"]:
            nginx["gzip"] = True
    nginx["config_errors"], nginx["config_changed_at"] = reading.conf.errors, reading.changed_at
    if reading.changed_at is not None and reading.changed_at > host.now() - LATELY:
        from ...parse.nginx.changes import changes

        nginx["changes"] = changes(reading.conf, config, reading.changes)
    nginx["writable"] = reading.writable_by_others()
    owners_of_code(host, nginx["routes"])
    _report_errors(host, reading.conf)
    nginx["loaded"] = _loaded(nginx, reading, masters, workers)
    if nginx["loaded"]["newer_files"] and any(route["variable"] for route in nginx["routes"]):
        from ...parse.nginx.value_files import note_value_files

        note_value_files(reading.conf, nginx["routes"])
    # A master of an ordinary account cannot change its workers' user, nor does a single process its own.
    alone = bool(masters) and _is_single(masters[0])
    certain = account is None and reading.whole and version is not None and not alone
    set_user(host, nginx, reading.conf, workers, built["user"], certain)
    default_log = posixpath.join(prefix, options.get("e") or built["error-log-path"])
    nginx["loaded"]["default_log"] = default_log
    nginx["error_logs"] = error_logs(reading.conf, prefix, default_log).files
    repeated = repeated_logs(reading.conf, prefix)
    if repeated:
        nginx["repeated_logs"] = repeated
    formats = log_formats(reading.conf)
    sites = site_logs(reading.conf, prefix, Defaults(built["http-log-path"], default_log), formats)
    nginx["site_logs"], nginx["log_formats"] = sites, used(formats, sites)
    if not reading.conf.errors:
        from ..pages.front_pages import front_pages, has_twins

        nginx["fronts"] = front_pages(host, reading.conf, prefix, nginx)
        if has_twins(reading.conf):
            from .ignored_servers import ignored_servers

            nginx["ignored"] = ignored_servers(reading.conf, nginx["routes"])
        look = partial(note_mistakes, host, nginx, reading.conf, built["http-log-path"], since)
        isolated(host, "nginx_mistakes", look)
    nginx["opens"] = opened(reading.conf, prefix, built["pid-path"])
    return nginx
