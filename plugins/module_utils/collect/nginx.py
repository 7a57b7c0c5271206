# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""nginx on this host, and where its configuration, which is read and never tested, sends PHP requests."""

import errno
import posixpath
import re
from typing import TYPE_CHECKING, Dict, List, Optional, Sequence, Tuple

from ..parse.linux.proc import unit_of
from ..parse.nginx.conf import Conf, NotOpened, error_logs, every, opened, parse_conf, user_directive
from ..parse.nginx.routes import routes
from ..parse.titles import NGINX_MASTER, NGINX_WORKER
from .host import Host, HostError
from .linux.processes import Process, process_cgroup, processes
from .linux.units import unit_states
from .trust import DELETED, Opening, folders, named, opening

if TYPE_CHECKING:
    from ..facts.nginx import Nginx, NginxAccount, Route

MOST_FILES = 2000
MOST_BYTES = 32 * 1024 * 1024
MOST_ERRORS = 5
MOST_LINKS = 40  # on the way to a site's code, as in the kernel
# mtimes and process starts come from different clocks of the kernel.
CLOCK_SLACK = 0.1  # seconds

CODE = ("load_module", "init_by_lua_file", "perl_modules", "perl_require")  # run by nginx -t already
UNITS = ("nginx.service", "openresty.service", "angie.service")
_BINARIES = (
    "/usr/sbin/nginx",
    "/usr/local/nginx/sbin/nginx",
    "/usr/local/sbin/nginx",
    "/usr/bin/nginx",
    "/usr/local/openresty/nginx/sbin/nginx",
    "/usr/sbin/angie",
    "/opt/bitnami/nginx/sbin/nginx",
)
_FROM_ROOT = re.compile(r"\$\{?(?:document_root|realpath_root|request_filename)\b")
# ngx_get_options(): a letter may carry its value directly. The title has lost the quotes around -g's value.
_OPTION = re.compile(r"(?:^| )-[qtTvVh?]*([cpeg]) *(.*?)(?= -[A-Za-z]|$)")
# Defaults of auto/options, relative ones to the prefix.
_BUILT = {
    "prefix": "/usr/local/nginx",
    "conf-path": "conf/nginx.conf",
    "error-log-path": "logs/error.log",
    "pid-path": "logs/nginx.pid",
    "user": "nobody",
}
# What distributions set instead.
_PACKAGED = dict(
    _BUILT,
    **{
        "prefix": "/etc/nginx",
        "conf-path": "/etc/nginx/nginx.conf",
        "error-log-path": "/var/log/nginx/error.log",
        "pid-path": "/run/nginx.pid",
    },
)


def _build(host: Host, binary: str) -> Tuple[Optional[str], Dict[str, str]]:
    """(version, defaults of the build) from nginx -V, which opens nothing."""
    found = opening(host, binary)
    ran = None if found else host.run([binary, "-V"])
    text = ran.err + ran.out if ran else ""
    version = re.search(r"version: [^/\s]+/(\S+)", text)
    if not version:
        why = "%s can write %s, so it was not run" % (found.who, found.path) if found else text.strip()[:200]
        host.miss(
            "nginx_build",
            binary,
            "%s -V: %s" % (binary, why),
            "an nginx that runs, and that only root can write",
        )
        return None, _PACKAGED
    options = re.findall(r"--(prefix|conf-path|error-log-path|pid-path|user)=('[^']*'|\S*)", text)
    return version.group(1), dict(
        _BUILT, **{name: value.strip("'") for name, value in options if value.strip("'")}
    )


def _masters(host: Host, procs: Sequence[Process]) -> List[Process]:
    """Oldest first, in doubt or not, without those in containers below this host."""
    found = [one for one in procs if NGINX_MASTER.match(one.cmdline)]
    for one in found:
        if one.foreign:
            host.miss(
                "nginx_container",
                None,
                "nginx with pid %d runs in a container" % one.pid,
                "a run inside that container",
            )
    return sorted((one for one in found if not one.foreign), key=lambda one: (one.started_at, one.pid))


