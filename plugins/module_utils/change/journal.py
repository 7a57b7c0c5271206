# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The journal of a change: all that is needed to go back. It is made before the first file is touched.

What is read back may be anything: power cuts and hands leave other things in its place.
"""

import base64
import hashlib
import json
import os
from typing import TYPE_CHECKING, Any, Dict, List, Optional, Tuple, Union, cast

from ..collect.host import Host
from ..parse.linux.proc import parse_stat
from ..work.step import Command, Step
from . import live_socket
from .disk import Disk, Meta

if TYPE_CHECKING:
    from ...plugin_utils.shapes.record import After, File, Folder, Journal, Rights, Socket

VERSION = 1
# Marks of each command, beside the journal: it was begun; it came to a good end.
STARTED, DONE = "started-%d", "done-%d"

# What an undo reads of it. A list holds such items, a dict has such fields, a tuple is a choice.
_ID, _TIME = range(1 << 32), range(1 << 63)
_META = {
    "uid": _ID,
    "gid": _ID,
    "mode": range(1 << 12),
    "links": _TIME,
    "mtime_ns": (_TIME, None),
    "xattrs": dict,
}
_SHAPE = {
    "name": str,
    "target": str,
    "at": float,
    "boot": str,
    "uptime": float,
    "made": [str],
    "folders": dict,
    "files": [
        {
            "path": str,
            "real": str,
            "existed": bool,
            "temporary": str,
            "old": str,
            "before": (str, None),
            "after": (str, None),
            "meta": (_META, None),
        }
    ],
    "commands": [
        {
            "do": [str],
            "undo": [[str]],
            "folders": [{"path": str, "meta": (_META, None)}],
            "sockets": [{"path": str, "file": [_TIME], "meta": _META, "after": {"meta": _META}}],
        }
    ],
}
_MOST = 1e11  # seconds of an epoch: the year 5138


class Unreadable(Exception):
    """What is there is no journal of a change. The text says why not."""


def boot_of(host: Host) -> str:
    """Another one after each boot, of a container as well."""
    init = parse_stat(host.text("/proc/1/stat") or "")
    return "%s %s" % (
        (host.text("/proc/sys/kernel/random/boot_id") or "").strip(),
        init.start_ticks if init else "",
    )


def digest(data: Optional[bytes]) -> Optional[str]:
    return None if data is None else hashlib.sha256(data).hexdigest()


def beside(real: str) -> Tuple[str, str]:
    """Names of the file to come and of the old one. No pattern such as *.conf matches them."""
    folder, name = os.path.split(real)
    return os.path.join(folder, ".%s.webmedic" % name), os.path.join(folder, ".%s.webmedic-old" % name)


def _rights(meta: Meta) -> "Rights":
    xattrs = {name: base64.b64encode(value).decode("ascii") for name, value in (meta.xattrs or {}).items()}
    return {
        "uid": meta.uid,
        "gid": meta.gid,
        "mode": meta.mode,
        "links": meta.links,
        "mtime_ns": meta.mtime_ns,
        "xattrs": xattrs,
    }


def _folders(command: Command, disk: Disk) -> "List[Folder]":
    """The directory of a command with its rights. Of a missing one: each that will be made, without."""
    missing: List[Folder] = []
    folder = disk.real(command.folder) if command.folder else ""
    while folder and not disk.exists(folder):
        missing.insert(0, {"path": folder, "meta": None})
        folder = os.path.dirname(folder)
    return missing or ([{"path": folder, "meta": _rights(disk.meta(folder))}] if folder else [])


def _sockets(command: Command) -> "List[Socket]":
    if not command.access:
        return []
    path, (file, before, after) = command.access.path, live_socket.look(command.access)
    return [{"path": path, "file": file, "meta": _rights(before), "after": {"meta": _rights(after)}}]


def new_journal(step: Step, disk: Disk, host: Host) -> "Journal":
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


def meta_of(entry: "Union[File, Folder, Socket, After]") -> Meta:
    """Raises KeyError for an entry without rights."""
    rights = entry["meta"]
    if rights is None:
        raise KeyError("meta")
    xattrs = {name: base64.b64decode(value) for name, value in rights["xattrs"].items()}
    return Meta(rights["uid"], rights["gid"], rights["mode"], xattrs, rights["mtime_ns"], rights["links"])


def _fits(value: object, shape: object) -> bool:
    if isinstance(shape, tuple):
        return any(_fits(value, choice) for choice in shape)
    if isinstance(shape, list):
        return isinstance(value, list) and all(_fits(item, shape[0]) for item in value)
    if isinstance(shape, dict):
        return isinstance(value, dict) and all(
            name in value and _fits(value[name], field) for name, field in shape.items()
        )
    if isinstance(shape, range):
        return isinstance(value, int) and value in shape
    if shape is float:
        return isinstance(value, (int, float)) and -_MOST < value < _MOST
    if shape is None:
        return value is None
    return isinstance(shape, type) and isinstance(value, shape)


def _sound(read: Any) -> "Journal":
    """Raises ValueError, TypeError or KeyError for what has not the shape."""
    if read["version"] != VERSION:
        raise ValueError("it was written by another version of this collection")
    # What 0.2 did not write.
    journal = dict({"boot": "", "uptime": -1.0}, **read)
    journal["commands"] = [dict({"folders": [], "sockets": []}, **command) for command in read["commands"]]
    fits = _fits(journal, _SHAPE) and _fits(list(journal["folders"].values()), [_TIME])
    if not fits or not all(command["do"] and all(command["undo"]) for command in journal["commands"]):
        raise ValueError("it is not the record of a change")
    made = [entry for command in journal["commands"] for entry in command["folders"] + command["sockets"]]
    for entry in journal["files"] + made + [entry["after"] for entry in made if "after" in entry]:
        if entry["meta"]:
            meta_of(entry)
    return cast("Journal", journal)


def read_journal(disk: Disk, folder: str) -> "Journal":
    """Raises Unreadable for what is none; Refusal where others than root could have written it."""
    path = os.path.join(folder, "journal.json")
    try:
        return _sound(json.loads((disk.read(path) or b"").decode("ascii")))
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise Unreadable("%s cannot be read (%s)" % (path, error))
