# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""php-fpm started for a moment as its unit would start it, where nobody sees it: with php.ini, extensions and
preload, in a trial's namespace.

`php-fpm -t` passes where a start fails: at a group, a directory of a socket, an address, a log. So pid file,
logs and sockets are really opened, on memory that lies over them. No pool gets a worker: fifty of them would
take memory that the host may not have.
"""

import errno
import os
import posixpath
import re
import socket
from typing import TYPE_CHECKING, Dict, List, NamedTuple, Optional, Sequence

from ..change.texts import Texts
from ..change.trial import Start, deciding_line, trial
from ..collect.endpoint.endpoints import collect_endpoints
from ..collect.host import Host, HostError
from ..collect.linux.processes import Process
from ..parse.endpoint import parse
from ..parse.php_fpm.conf import FpmConf, parse_fpm_conf
from ..parse.php_fpm.php_info import ini_files_of
from ..parse.php_fpm.pools import pool_facts
from ..parse.titles import is_fpm
from ..signatures.php_fpm import READY
from ..work.step import Change, Step, Untried, as_bytes
from .launch import NOT_TRIED, Launch, kept_from

if TYPE_CHECKING:
    from ...plugin_utils.shapes.php_fpm import Master, Pool

SECONDS = 30.0  # a preload of a large framework takes some
_VARIABLE = re.compile(r"\$\{(\w+)(?::-[^}]*)?\}")
_STAYS = ("-F", "-O")  # --nodaemonize, --force-stderr
# PHP itself writes no log then; php-fpm's own are opened.
_SILENT = ("-d", "error_log=")
_NO_PRELOAD = ("-d", "opcache.preload=")
_LEFT_OUT = frozenset(("-D", "-F", "-O", "--daemonize", "--nodaemonize", "--force-stderr", "-t", "--test"))
# php-fpm keeps the last value of a directive. All pools exist, none has a worker before somebody asks.
_TALKS = "\n[global]\nlog_level = notice\n"
_NO_SYSLOG = "error_log = /dev/null\n"
_NO_WORKER = "[%s]\npm = ondemand\npm.max_children = 1\n"


class ConfigAfter(NamedTuple):
    """A configuration as a step would leave it."""

    text: str  # of the main file
    conf: FpmConf
    pools: "List[Pool]"


def config_after(host: Host, master: "Master", step: Step, environment: Dict[str, str]) -> ConfigAfter:
    texts = Texts(host)
    texts.show(step)

    def read(path: str) -> Optional[str]:
        text = texts.read(path)
        return text and _VARIABLE.sub(lambda match: environment.get(match.group(1)) or match.group(0), text)

    conf = parse_fpm_conf(master["config"], read, texts.expand, master["prefix"])
    return ConfigAfter(
        texts.read(master["config"]) or "", conf, [pool_facts(pool, master["prefix"]) for pool in conf.pools]
    )


def options(service: Launch) -> List[str]:
    """The unit's command line without what says whether php-fpm stays in the foreground."""
    return [service.argv[0]] + [word for word in service.argv[1:] if word not in _LEFT_OUT] + list(_SILENT)


def start_of(service: Launch, made: Sequence[str] = (), enough: bytes = b"") -> Start:
    """The start of the unit, of which systemd hears nothing."""
    quiet = {
        name: value
        for name, value in service.environment.items()
        if name not in ("NOTIFY_SOCKET", "LISTEN_FDS", "LISTEN_PID")
    }
    return Start(quiet, service.ids, service.folder, list(made), enough, service.environment_files)


def _refuse_wrapped(host: Host, service: Launch) -> None:
    """Raises Untried where the unit's program is not run to be asked: it is none of php-fpm's, but starts
    one. An init script, as systemd-sysv-generator makes a unit of, would start it, or end others.
    """
    program = service.argv[0]
    try:
        is_script = host.read_bytes(program, 0, 2) == b"#!"  # execve(2)
    except HostError:
        is_script = False
    if is_script or not is_fpm(program):
        raise Untried("%s is started by %s, which cannot be tried" % (service.unit, program))


def ini_files(host: Host, service: Launch, step: Step) -> List[str]:
    """php.ini and what is scanned beside it, as the program itself names them; the directory that it scans
    comes last. Runs no PHP code.

    Raises Untried when that cannot be known, as when others can write there (change/loads.py).
    """
    _refuse_wrapped(host, service)
    ran = trial(step.changes, options(service) + [*_NO_PRELOAD, "-i"], [], start=start_of(service))
    ini = ini_files_of(ran.out)
    if ini is None:
        raise Untried(
            "`%s -i` does not tell which php.ini it loads: %s" % (service.argv[0], deciding_line(ran))
        )
    return ini.main + ini.parsed + ini.scanned


def taken(
    host: Host, keys: Sequence[str], procs: Sequence[Process], pid: Optional[int], of_nginx: bool = False
) -> Optional[str]:
    """The first of these addresses that could not be had, and why. pid: of the master that has them or gives
    them back. of_nginx: who listens on [::]:80 leaves 0.0.0.0:80 to others (ipv6only).
    """
    ours = {process.pid for process in procs if pid is not None and pid in (process.pid, process.ppid)}
    for key, facts in collect_endpoints(host, keys, None, procs, 0).items():
        place = parse(key)
        holders = [listener for listener in facts["listeners"] if listener["pid"] not in ours]
        if (
            facts["listening"]
            and len(holders) < len(facts["listeners"])
            and facts["inode_matches"] is not False
        ):
            continue
        why = (
            _unbindable(place.path or "")
            if place.family == "unix"
            else _unbindable_port(place.address or "", place.port or 0, of_nginx)
        )
        if why:
            return "%s: %s%s" % (
                key,
                why,
                "".join(", by %(comm)s (pid %(pid)s)" % holder for holder in holders[:1]),
            )
    return None