class Reading:
    def __init__(self, host: Host, config: str, prefix: str, extra: str, account: Optional[int]) -> None:
        self.host = host
        self.account = account
        self.files = 0
        self.bytes = 0
        self.whole = True
        self.writable: Optional[Opening] = None
        self.changed_at: Optional[float] = None
        self.conf: Conf = parse_conf(config, self.read, self.expand, extra)
        for one in every(self.conf.directives):
            if one.name in CODE and one.args:
                self._judge(posixpath.join(prefix, one.args[0]))

    def expand(self, pattern: str) -> List[str]:
        for folder in folders(self.host, pattern):
            self._judge(folder)
        return self.host.glob(pattern)

    def _judge(self, path: str) -> None:
        self.writable = self.writable or opening(self.host, path)

    def left_out(self, path: str, why: str, needs: Optional[str] = None) -> None:
        self.whole = False
        self.host.miss("nginx_config", path, why, needs)

    def read(self, path: str) -> Optional[str]:
        if self.files >= MOST_FILES or self.bytes >= MOST_BYTES:
            self.left_out(
                path,
                "left out: more than %d files or %d MiB of configuration" % (MOST_FILES, MOST_BYTES >> 20),
            )
            return None
        self.files += 1
        self._judge(path)
        try:
            stat = self.host.stat(path)
            if self.account is not None and stat.uid != self.account and not stat.mode & 0o004:
                self.left_out(path, "%s may not read it" % self.host.user_name(self.account))
                return None
            data = self.host.read_bytes(named(self.host, path), 0, MOST_BYTES - self.bytes + 1, real=True)
            changed = [stat.mtime, self.host.stat(path, False).mtime]
        except HostError as error:
            if error.errno not in (errno.EACCES, errno.EPERM):
                raise NotOpened('open() "%s" failed (%s: %s)' % (path, error.errno, error.why))
            self.left_out(path, error.why, None if self.host.is_root() else "root")
            return None
        self.bytes += len(data)
        if self.bytes > MOST_BYTES:
            self.left_out(path, "left out: more than %d MiB of configuration" % (MOST_BYTES >> 20))
            return None
        # A site is switched on by a new link to an old file.
        self.changed_at = max([self.changed_at or 0.0] + changed)
        return data.decode("utf-8", "replace")


def _group(host: Host, name: str) -> Optional[int]:
    match = re.search(r"^%s:[^:]*:(\d+):" % re.escape(name), host.text("/etc/group") or "", re.M)
    return int(match.group(1)) if match else None


def _worker_user(
    host: Host,
    workers: Sequence[Process],
    written: Optional[Tuple[str, Optional[str]]],
    default: str,
    certain: bool,
) -> "NginxAccount":
    """Who connects to php-fpm: as the workers run, else as the user directive says. certain: that was seen."""
    name = written[0] if written else default
    found: NginxAccount = {
        "user": name,
        "user_from": "config" if written else "default",
        "uid": None,
        "gid": None,
        "groups": [],
    }
    account = host.account(name)
    if workers:
        one = workers[0]
        wrong = [other for other in workers if certain and other.uid != (account[0] if account else None)]
        if wrong:
            host.miss(
                "connect_as_nginx",
                None,
                "the configuration says that nginx's workers run as %s, and worker %d runs as %s"
                % (name, wrong[0].pid, host.user_name(wrong[0].uid)),
                "an nginx that has loaded its configuration",
            )
            return found
        return {
            "user": host.user_name(one.uid),
            "user_from": "process",
            "uid": one.uid,
            "gid": one.gid,
            "groups": one.groups,
        }
    if account:
        # ngx_set_user(): without a group of its own, the one with the user's name.
        group = _group(host, written[1] if written and written[1] else name)
        gid = account[1] if group is None else group
        found["uid"], found["gid"], found["groups"] = account[0], gid, sorted(set(account[2]) | {gid})
    return found


def _options(master: Process) -> Dict[str, str]:
    title = NGINX_MASTER.match(master.cmdline)
    return dict(_OPTION.findall(title.group(1))) if title else {}


def collect_nginx(host: Host, procs: Optional[Sequence[Process]] = None) -> "Nginx":
    """Of several masters the oldest of root's. Where root has none, nor a unit that would start one, it is
    that of the one account that has any.
    """
    procs = processes(host) if procs is None else procs
    masters = _masters(host, procs)
    theirs = [one for one in masters if one.doubt and one.uid]
    # Whoever may start nginx by sudo starts root's, too: a system unit's counts first.
    mine = sorted(
        (one for one in masters if not one.doubt), key=lambda one: not unit_of(process_cgroup(host, one.pid))
    )
    if len({one.uid for one in theirs}) == 1 and not mine and not _wanted(host):
        return _look(host, procs, theirs, theirs[0].uid)
    return _look(host, procs, mine, None)


def _wanted(host: Host) -> bool:
    """Whether a boot would start an nginx of root's: then that one is down."""
    return any(
        unit["enabled"] not in (None, "disabled", "masked", "masked-runtime")
        for unit in unit_states(host, UNITS, logs=False).values()
    )


def no_nginx() -> "Nginx":
    """Where none is installed, or nobody looked."""
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
        "config_changed_at": None,
        "config_newer": None,
        "config_errors": [],
        "error_logs": [],
        "opens": [],
        "routes": [],
    }


