# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is on the disk by now and does not run yet: programs, configurations, unit files."""

import posixpath
from typing import TYPE_CHECKING, Iterator, List, Optional, Sequence

from ..collect.host import Host, HostError
from ..collect.linux.processes import Process
from ..collect.nginx.left_out import COPY
from ..remediate.launch import Launch
from ..remediate.preflight import FpmReading, NginxReading, replaced_file, unlike
from ..remediate.unloaded import TICK, Newer, newer
from .problems import FPM, INFO, NGINX, RELOAD, RESTART, Service, problem

if TYPE_CHECKING:
    from ...plugin_utils.shapes.nginx import Nginx
    from ...plugin_utils.shapes.restart import RestartProblem

MOST_FILES = 20


def program_of(service: Service, launch: Optional[Launch]) -> Optional[str]:
    """What a start would run."""
    if service.program == FPM and launch and "fpm" in launch.argv[0]:
        return launch.argv[0]
    return service.binary


def programs(host: Host, service: Service, launch: Optional[Launch]) -> "Iterator[RestartProblem]":
    """A reload of php-fpm runs the program anew, execvp(3); one of nginx does not."""
    program = program_of(service, launch)
    if not program or not program.startswith("/"):
        return
    reloads = (RELOAD,) if service.program == FPM else ()
    if host.lacks(program):
        words = "%s is not there any more, and %s needs it to start." % (program, service.name)
        yield problem(
            "program_missing",
            service,
            words,
            at=(RESTART,) + reloads + ("boot",),
            already=service.pid is None,
            file=program,
        )
    elif service.pid is not None:
        replaced = replaced_file(host, service.pid, program)
        if replaced:
            words = "%s was replaced since %s was started: a restart would run the new one."
            yield problem(
                "program_replaced",
                service,
                words % (replaced, service.name),
                at=(RESTART,) + reloads,
                file=program,
                files=[replaced],
            )


def unit_files(host: Host, service: Service, launch: Optional[Launch]) -> "Iterator[RestartProblem]":
    """How systemd would start it by files that it has not read cannot be asked."""
    if launch and launch.needs_reload:
        words = "The files of %s were changed, and systemd has not read them: a boot would." % service.name
        host.miss("unit_start", launch.unit, words.rstrip("."), "systemctl daemon-reload")
        yield problem("unit_changed", service, words, file=launch.definition[0], files=launch.definition)


def _nginx_newer(host: Host, nginx: "Nginx", procs: Sequence[Process]) -> List[str]:
    began = [process.started_at for process in procs if process.pid in nginx["workers"]]
    master = nginx["master"]
    if master is None:
        return []
    since = min(began or [master["started_at"]]) + TICK
    return _changed(host, NginxReading(host, nginx).seen, since)


def _explained(host: Host, folder: Newer, seen: Sequence[str], since: float) -> bool:
    """Whether a new name in a directory is of a copy of a file there, or of a text that is younger than what
    runs. A file of the configuration that was renamed has an older one.
    """
    inside = [path for path in seen if posixpath.dirname(path) == folder.path]
    loaded = [posixpath.basename(path) for path in inside if host.type_of(path) not in (None, "directory")]
    for name in host.names(folder.path):
        try:
            file = host.stat(posixpath.join(folder.path, name), False)
        except HostError:
            continue
        made = abs(file.ctime - folder.at) <= TICK
        if made and name not in loaded and (file.mtime > since or COPY.sub("", name).rstrip("#") in loaded):
            return True
    return False


def _changed(host: Host, seen: Sequence[str], since: float) -> List[str]:
    return [
        file.path
        for file in newer(host, seen, since, ())
        if host.type_of(file.path) != "directory" or not _explained(host, file, seen, since)
    ]


def unloaded(
    host: Host, service: Service, nginx: "Nginx", procs: Sequence[Process]
) -> "Iterator[RestartProblem]":
    """A problem where the files of the configuration are newer than what runs."""
    if service.pid is None:
        return
    master, other = service.master, None
    if service.program == NGINX:
        files = _nginx_newer(host, nginx, procs)
    elif master is not None:
        seen = FpmReading(host, master["config"], master["prefix"]).seen
        files = _changed(host, seen, master["loaded_at"] or 0.0)
        other = unlike(master, procs, ())
    if not files and not other:
        return
    if other:
        words = "%s runs with an older configuration than its files: %s." % (service.name, other)
    else:
        more = " (and %d more)" % (len(files) - 1) if files[1:] else ""
        words = "%s was written%s after %s had loaded it: a change in it does not run yet."
        words = words % (files[0], more, service.name)
    yield problem(
        "config_not_loaded",
        service,
        words,
        severity=INFO,
        # A time alone does not tell a change from a comment, or from a file that was written as it was.
        confidence="likely" if other else "possible",
        file=files[0] if files else service.config,
        files=files[:MOST_FILES],
    )
