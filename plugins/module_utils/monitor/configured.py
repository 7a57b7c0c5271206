# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What there is to watch, read from the configuration when that, or a master, is another one than before."""

from typing import TYPE_CHECKING, Dict, List, Optional, Set, Tuple

from ..collect.host import READ_LIMIT, Host
from ..collect.linux.processes import processes as processes_of
from ..collect.nginx.nginx import collect_nginx
from ..collect.php_fpm.masters import collect_fpm
from ..collect.trust import KERNEL
from ..parse.endpoint import canonical
from ..parse.nginx.site_logs import writers
from ..parse.php_fpm.conf import Section
from ..parse.php_fpm.pools import pool_facts
from . import processes
from .proven import proven, without_strangers
from .watched import fingerprint, ticks

if TYPE_CHECKING:
    from ...plugin_utils.shapes.monitor import Watched, WatchedLog, WatchedMaster, WatchedPool, WatchedSite
    from ...plugin_utils.shapes.nginx import Nginx
    from ...plugin_utils.shapes.php_fpm import Master, Pool

MOST_FILES = 4000
MOST_POOLS = 2000
MOST_LOGS = 500
MOST_MISSING = 100
# What changes all the time and holds no configuration.
_RESTLESS = KERNEL + ("/run/", "/var/run/")


class Recorder(Host):
    """The host, and which files a look depended on. A directory's own time tells nothing: in the unit's view
    some are made anew for each run.
    """

    def __init__(self) -> None:
        super(Recorder, self).__init__()
        self.paths: Set[str] = set()
        self.found: Dict[str, List[str]] = {}

    def _note(self, path: str) -> None:
        if not path.startswith(_RESTLESS) and len(self.paths) < MOST_FILES:
            self.paths.add(path)

    def read_bytes(self, path: str, offset: int = 0, length: int = READ_LIMIT, real: bool = False) -> bytes:
        self._note(path)
        return super(Recorder, self).read_bytes(path, offset, length, real)

    def glob(self, pattern: str) -> List[str]:
        found = super(Recorder, self).glob(pattern)
        if not pattern.startswith(_RESTLESS) and len(self.found) < MOST_FILES:
            self.found[pattern] = found
        return found


def look(table: processes.Table, before: Optional["Watched"], recorder: Recorder) -> "Watched":
    """before: what was read last. A master that has not loaded its configuration anew has still that."""
    at = recorder.now()
    pages: Dict[Tuple[str, int], str] = {}

    def facts(section: Section, prefix: str) -> "Pool":
        pool = pool_facts(section, prefix)
        listen, path = section.text("pm.status_listen"), pool["status_path"]
        if listen and path:
            tcp = ":" in listen or listen.isdigit()
            pages[(pool["file"], pool["line"])] = canonical(
                listen if tcp else "unix:" + listen, pool["prefix"] or prefix
            )
        return pool

    procs = processes_of(recorder)
    real = proven(
        recorder, procs, collect_fpm(recorder, procs, test="never", window=0, facts=facts)["masters"]
    )
    nginx = collect_nginx(recorder, without_strangers(recorder, procs))
    paths = recorder.paths | {master["pid_file"] for master in real if master["pid_file"]}
    masters = [_master(master, pages, table, before) for master in real]
    known = [master["pid"] for master in masters if master["pid"]]
    return {
        "at": at,
        "files": {path: fingerprint(recorder, path) for path in sorted(paths)},
        "found": recorder.found,
        "others": processes.others(table, known),
        "masters": masters,
        "logs": _logs(nginx),
        "missing": recorder.missing[:MOST_MISSING],
    }


def _master(
    master: "Master",
    pages: Dict[Tuple[str, int], str],
    table: processes.Table,
    before: Optional["Watched"],
) -> "WatchedMaster":
    started = ticks(table, master["pid"])
    if master["config_newer"] and before:
        for old in before["masters"]:
            if (old["config"], old["pid"], old["ticks"]) == (master["config"], master["pid"], started):
                return old
    pools: List[WatchedPool] = []
    for pool in master["pools"][:MOST_POOLS]:
        page = pages.get((pool["file"], pool["line"]))
        pools.append(
            {
                "name": pool["name"],
                "endpoint": pool["endpoint"],
                "pm": pool["pm"],
                "max_children": pool["max_children"],
                "status": {"endpoint": page, "path": pool["status_path"] or ""} if page else None,
            }
        )
    log = master["error_log"]
    return {
        "config": master["config"],
        "unit": master["unit"],
        "pid": master["pid"],
        "ticks": started,
        "error_log": log if log and log.startswith("/") and not log.startswith(KERNEL) else None,
        "process_max": master["process_max"],
        "pools": pools,
    }


def _logs(nginx: "Nginx") -> List["WatchedLog"]:
    formats = nginx.get("log_formats") or {}
    logs: List[WatchedLog] = []
    for path, who in writers(nginx.get("site_logs") or []).items():
        known = [formats[name] for name in who.formats if name in formats]
        if len(known) == len(who.formats) and len(logs) < MOST_LOGS:
            sites: List[WatchedSite] = [{"site": site["site"], "names": site["names"]} for site in who.sites]
            logs.append({"path": path, "late": who.late, "formats": known, "sites": sites})
    return logs