def _look(
    host: Host, procs: Sequence[Process], masters: Sequence[Process], account: Optional[int]
) -> "Nginx":
    found = no_nginx()
    found["account"] = None if account is None else host.user_name(account)
    binary = (masters[0].exe or "").replace(DELETED, "") if masters else ""
    binary = binary or next((path for path in _BINARIES if host.type_of(path)), "")
    if not binary and not masters:
        return found
    version, built = _build(host, binary or "nginx")
    options: Dict[str, str] = {}
    workers: List[Process] = []
    if masters:
        master = masters[0]
        options = _options(master)
        for other in masters[1:]:
            # While its binary is upgraded two masters run with one command line.
            if other.cmdline != master.cmdline:
                host.miss(
                    "nginx",
                    None,
                    "a second nginx (pid %d: %s) was not looked at" % (other.pid, other.cmdline[:200]),
                )
        family = [one.pid for one in masters if one.cmdline == master.cmdline]
        workers = [one for one in procs if one.ppid in family and NGINX_WORKER.match(one.cmdline)]
        found["running"] = True
        found["master"] = {"pid": master.pid, "started_at": master.started_at}
        found["workers"] = [one.pid for one in workers]
        found["unit"] = unit_of(process_cgroup(host, master.pid))
    prefix = options.get("p") or built["prefix"]
    if masters and not prefix.startswith("/"):
        prefix = posixpath.join(host.readlink("/proc/%d/cwd" % masters[0].pid) or "/", prefix)
    config = posixpath.join(prefix, options.get("c") or built["conf-path"])
    reading = Reading(host, config, prefix, options.get("g", ""), account)
    found["installed"], found["version"], found["binary"] = True, version, binary
    found["options"], found["config"], found["prefix"] = options, config, prefix
    found["routes"] = routes(reading.conf, prefix)
    found["config_errors"], found["config_changed_at"] = reading.conf.errors, reading.changed_at
    if reading.writable and account is None and host.is_root():
        found["writable"] = {"path": reading.writable.path, "who": reading.writable.who}
    _owners_of_code(host, found["routes"])
    for error in reading.conf.errors[:MOST_ERRORS]:
        host.miss(
            "nginx_config",
            error["file"],
            "line %s: %s: nginx refuses it, so what runs is another configuration than these files"
            % (error["line"], error["text"]),
            "a configuration that passes nginx -t",
        )
    certain = account is None and reading.whole and version is not None
    # A master of an ordinary account cannot change its workers' user.
    found.update(_worker_user(host, workers, user_directive(reading.conf), built["user"], certain))
    found["group"] = host.group_name(found["gid"]) if found["gid"] is not None else None
    # A reload replaces the workers and keeps the master.
    started = min((one.started_at for one in workers or masters[:1]), default=None)
    if started is not None and reading.changed_at is not None:
        found["config_newer"] = reading.changed_at > started + CLOCK_SLACK
    found["error_logs"], elsewhere = error_logs(
        reading.conf, prefix, options.get("e") or built["error-log-path"]
    )
    found["opens"] = opened(reading.conf, prefix, built["pid-path"])
    for target in elsewhere:
        host.miss("nginx_log", target, "nginx writes errors to %s, which cannot be read here" % target)
    return found


def _owners_of_code(host: Host, found: Sequence["Route"]) -> None:
    """root_owner and owners of each route: of what nginx sends to PHP, None unknown."""
    known: Dict[str, Tuple[Optional[str], Optional[List[str]]]] = {}
    for route in found:
        script, code = route["params"].get("SCRIPT_FILENAME", ""), route["root"] or ""
        if script and not _FROM_ROOT.match(script):
            code = script.partition("$")[0]
        if code not in known:
            known[code] = _owners(host, code) if code.startswith("/") and "$" not in code else (None, None)
        route["root_owner"], route["owners"] = known[code]


def _owners(host: Host, path: str) -> Tuple[Optional[str], Optional[List[str]]]:
    """Whose it is; who but root can exchange it or a link to it, or owns its index.php, else its group."""
    real, todo, ruler, rulers, links = "/", path.split("/"), 0, set(), 0
    try:
        while todo:
            here = posixpath.normpath(posixpath.join(real, todo.pop(0)))
            seen = host.stat(here, False)
            ruler = seen.uid or ruler
            if seen.type == "link":
                rulers.add(ruler)
                to, links = host.readlink(here) or "", links + 1
                if links > MOST_LINKS:
                    return None, None
                todo = to.split("/") + todo
                real, ruler = ("/", 0) if to.startswith("/") else (real, ruler)
            else:
                real = here
        index = posixpath.join(real, "index.php")
        rulers |= {ruler} | {host.stat(index, follow).uid for follow in (False, True) if host.type_of(index)}
    except HostError:
        return None, None
    names = {host.user_name(uid) for uid in rulers if uid} or {host.group_name(seen.gid)} - {"root"}
    return host.user_name(seen.uid), sorted(names)
