# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""An nginx of the host beside the one that is looked at."""

from typing import TYPE_CHECKING, Iterator, Optional, Sequence, Tuple

from ...parse.endpoint import is_loopback, parse
from ...parse.nginx.conf import error_logs, every, named
from ...parse.nginx.listen import DEFAULT_PORT, takes
from ...parse.nginx.routes import routes
from ...parse.nginx.site_logs import shows
from ...signatures.lookup import meaning_of, meanings
from ..host import Host
from ..linux.processes import Process
from ..logs.log_clock import is_odd
from ..logs.logs import LogsToRead, collect_logs, deleted_logs
from .nginx_files import Reading

if TYPE_CHECKING:
    from ....plugin_utils.shapes.nginx import Route

LEFT = meanings("client_gone")
_HTTP = "http://"


def _targets(reading: Reading) -> Iterator[Tuple[str, str]]:
    """(address, FILE:LINE) of each server that it asks by HTTP, by proxy_pass or in an upstream."""
    for directive in every(reading.conf.directives):
        written = directive.args[0] if directive.args else ""
        place = "%s:%s" % (directive.file, directive.line)
        if directive.name == "proxy_pass" and written.startswith(_HTTP):
            yield written[len(_HTTP) :].partition("/")[0], place
        elif directive.name == "server" and directive.block is None:
            yield written, place


def _in_front(reading: Reading, ours: Sequence["Route"]) -> Optional[str]:
    """Where it passes requests on to these sites, by this host's own addresses."""
    for written, place in _targets(reading):
        there = parse(written)
        address = there.address or ""
        if is_loopback(address) and any(
            takes(route["listen"], address, there.port or DEFAULT_PORT) for route in ours
        ):
            return place
    return None


def _lost_none(
    host: Host, other: Process, reading: Reading, procs: Sequence[Process], since: float
) -> Optional[str]:
    """Its error logs, where they tell of each request that it may have lost, and of none. Its files are what
    it has loaded, and its workers run.
    """
    conf, workers = reading.conf, [each for each in procs if each.ppid == other.pid]
    logs, elsewhere = error_logs(conf, "", None)
    written = named(every(conf.directives), "error_log")
    loaded = min((worker.started_at for worker in workers), default=0.0)
    if (
        not any(each.name == "error_log" for each in conf.directives)  # the build's is that of others, too
        or elsewhere
        or not all(each.args[0].startswith("/") for each in written)
        or not all(shows((each.args[1:] or ["error"])[0]) for each in written)
        or conf.errors
        or not workers
        or any(worker.state in "TtD" for worker in workers)
        or (reading.changed_at or 0.0) > loaded
        or deleted_logs(host, other.pid)
        or is_odd(host, logs)
    ):
        return None
    pids, missing = [other.pid, *(worker.pid for worker in workers)], list(host.missing)
    found = collect_logs(host, LogsToRead(logs, (), pids), since, host.now())
    whole = all(file["complete"] for file in found["files"]) and host.missing == missing
    host.missing[:] = missing
    lost = any(meaning_of(event) not in LEFT for event in found["events"])
    return ", ".join(logs)[:200] if whole and not lost else None


def miss_other(
    host: Host,
    other: Process,
    reading: Reading,
    ours: Sequence["Route"],
    procs: Sequence[Process],
    since: Optional[float],
) -> None:
    """Health depends on it where it passes requests to php-fpm, or to the sites that do and may lose some.
    since: from when on its log tells, where that is to be read.
    """
    passes = routes(reading.conf, "")
    front = None if passes else _in_front(reading, ours)
    well = _lost_none(host, other, reading, procs, since) if front and since else None
    why = "a second nginx (pid %d: %s) " % (other.pid, other.cmdline[:200])
    if well:
        why += "passes requests on to these sites: %s; %s tells of none that it lost" % (front, well)
        host.miss("nginx", None, why)
        return
    why += "was not looked at"
    if passes:
        why += ", and passes requests to php-fpm: %(file)s:%(line)s" % passes[0]
    elif front:
        why += ", and passes requests on to these sites: %s; it may lose some of them" % front
    if passes or front:
        host.miss("nginx_config", next(iter(reading.changes), None), why)
    else:
        host.miss("nginx", None, why)
