# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where a host keeps its sites: directories that nginx and php-fpm include, and what the role site wrote."""

from typing import TYPE_CHECKING, Dict, List, NamedTuple, Optional, Sequence, Tuple

from ..parse.nginx.conf import named
from ..parse.nginx.served import servers
from ..parse.site_mark import site_of_text
from .host import Host
from .linux.processes import Process, processes
from .nginx import nginx_files
from .nginx.nginx import collect_nginx
from .php_fpm import files as fpm_files
from .php_fpm.masters import collect_fpm
from .trust import opening

if TYPE_CHECKING:
    from ...plugin_utils.shapes.nginx import Nginx
    from ...plugin_utils.shapes.php_fpm import Master


class Server(NamedTuple):
    """A server block."""

    file: str
    names: List[str]
    listens: List[List[str]]  # the words of each listen


class Written(NamedTuple):
    """A file that the role wrote for a site."""

    path: str  # as the configuration names it
    site: str
    config: str  # main file of the php-fpm that reads it; "": nginx does


class Seen(NamedTuple):
    nginx: "Nginx"
    masters: "List[Master]"
    procs: List[Process]
    includes: Dict[str, List[str]]  # patterns, by the main file; "": nginx's
    servers: List[Server]
    written: List[Written]

    def of_site(self, name: str, config: Optional[str] = None) -> List[Written]:
        """Files of a site. config: of one php-fpm alone; "": of nginx."""
        return [file for file in self.written if file.site == name and config in (None, file.config)]


class _NginxReading(nginx_files.Reading):
    def __init__(self, host: Host, nginx: "Nginx") -> None:
        self.patterns: List[str] = []
        self.paths: List[str] = []
        super(_NginxReading, self).__init__(
            host, nginx["config"] or "", nginx["prefix"] or "", nginx["options"].get("g", ""), None
        )

    def expand(self, pattern: str) -> List[str]:
        self.patterns.append(pattern)
        return super(_NginxReading, self).expand(pattern)

    def read(self, path: str) -> Optional[str]:
        self.paths.append(path)
        return super(_NginxReading, self).read(path)


class _FpmReading(fpm_files.Reading):
    def __init__(self, host: Host, master: "Master") -> None:
        self.patterns: List[str] = []
        super(_FpmReading, self).__init__(host, master["config"], master.get("prefix") or "/usr", None)

    def expand(self, pattern: str) -> List[str]:
        self.patterns.append(pattern)
        return super(_FpmReading, self).expand(pattern)


def _servers(reading: _NginxReading) -> List[Server]:
    return [
        Server(
            block.file,
            [word for item in named(block.block or [], "server_name") for word in item.args],
            [list(item.args) for item in named(block.block or [], "listen")],
        )
        for _http, block in servers(reading.conf)
    ]


def _written(host: Host, paths: Sequence[str], config: str) -> List[Written]:
    marked = [(path, site_of_text(host.text(path))) for path in dict.fromkeys(paths)]
    return [Written(path, site, config) for path, site in marked if site]


def look(host: Host) -> Seen:
    procs = processes(host)
    nginx = collect_nginx(host, procs)
    masters = collect_fpm(host, procs, test="never")["masters"]
    includes: Dict[str, List[str]] = {}
    servers: List[Server] = []
    written: List[Written] = []
    if nginx["config"]:
        reading = _NginxReading(host, nginx)
        includes[""], servers = reading.patterns, _servers(reading)
        written += _written(host, reading.paths, "")
    for master in masters:
        includes[master["config"]] = _FpmReading(host, master).patterns
        written += _written(host, master["files"], master["config"])
    return Seen(nginx, masters, procs, includes, servers, written)


def program_version(host: Host, binary: str) -> Tuple[int, int]:
    """Of a php-fpm, as it says itself; (0, 0): it was not asked, or does not say."""
    ran = None if opening(host, binary) else host.run([binary, "-n", "-v"])
    words = (ran.out if ran else "").split(" ")[1:2]
    numbers = [int(part) for part in (words or [""])[0].split(".")[:2] if part.isdigit()]
    return (numbers[0], numbers[1]) if len(numbers) == 2 else (0, 0)
