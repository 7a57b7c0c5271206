# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the last start of a master failed at, as it is now. A master that runs is not looked at."""

import posixpath
import re
from typing import TYPE_CHECKING, List, Optional, Tuple

from ...parse.endpoint import parse
from ...parse.php_fpm.problems import StartFailure
from ...parse.php_fpm.starts import attempt_of
from ...signatures import kinds
from ...signatures.lookup import by_meaning, meanings
from ..host import Host, HostError

if TYPE_CHECKING:
    from ....plugin_utils.shapes.php_fpm import LastStart
    from ....plugin_utils.shapes.unit import Unit

_SCRIPT = re.compile(r" in (/\S+\.php)(?: on line |:)\d+|Failed opening required '(/[^']+)'")
NOTHING = StartFailure("", "", [], "")  # a start that failed without a word
# Of which setting of php.ini a failure is.
_SETTINGS = by_meaning(
    {"preload": r"opcache\.preload\b", "no_shared_memory": r"opcache\.memory_consumption\b"}
)
_NOT_RUN, _NO_PID_FILE = meanings("not_executable"), meanings("pid_unwritable")


def last_start(
    host: Host, unit: Optional["Unit"], config: str, binary: Optional[str], pid_file: Optional[str]
) -> Optional["LastStart"]:
    attempt = attempt_of(unit)
    failure = attempt.failure or NOTHING
    if not attempt.lines:
        return None
    path = failure.path
    if failure.meaning in _NOT_RUN:
        path = path or binary
    elif failure.meaning in _NO_PID_FILE:
        path = path or pid_file
    files = ini_files(host, config)
    ini_file, ini_line, value = _setting(host, files, failure)
    if (failure.meaning or "preload") == "preload" and value.startswith("/"):
        path = path or value  # the script
    directory = posixpath.dirname(path) if path else None
    room = host.room(_nearest(host, directory)) if directory else None
    script = _SCRIPT.search(failure.text)
    changed = files + [name for name in (script.groups() if script else ()) if name]
    if failure.meaning in _NOT_RUN and path:
        changed.append(path)
    return {
        "path": path,
        "directory": host.type_of(directory) == "directory" if directory else None,
        "read_only": room.read_only if room else None,
        "free_bytes": room.bytes if room else None,
        "free_inodes": room.inodes if room else None,
        "address": _has_address(host, failure),
        "account": host.account(failure.unknown_user) is not None if failure.unknown_user else None,
        "ini_file": ini_file,
        "ini_line": ini_line,
        "changed_at": max([_changed_at(host, name) for name in changed], default=0.0) or None,
    }


def _nearest(host: Host, directory: str) -> str:
    """The directory, or the first one above it that is there."""
    while directory != "/" and host.type_of(directory) is None:
        directory = posixpath.dirname(directory)
    return directory


def _changed_at(host: Host, path: str) -> float:
    try:
        return host.stat(path).mtime
    except HostError:
        return 0.0


def ini_files(host: Host, config: str) -> List[str]:
    """The files of php.ini, in the order in which PHP reads them."""
    folder = posixpath.dirname(config)
    found: List[str] = []
    for name in (
        "php.ini",
        "conf.d/*.ini",
        "php.d/*.ini",
        "php/php.ini",
        "php/conf.d/*.ini",
        "../conf.d/*.ini",
    ):
        found += host.glob(posixpath.normpath(posixpath.join(folder, name)))
    return found


def _setting(host: Host, files: List[str], failure: StartFailure) -> Tuple[Optional[str], Optional[int], str]:
    """(file, line, value) of the last one that sets it."""
    # What the script to preload says, it says as another user: only the exit status is left.
    name = _SETTINGS.get(failure.meaning or "preload")
    where: Tuple[Optional[str], Optional[int], str] = (None, None, "")
    for path in files if name else []:
        for number, line in enumerate((host.text(path) or "").split("\n"), 1):
            match = re.match(r"\s*%s\s*=\s*(.*)" % name, line)
            if match:
                where = path, number, match.group(1).partition(";")[0].strip().strip("\"'")
    return where


def _has_address(host: Host, failure: StartFailure) -> Optional[bool]:
    if failure.kind != kinds.ADDRESS_NOT_HERE:
        return None
    endpoint = parse(failure.places[0])
    # A name would have to be asked for.
    return host.has_address(endpoint.address) if endpoint.address and endpoint.family != "name" else None
