# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The record of a change, made before its first file is touched: all that is needed to go back."""

import base64
import hashlib
import os
from typing import Dict, List, Optional, Tuple

from ..collect.host import Host
from ..verdict.step import Command, Step
from . import live_socket
from .disk import Disk, Meta
from .journal import VERSION, boot_of
from .record import File, Folder, Journal, Rights, Socket


def digest(data: Optional[bytes]) -> Optional[str]:
    return None if data is None else hashlib.sha256(data).hexdigest()


def beside(real: str) -> Tuple[str, str]:
    """Names of the file to come and of the one that was. No pattern such as *.conf takes them up."""
    folder, name = os.path.split(real)
    return os.path.join(folder, ".%s.webmedic" % name), os.path.join(folder, ".%s.webmedic-old" % name)


def _rights(meta: Meta) -> Rights:
    return {
        "uid": meta.uid,
        "gid": meta.gid,
        "mode": meta.mode,
        "links": meta.links,
        "mtime_ns": meta.mtime_ns,
        "xattrs": {
            name: base64.b64encode(value).decode("ascii") for name, value in (meta.xattrs or {}).items()
        },
    }


def _folders(command: Command, disk: Disk) -> List[Folder]:
    """The directory of a command with its rights; where it is missing, each that is to be made,
    without any.
    """
    missing: List[Folder] = []
    folder = disk.real(command.folder) if command.folder else ""
    while folder and not disk.exists(folder):
        missing.insert(0, {"path": folder, "meta": None})
        folder = os.path.dirname(folder)
    return missing or ([{"path": folder, "meta": _rights(disk.meta(folder))}] if folder else [])


def _sockets(command: Command) -> List[Socket]:
    """The live socket of a command, with its rights before (meta) and after."""
    if not command.access:
        return []
    found = live_socket.look(command.access)
    return [
        {
            "path": command.access.path,
            "file": found.file,
            "meta": _rights(found.before),
            "after": {"meta": _rights(found.after)},
        }
    ]


def new_journal(step: Step, disk: Disk, host: Host) -> Journal:
    files: List[File] = []
    made: List[str] = []
    folders: Dict[str, int] = {}
    for change in step.changes:
        real = disk.real(change.path)
        folder = os.path.dirname(real)
        if not disk.exists(folder) and folder not in made:
            made.append(folder)
            folder = os.path.dirname(folder)
        if folder not in made:
            folders[folder] = disk.meta(folder).mtime_ns or 0
        meta, (temporary, old) = None if change.before is None else disk.meta(real), beside(real)
        files.append(
            {
                "path": change.path,
                "real": real,
                "existed": change.before is not None,
                "temporary": temporary,
                "old": old,
                "before": digest(change.before),
                "after": digest(change.after),
                "meta": meta and _rights(meta),
            }
        )
    return {
        "version": VERSION,
        "name": step.name,
        "target": step.target,
        "at": host.now(),
        "boot": boot_of(host),
        "uptime": host.boottime(),
        "files": files,
        "made": made,
        "folders": folders,
        "commands": [
            {
                "do": command.do,
                "undo": command.undo,
                "folders": _folders(command, disk),
                "sockets": _sockets(command),
            }
            for command in step.commands
        ],
    }