def _unbindable(path: str) -> Optional[str]:
    """php-fpm takes over a socket that nobody answers at."""
    with socket.socket(socket.AF_UNIX) as door:
        door.settimeout(1.0)
        try:
            door.connect(path)
        except socket.timeout:
            return "another process listens there"
        except OSError as error:
            return "another process listens there" if error.errno == errno.EAGAIN else None
    return "another process listens there"


def _unbindable_port(address: str, port: int, only6: bool) -> Optional[str]:
    """Why a port of this host cannot be had now. It is had for an instant, and nobody is listened to."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family) as door:
            door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6 and only6:
                door.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            door.bind(("" if address == "*" else address, port))
    except (OSError, ValueError) as error:
        return str(getattr(error, "strerror", None) or error)
    return None


def _logs(master: "Master", after: ConfigAfter, service: Launch) -> List[str]:
    """What the start opens to write, without the sockets."""
    error_log = after.conf.top.text("error_log") or ""
    paths = [error_log if error_log.startswith("/") else master["error_log"], master["pid_file"]]
    paths += re.findall(r"(?<= )(?:-g *|--pid[ =])(/\S+)", " ".join(service.argv))
    for pool in after.pools:
        paths += [pool["access_log"], pool["slowlog"] if pool["slowlog_timeout"] else None]
    return [path for path in dict.fromkeys(paths) if path and path.startswith("/")]


def _sockets(after: ConfigAfter) -> Dict[str, str]:
    """{path: pool}, with those of the status pages."""
    places = [(parse(pool["endpoint"]).path, pool["name"]) for pool in after.pools if pool["endpoint"]]
    places += [(section.text("pm.status_listen"), section.name) for section in after.conf.pools]
    return {path: name for path, name in places if path and path.startswith("/")}


def made_first(service: Launch) -> List[str]:
    """Directories that a start makes: systemd, or a command before the start that names them."""
    before = " ".join(service.settings["ExecStartPre"])
    words = (
        re.findall(r"(?<=[ =])/[\w@.:+/-]+", before) if re.search(r"\b(?:mkdir|install)\b", before) else []
    )
    return service.makes + words


def _made(step: Step, service: Launch) -> List[str]:
    """Directories that will be there by then."""
    return made_first(service) + [command.folder for command in step.commands if command.folder]


def _foreseen(
    service: Launch, after: ConfigAfter, logs: Sequence[str], made: Sequence[str], proven: bool
) -> Optional[str]:
    """What need not be tried to be known. Raises Untried for what cannot be."""
    hidden = next((name for name in NOT_TRIED if "".join(service.settings[name]) not in ("", "no")), None)
    if hidden:
        raise Untried("a start of %s cannot be tried: its unit has %s=" % (service.unit, hidden))
    sockets = _sockets(after)
    for path in () if proven else [*logs, *sockets]:
        why = kept_from(service, path)
        if why:
            return "%s of its unit keeps %s from writing %s" % (why, service.unit, path)
    for path, name in sockets.items():
        folder = posixpath.dirname(path)
        if not os.path.isdir(folder) and not any((entry + "/").startswith(folder + "/") for entry in made):
            return "pool %s could not listen on %s: there is no directory %s" % (name, path, folder)
    return None


def rehearse(
    host: Host, master: "Master", service: Launch, step: Step, procs: Sequence[Process], proven: bool
) -> Optional[str]:
    """Why the unit's start would fail with what the step leaves behind; None when it came up. proven: it has
    started with this definition before. Raises Untried when it cannot be known.
    """
    after, made = config_after(host, master, step, service.environment), _made(step, service)
    logs = _logs(master, after, service)
    _refuse_wrapped(host, service)
    why = _foreseen(service, after, logs, made, proven)
    if why:
        return why
    why = taken(host, [pool["endpoint"] for pool in after.pools if pool["endpoint"]], procs, master["pid"])
    if why:
        return "php-fpm could not listen on %s" % why
    ran = trial(step.changes, options(service) + [*_NO_PRELOAD, "-t"], logs, start=start_of(service, made))
    if ran.rc is None:
        raise Untried("`%s -t` could not be tried: %s" % (service.argv[0], deciding_line(ran)))
    if ran.rc != 0:
        return "`%s -t`, as %s would run it: %s" % (service.argv[0], service.unit, deciding_line(ran))
    text = after.text + _TALKS + (_NO_SYSLOG if after.conf.top.text("error_log") == "syslog" else "")
    text += "".join(_NO_WORKER % pool.name for pool in after.conf.pools)
    real = host.realpath(master["config"])
    changes = [change for change in step.changes if host.realpath(change.path) != real]
    changes += [Change(real, None, as_bytes(text), 0o644)] + [
        Change(path, b"", None, 0) for path in _sockets(after)
    ]
    ran = trial(
        changes, options(service) + list(_STAYS), logs, SECONDS, start_of(service, made, as_bytes(READY))
    )
    if ran.rc is None:
        raise Untried("a start of %s could not be tried: %s" % (service.unit, deciding_line(ran)))
    return (
        None if ran.rc == 0 else "a start of %s was tried and failed: %s" % (service.unit, deciding_line(ran))
    )
