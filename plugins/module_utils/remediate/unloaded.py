# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files that were changed after a program had loaded them: a restart or a reload would load them all."""

import os
import stat
import time
from typing import Dict, List, NamedTuple, Optional, Sequence

from ..change.disk import Disk
from ..change.journal import Unreadable, digest, read_journal
from ..change.lock import STATE
from ..collect.host import Host, HostError
from ..collect.trust import walk
from ..plan.plan import BY_ID
from ..work.step import Refusal

MOST_NAMED = 5
# Seconds by which what came first may seem to come later: the kernel stamps files and processes by different
# clocks.
TICK = 0.1


class Newer(NamedTuple):
    path: str
    at: float  # epoch seconds


def _changed_at(host: Host, path: str) -> Optional[float]:
    """When a file, a link on the way to it, or a directory's list of names was changed last. A copy may bring
    an old mtime along, but no ctime.
    """
    moments: List[float] = []
    try:
        for place, component in walk(host, path):
            if component.target is not None:
                moments.append(os.lstat(place).st_ctime)
        status = os.stat(path)
    except HostError as error:
        return None if error.absent else host.now()
    except OSError:
        return None
    moments.append(status.st_mtime if stat.S_ISDIR(status.st_mode) else max(status.st_mtime, status.st_ctime))
    return max(moments)


def ours(state: str = STATE, step: str = "") -> Dict[str, str]:
    """{path: digest} of what actions wrote last, or put back. Some load nothing: the one for a drop-in.

    What the modules of change wrote is the operator's. It counts only for a step of such a module, which
    means to load it.
    """
    disk = Disk()
    digests: Dict[str, str] = {}
    records = [
        (name, place)
        for place in ("backups", "put-back")
        if disk.exists(os.path.join(state, place))
        for name in disk.names(os.path.join(state, place))
    ]
    for name, place in sorted(records):  # they begin with their time
        try:
            journal = read_journal(disk, os.path.join(state, place, name))
        except Unreadable:
            continue
        for file in journal["files"]:
            digests.pop(file["real"], None)
            is_now = file["before"] if place == "put-back" else file["after"]
            if (place == "put-back" or journal["name"] in BY_ID or step and step not in BY_ID) and is_now:
                digests[file["real"]] = is_now
    return digests


def _is_ours(real: str, written: Dict[str, str]) -> bool:
    try:
        return real in written and digest(Disk().read(real)) == written[real]
    except (Refusal, OSError):
        return False


def newer(
    host: Host, paths: Sequence[str], since: float, to_load: Sequence[str], state: str = STATE, step: str = ""
) -> List[Newer]:
    """Those of the paths that changed after since (epoch seconds), without files that the step means to load
    and files that we wrote. step: its name.
    """
    written = ours(state, step)
    wanted = {host.realpath(path) for path in to_load}
    files: List[Newer] = []
    directories: List[Newer] = []
    explained: Dict[str, float] = {}
    for path in dict.fromkeys(paths):
        at = _changed_at(host, path)
        if at is None or at <= since:
            continue
        real = host.realpath(path)
        if host.type_of(real) == "directory":
            directories.append(Newer(path, at))
            continue
        if not (real in wanted or _is_ours(real, written)):
            files.append(Newer(path, at))
        # A file that was written has often changed the list of names, too.
        for folder in (os.path.dirname(real), host.realpath(os.path.dirname(path))):
            explained[folder] = max(explained.get(folder, 0.0), at)
    return files + [
        folder for folder in directories if folder.at > explained.get(host.realpath(folder.path), 0.0) + TICK
    ]


def named(files: Sequence[Newer]) -> str:
    """ "/etc/a.conf (05:12:03), /etc/b.d (a name in it, 05:13:00)"."""
    words = []
    for path, at in files[:MOST_NAMED]:
        clock = time.strftime("%H:%M:%S", time.localtime(at))
        words.append("%s (%s%s)" % (path, "a name in it, " if os.path.isdir(path) else "", clock))
    return ", ".join(words) + (" and %d more" % (len(files) - MOST_NAMED) if files[MOST_NAMED:] else "")
