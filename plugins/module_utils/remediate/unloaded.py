# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files of a program that were changed after it had loaded them: a restart or a reload would load them all."""

import os
import stat
import time
from typing import Dict, List, NamedTuple, Optional, Sequence

from ..change.disk import Disk
from ..change.journal import Unreadable, read_journal
from ..change.lock import STATE
from ..change.new_journal import digest
from ..collect.host import Host, HostError
from ..collect.trust import walk
from ..plan.plan import BY_ID
from ..verdict.step import Refusal

MOST_NAMED = 5
# seconds by which what came first may seem to come later: files and processes are stamped by different clocks
# of the kernel
TICK = 0.1


class Newer(NamedTuple):
    """What was changed since it was loaded."""

    path: str
    at: float  # epoch seconds


def _changed_at(host: Host, path: str) -> Optional[float]:
    """When a file, a link on the way to it, or a directory's list of names was changed last. A copy may bring
    its old mtime along, and no ctime.
    """
    moments: List[float] = []
    try:
        for place, step in walk(host, path):
            if step.target is not None:
                moments.append(os.lstat(place).st_ctime)
        found = os.stat(path)
    except HostError as error:
        return None if error.absent else time.time()
    except OSError:
        return None
    moments.append(found.st_mtime if stat.S_ISDIR(found.st_mode) else max(found.st_mtime, found.st_ctime))
    return max(moments)


def ours(state: str = STATE, step: str = "") -> Dict[str, str]:
    """{path: digest} of what actions wrote last, or put back. Some load nothing: a unit's drop-in, the rights
    of a socket that were changed live, too.

    What the modules of change wrote is the operator's, and is meant where one of them, by the name of the
    step, is what loads now.
    """
    disk, found = Disk(), {}  # type: Disk, Dict[str, str]
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
            found.pop(file["real"], None)
            is_now = file["before"] if place == "put-back" else file["after"]
            if (place == "put-back" or journal["name"] in BY_ID or step and step not in BY_ID) and is_now:
                found[file["real"]] = is_now
    return found


def _is_ours(real: str, written: Dict[str, str]) -> bool:
    try:
        return real in written and digest(Disk().read(real)) == written[real]
    except (Refusal, OSError):
        return False


def newer(
    host: Host, paths: Sequence[str], since: float, meant: Sequence[str], state: str = STATE, step: str = ""
) -> List[Newer]:
    """Those of the paths that changed after since (epoch seconds), but for files that a step of that name
    means to load, or that we wrote.
    """
    written = ours(state, step)
    wanted = {os.path.realpath(path) for path in meant}
    files: List[Newer] = []
    directories: List[Newer] = []
    explained: Dict[str, float] = {}
    for path in dict.fromkeys(paths):
        at = _changed_at(host, path)
        if at is None or at <= since:
            continue
        real = os.path.realpath(path)
        if os.path.isdir(real):
            directories.append(Newer(path, at))
            continue
        if not (real in wanted or _is_ours(real, written)):
            files.append(Newer(path, at))
        # A file that was written has often changed the list of names, too.
        for folder in (os.path.dirname(real), os.path.realpath(os.path.dirname(path))):
            explained[folder] = max(explained.get(folder, 0.0), at)
    return files + [
        one for one in directories if one.at > explained.get(os.path.realpath(one.path), 0.0) + TICK
    ]


def named(found: Sequence[Newer]) -> str:
    """ "/etc/a.conf (05:12:03), /etc/b.d (a name in it, 05:13:00)"."""
    words = [
        "%s (%s%s)"
        % (
            one.path,
            "a name in it, " if os.path.isdir(one.path) else "",
            time.strftime("%H:%M:%S", time.localtime(one.at)),
        )
        for one in found[:MOST_NAMED]
    ]
    return ", ".join(words) + (" and %d more" % (len(found) - MOST_NAMED) if len(found) > MOST_NAMED else "")
