# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The record of an open change, and whether what is found on a disk is one: power cuts and hands leave other
things.
"""

import base64
import json
import os
from typing import Any, Union, cast

from ..collect.host import Host
from ..parse.linux.proc import parse_stat
from .disk import Disk, Meta
from .record import After, File, Folder, Journal, Socket

VERSION = 1
# Of each command, beside the journal: it was begun; it came to a good end.
STARTED, DONE = "started-%d", "done-%d"

# What an undo reads of it. A list holds such items, a dict has such fields, a tuple names what may be
# instead.
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
    """What is found is no record of a change. The text says why not."""


def boot_of(host: Host) -> str:
    """Another one after each boot, of a container as well."""
    init = parse_stat(host.text("/proc/1/stat") or "")
    return "%s %s" % (
        (host.text("/proc/sys/kernel/random/boot_id") or "").strip(),
        init.start_ticks if init else "",
    )


def meta_of(entry: Union[File, Folder, Socket, After]) -> Meta:
    """The rights in an entry of a journal that has some."""
    rights = entry["meta"]
    if rights is None:
        raise KeyError("meta")
    xattrs = {name: base64.b64decode(value) for name, value in rights["xattrs"].items()}
    return Meta(rights["uid"], rights["gid"], rights["mode"], xattrs, rights["mtime_ns"], rights["links"])


def _fits(value: object, shape: object) -> bool:
    if isinstance(shape, tuple):
        return any(_fits(value, one) for one in shape)
    if isinstance(shape, list):
        return isinstance(value, list) and all(_fits(item, shape[0]) for item in value)
    if isinstance(shape, dict):
        return isinstance(value, dict) and all(
            name in value and _fits(value[name], one) for name, one in shape.items()
        )
    if isinstance(shape, range):
        return isinstance(value, int) and value in shape
    if shape is float:
        return isinstance(value, (int, float)) and -_MOST < value < _MOST
    if shape is None:
        return value is None
    return isinstance(shape, type) and isinstance(value, shape)


def _sound(found: Any) -> Journal:
    """Raises ValueError for anything that _SHAPE is not the shape of, and TypeError or KeyError."""
    if found["version"] != VERSION:
        raise ValueError("it was written by another version of this collection")
    # What 0.2 did not write.
    journal = dict({"boot": "", "uptime": -1.0}, **found)
    journal["commands"] = [dict({"folders": [], "sockets": []}, **command) for command in found["commands"]]
    fits = _fits(journal, _SHAPE) and _fits(list(journal["folders"].values()), [_TIME])
    if not fits or not all(command["do"] and all(command["undo"]) for command in journal["commands"]):
        raise ValueError("it is not the record of a change")
    made = [entry for command in journal["commands"] for entry in command["folders"] + command["sockets"]]
    for entry in journal["files"] + made + [entry["after"] for entry in made if "after" in entry]:
        if entry["meta"]:
            meta_of(entry)
    return cast("Journal", journal)


def read_journal(disk: Disk, folder: str) -> Journal:
    """Raises Unreadable for what is none; Refusal where others than root could have written it."""
    try:
        return _sound(json.loads((disk.read(os.path.join(folder, "journal.json")) or b"").decode("ascii")))
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise Unreadable("%s cannot be read (%s)" % (os.path.join(folder, "journal.json"), error))
