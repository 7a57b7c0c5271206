# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The texts of all configuration that a snapshot speaks of, read once more; and what is installed. Nothing of
it may leave the host as it is.
"""

import posixpath
from typing import TYPE_CHECKING, Dict, List, NamedTuple, Optional, Tuple

from ..parse.linux.systemctl import parse_show
from .host import READ_LIMIT, Host, HostError, decode
from .linux.processes import KEPT, texts_in_time
from .nginx.nginx_files import Reading as NginxReading
from .php_fpm.files import Reading as FpmReading
from .trust import named

if TYPE_CHECKING:
    from ...plugin_utils.shapes.nginx import Nginx
    from ...plugin_utils.shapes.php_fpm import Fpm, Master

FILE_BYTES = 256 * 1024
MOST_PACKAGES = 300
ENVIRON = "/proc/%d/environ"
# Beside php-fpm's main file, as distributions keep them; in "php" below it, as images of Docker do.
_INI = ("php.ini", "conf.d/*.ini", "php.d/*.ini", "php/php.ini", "php/conf.d/*.ini")
# Where Debian's programs look, whatever their main file is.
_DEBIAN = "/etc/php/%s/fpm"
_PACKAGES = (
    [
        "dpkg-query",
        "-W",
        "-f",
        "${binary:Package} ${Version} ${db:Status-Abbrev}\n",
        "nginx*",
        "php*",
        "libnginx*",
    ],
    ["rpm", "-qa", "--qf", "%{NAME} %{VERSION}-%{RELEASE}.%{ARCH}\n", "nginx*", "php*"],
)


class Text(NamedTuple):
    """A file of a program: nginx, php-fpm, php, systemd; environment is for its secrets alone."""

    program: str
    path: str
    text: str
    cut: bool = False  # it is longer


class _NginxTexts(NginxReading):
    """Keeps what it reads."""

    def __init__(self, host: Host, nginx: "Nginx", account: Optional[int]) -> None:
        self.texts: Dict[str, str] = {}
        config, prefix = nginx["config"] or "", nginx["prefix"] or "/"
        super(_NginxTexts, self).__init__(host, config, prefix, "", account)

    def read(self, path: str) -> Optional[str]:
        text = super(_NginxTexts, self).read(path)
        if text is not None:
            self.texts[path] = text
        return text


class _FpmTexts(FpmReading):
    def __init__(self, host: Host, master: "Master", account: Optional[int]) -> None:
        self.texts: Dict[str, str] = {}
        super(_FpmTexts, self).__init__(host, master["config"], master.get("prefix") or "/", account)

    def read(self, path: str) -> Optional[str]:
        text = super(_FpmTexts, self).read(path)
        if text is not None:
            self.texts[path] = text
        return text


def _uid(host: Host, account: Optional[str]) -> Optional[int]:
    """The uid of an ordinary account that runs the daemon: no more is read than it may. -1: it is gone."""
    if account is None:
        return None
    known = host.account(account)
    return known.uid if known else -1


def _file(host: Host, program: str, path: str) -> Optional[Text]:
    try:
        data = host.read_bytes(named(host, path), 0, FILE_BYTES + 1, real=True)
    except HostError as error:
        if not error.absent:
            host.miss("configuration", path, error.why, None if host.is_root() else "root")
        return None
    return Text(program, path, decode(data[:FILE_BYTES]), len(data) > FILE_BYTES)


def _cut(program: str, texts: Dict[str, str]) -> List[Text]:
    return [
        Text(program, path, text[:FILE_BYTES], len(text) > FILE_BYTES) for path, text in sorted(texts.items())
    ]


def unit_files(host: Host, units: List[str]) -> Tuple[List[str], List[str]]:
    """(paths of the units' files, of the files with their environment)."""
    if not units:
        return [], []
    argv = ["systemctl", "show", "--no-pager", "-p", "FragmentPath,DropInPaths,EnvironmentFiles", "--"]
    ran = host.run(argv + units)
    if ran.rc != 0:
        host.miss("configuration", None, "systemctl show: " + ran.failure, "a running systemd")
    files: List[str] = []
    environments: List[str] = []
    for block in parse_show(ran.out):
        paths = [block.get("FragmentPath", "")] + block.get("DropInPaths", "").split()
        files += [path for path in paths if path.startswith("/")]
        # EnvironmentFiles=/etc/default/nginx (ignore_errors=yes)
        environments += [word for word in block.get("EnvironmentFiles", "").split() if word.startswith("/")]
    return list(dict.fromkeys(files)), list(dict.fromkeys(environments))


def texts(host: Host, nginx: "Nginx", fpm: "Fpm") -> List[Text]:
    """The texts as the programs read them, by program and path."""
    found: List[Text] = []
    if nginx["config"]:
        account = _uid(host, nginx.get("account"))
        found += _cut("nginx", _NginxTexts(host, nginx, account).texts)
    for master in fpm["masters"]:
        account = _uid(host, master.get("account"))
        found += _cut("php-fpm", _FpmTexts(host, master, account).texts)
        if account is None:
            folders = [posixpath.dirname(master["config"]), _DEBIAN % master["version"]]
            names = [posixpath.join(folder, name) for folder in dict.fromkeys(folders) for name in _INI]
            paths = [path for name in names for path in host.glob(name)]
            found += filter(None, (_file(host, "php", path) for path in paths))
    units = [nginx["unit"]] + [master["unit"] for master in fpm["masters"]]
    files, environments = unit_files(host, list(dict.fromkeys(unit for unit in units if unit)))
    found += filter(None, (_file(host, "systemd", path) for path in files))
    found += filter(None, (_file(host, "environment", path) for path in environments))
    pids = [nginx["master"]["pid"] if nginx["master"] else None]
    pids += [master["pid"] for master in fpm["masters"] if not master.get("account")]
    own = list(filter(None, pids))
    known = texts_in_time(host, ENVIRON, {pid: pid for pid in own}, READ_LIMIT)
    for pid in own:
        text = known.get(pid)
        found += [Text("process", str(pid), text)] if text else []
        if pid not in known:
            host.miss("configuration", ENVIRON % pid, KEPT)
    return list(dict.fromkeys(found))


def versions(host: Host, nginx: "Nginx", fpm: "Fpm") -> Dict[str, List[str]]:
    """What runs, and the packages that are installed, a line each."""
    release = host.text("/etc/os-release") or ""
    names = [
        line.partition("=")[2].strip("\"'") for line in release.splitlines() if line.startswith("PRETTY")
    ]
    packages: List[str] = []
    for argv in _PACKAGES:
        ran = host.run(argv)
        packages = sorted(line.strip() for line in ran.out.splitlines() if line.strip()) if ran.out else []
        # A pattern of dpkg's also names what was never installed.
        packages = [line for line in packages if len(line.split()) > 1 and not line.endswith(" un")]
        if packages:
            break
    else:
        host.miss("packages", None, "neither dpkg-query nor rpm named one of nginx or PHP")
    systemd = host.run(["systemctl", "--version"]).out.splitlines()[:1]
    return {
        "system": names[:1],
        "kernel": [(host.text("/proc/sys/kernel/osrelease") or "").strip()],
        "systemd": systemd,
        "nginx": [nginx["version"]] if nginx["version"] else [],
        "php_fpm": sorted({master["version"] for master in fpm["masters"] if master["version"]}),
        "packages": packages[:MOST_PACKAGES],
    }
