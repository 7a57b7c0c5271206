# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who writes which log, and as which account it is opened anew."""

import posixpath
import re
from typing import TYPE_CHECKING, List, NamedTuple, Optional, Sequence, Tuple

from ...parse.linux.rotate_script import FPM, NGINX
from ...parse.php_fpm.conf import Section, Setting
from ..host import Host, HostError, decode
from ..php_fpm.files import Reading
from ..trust import named

if TYPE_CHECKING:
    from ....plugin_utils.shapes.exposure import Output
    from ....plugin_utils.shapes.php_fpm import Master
    from ....plugin_utils.shapes.snapshot import Snapshot

PHP = "PHP"
MOST_INI = 256 * 1024  # bytes of a php.ini
# error_log of php.ini; the last one counts. A quoted one has its quotes.
_INI = re.compile(r"^[ \t]*error_log[ \t]*=[ \t]*(\"[^\"\n]*\"|[^;\n]*)", re.MULTILINE)


class Account(NamedTuple):
    name: str
    uid: int
    groups: Tuple[int, ...]


class Writer(NamedTuple):
    path: str
    program: str  # NGINX, FPM or PHP
    config: str
    pool: Optional[str]
    account: Account  # who opens it after a rotation
    also: Optional[Account] = None  # nginx's workers, which open it anew as themselves


ROOT = Account("root", 0, (0,))


def account_of(host: Host, name: Optional[str]) -> Optional[Account]:
    found = host.account(name) if name else None
    return Account(name or "", found.uid, tuple(found.groups)) if found else None


def _of_nginx(host: Host, snapshot: "Snapshot") -> List[Writer]:
    nginx = snapshot["nginx"]
    config, user = nginx["config"] or "", nginx["user"]
    workers = account_of(host, user)
    if workers is None or not nginx["running"]:
        return []
    own = nginx.get("account")
    paths = list(nginx["error_logs"])
    by_worker: List[str] = []
    for site in nginx.get("site_logs") or []:
        for log in site["access"]:
            (by_worker if "$" in log["written"] else paths).extend(log["paths"])
    found = []
    for path in dict.fromkeys(paths + by_worker):
        if not path.startswith("/") or path.startswith("/dev/"):
            continue
        if own or path in by_worker:
            # A name with a variable is opened by the worker that needs it.
            found.append(Writer(path, NGINX, config, None, workers._replace(name=own or workers.name)))
        else:
            found.append(Writer(path, NGINX, config, None, ROOT, workers))
    return found


def _by_master(host: Host, master: "Master") -> List[Writer]:
    """The master opens its log, and the access logs of its pools."""
    account = master.get("account")
    who = account_of(host, account) if account else ROOT
    paths: List[Tuple[Optional[str], Optional[str]]] = [(master["error_log"], None)]
    paths += [(pool["access_log"], pool["name"]) for pool in master["pools"]]
    return [
        Writer(path, FPM, master["config"], pool, who)
        for path, pool in paths
        if path and path.startswith("/") and not path.startswith(("/dev/", "/proc/")) and who
    ]


def _to_stderr(section: Section) -> Optional[Setting]:
    """Laravel writes to php://stderr then. Of env[] no other value is looked at."""
    for key, setting in section.arrays.get("env", []):
        if (key, setting.value) == ("LOG_CHANNEL", "stderr"):
            return setting._replace(value="php://stderr")
    return None


def _set(section: Section) -> Optional[Setting]:
    """error_log of PHP. An administrator's value wins, and the first of several."""
    for array in ("php_admin_value", "php_value"):
        for key, setting in section.arrays.get(array, []):
            if key == "error_log":
                return setting
    return None


def _text(host: Host, path: str) -> str:
    """The text of a file, not by a link that others than root can make."""
    try:
        return decode(host.read_bytes(named(host, path), 0, MOST_INI, real=True))
    except HostError:
        return ""


def _of_ini(host: Host, config: str) -> Optional[Setting]:
    folder = posixpath.dirname(config)
    found = None
    for pattern in ("php.ini", "conf.d/*.ini", "php.d/*.ini"):
        for path in host.glob(posixpath.join(folder, pattern)):
            text = _text(host, path)
            for match in _INI.finditer(text):
                line = text.count("\n", 0, match.start()) + 1
                found = Setting(match.group(1).strip().strip('"'), path, line)
    return found


def outputs(host: Host, master: "Master") -> List["Output"]:
    """Where the PHP of each pool writes its errors, by the pool or by php.ini."""
    account = host.account(master.get("account") or "")
    missing, host.missing = host.missing, []  # the snapshot has it already
    reading = Reading(host, master["config"], master.get("prefix") or "/", account.uid if account else None)
    host.missing = missing
    ini = _of_ini(host, master["config"])
    found: List[Output] = []
    for section in reading.conf.pools:
        value, file, line = _to_stderr(section) or _set(section) or ini or (None, None, None)
        value = value.replace("$pool", section.name) if value else None
        found.append(
            {
                "pool": section.name,
                "config": master["config"],
                "error_log": value or None,
                "file": file,
                "line": line,
            }
        )
    return found


def _by_php(host: Host, master: "Master", known: Sequence["Output"]) -> List[Writer]:
    """PHP opens its error_log for each message, as the account of the pool."""
    users = {pool["name"]: pool["user"] for pool in master["pools"] if not pool["chroot"]}
    found = []
    for output in known:
        path, user = output["error_log"], users.get(output["pool"]) or master.get("account")
        account = account_of(host, user)
        if not path or not account or not path.startswith("/") or path.startswith(("/dev/", "/proc/")):
            continue
        if account.uid:
            found.append(Writer(path, PHP, master["config"], output["pool"], account))
    return found


def writers(host: Host, snapshot: "Snapshot") -> List[Writer]:
    found = _of_nginx(host, snapshot)
    for master in snapshot["fpm"]["masters"]:
        if master["running"]:
            found += _by_master(host, master)
            found += _by_php(host, master, outputs(host, master))
    return found


def collect(host: Host, snapshot: "Snapshot") -> List["Output"]:
    """The subject "outputs"."""
    return [
        output
        for master in snapshot["fpm"]["masters"]
        if master["running"]
        for output in outputs(host, master)
        if output["error_log"]
    ]
