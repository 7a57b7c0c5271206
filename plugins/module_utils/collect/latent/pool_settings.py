# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the files say of pools and a snapshot lacks: PHP's own limit of time, and where directives stand."""

import posixpath
import shlex
from typing import TYPE_CHECKING, List, Optional

from ...parse.php_fpm.conf import Section
from ...parse.php_fpm.php_ini import seconds, setting
from ..host import READ_LIMIT, Host, HostError, decode
from ..php_fpm.files import Reading
from ..php_fpm.last_start import ini_files
from ..trust import named
from .locations import LIMIT

if TYPE_CHECKING:
    from ....plugin_utils.shapes.php_fpm import Master
    from ....plugin_utils.shapes.risks_capacity import PoolSettings, ScriptLimit, Written
    from ....plugin_utils.shapes.snapshot import Snapshot

DEFAULT = 30  # PHP's own (main/main.c)
# In order of authority.
_ARRAYS = ("php_admin_value", "php_value")


def _options(command: Optional[str], *names: str) -> List[str]:
    """The values of an option of php-fpm's command line: -d x=1, -dx=1, --define=x=1."""
    try:
        words = shlex.split(command or "")
    except ValueError:
        return []
    found = []
    for number, word in enumerate(words):
        for name in names:
            if word == name:
                found += words[number + 1 : number + 2]
            elif word.startswith(name) and (not name.startswith("--") or word[len(name)] == "="):
                found.append(word[len(name) :].lstrip("="))
    return found


def _files(host: Host, master: "Master", command: Optional[str]) -> List[str]:
    """php.ini and those behind it. -c names another php.ini, or its directory."""
    files = ini_files(host, master["config"])
    for option in _options(command, "-c", "--php-ini")[-1:]:
        main = posixpath.join(option, "php.ini") if host.type_of(option) == "directory" else option
        files = [main] + [path for path in files if posixpath.basename(path) != "php.ini"]
    return files


def _text(host: Host, path: str) -> Optional[str]:
    """An account that runs a php-fpm of its own may make a link there: that is not followed."""
    try:
        return decode(host.read_bytes(named(host, path), 0, READ_LIMIT, real=True))
    except HostError as error:
        host.miss("risk_unseen", path, error.why)
        return None


def _of_all(host: Host, master: "Master") -> "ScriptLimit":
    """What holds where no pool says else."""
    unit = master["unit_state"]
    command = unit["command"] if unit else None
    found: ScriptLimit = {"seconds": DEFAULT, "source": "default", "file": None, "line": None}
    for path in _files(host, master, command):
        text = _text(host, path)
        if text is None:
            found = {"seconds": None, "source": "php.ini", "file": path, "line": None}
        value = setting(text or "", LIMIT)
        if value:
            known = None if value.variable else seconds(value.value)
            found = {"seconds": known, "source": "php.ini", "file": path, "line": value.line}
    for option in _options(command, "-d", "--define"):
        value = setting(option, LIMIT)
        if value:
            found = {"seconds": seconds(value.value), "source": "command", "file": None, "line": None}
    return found


def _of_pool(section: Section, otherwise: "ScriptLimit") -> "ScriptLimit":
    """php-fpm keeps these lists back to front: the first one in the files is applied last and wins."""
    for array in _ARRAYS:
        for key, value in section.arrays.get(array, []):
            if key == LIMIT:
                known = None if "$" in value.value else seconds(value.value)
                return {"seconds": known, "source": array, "file": value.file, "line": value.line}
    return otherwise


def _written(section: Section, key: str) -> "Optional[Written]":
    at = section.settings.get(key)
    return {"file": at.file, "line": at.line} if at else None


def _changed_at(host: Host, path: Optional[str]) -> float:
    try:
        return host.stat(path).mtime if path else 0.0
    except HostError:
        return 0.0


def _of_master(host: Host, master: "Master") -> "List[PoolSettings]":
    account = host.account(master.get("account") or "")
    reading = Reading(
        host, master["config"], master.get("prefix") or "/usr", account.uid if account else None
    )
    of_all = _of_all(host, master)
    changed = _changed_at(host, of_all["file"]) > (master["loaded_at"] or float("inf"))
    return [
        {
            "config": master["config"],
            "pool": section.name,
            "script": _of_pool(section, of_all),
            "terminate": _written(section, "request_terminate_timeout"),
            "backlog": _written(section, "listen.backlog"),
            "max_requests": _written(section, "pm.max_requests"),
            "mode": _written(section, "pm"),
            "status_listen": section.text("pm.status_listen"),
            "stale": bool(master["config_newer"]) or changed,
        }
        for section in reading.conf.pools
        if not _is_open(host, section)
    ]


def _is_open(host: Host, section: Section) -> bool:
    """A ${...} is filled in from php-fpm's environment, which nobody reads here."""
    if section.variables:
        why = "pool %s: a value holds a variable, so its limits and timeouts are not judged" % section.name
        host.miss("risk_unseen", section.file, why)
    return section.variables


def collect(host: Host, snapshot: "Snapshot") -> "List[PoolSettings]":
    """The settings of the pools of masters that run."""
    masters = [master for master in snapshot["fpm"]["masters"] if master["running"]]
    return [each for master in masters for each in _of_master(host, master)]
