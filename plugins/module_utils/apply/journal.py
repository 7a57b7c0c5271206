# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The record of an open change: what it looks like, and whether what is found on a disk is one. Power cuts and hands leave other things."""

import base64
import json
import os
from typing import Any, Dict, Iterable

from ..collect.host import Host
from ..parse.proc import parse_stat
from .disk import Disk, Meta

VERSION = 1
# Of each command, beside the journal: it was begun; it came to a good end.
STARTED, DONE = "started-%d", "done-%d"
Journal = Dict[str, Any]

_FARTHEST = 1e11  # seconds: the year 5138
_MOST = 1 << 63  # of the kernel's numbers
_NUMBER = (int, float)
_TEXT_OR_NONE = (str, type(None))
_JOURNAL: Dict[str, Any] = {
    "name": str, "target": str, "at": _NUMBER, "boot": str, "uptime": _NUMBER, "files": list, "made": list, "folders": dict, "commands": list}
_FILE: Dict[str, Any] = {
    "path": str, "real": str, "existed": bool, "temporary": str, "old": str, "before": _TEXT_OR_NONE, "after": _TEXT_OR_NONE}


class Unreadable(Exception):
    """What is found is no record of a change. The text says why not."""


def boot_of(host: Host) -> str:
    """Another one after each boot, of a container as well."""
    init = parse_stat(host.text("/proc/1/stat") or "")
    return "%s %s" % ((host.text("/proc/sys/kernel/random/boot_id") or "").strip(), init.start_ticks if init else "")


def meta_of(entry: Dict[str, Any]) -> Meta:
    """As a journal has it."""
    return Meta(**dict(entry["meta"], xattrs={name: base64.b64decode(value) for name, value in entry["meta"]["xattrs"].items()}))


def _insist(record: Any, fields: Dict[str, Any]) -> None:
    for name, kind in fields.items():
        if not isinstance(record[name], kind):
            raise ValueError("%s is %.40r" % (name, record[name]))


def _insist_on_texts(texts: Iterable[Any]) -> None:
    for text in texts:
        if not isinstance(text, str):
            raise ValueError("%.40r is no text" % (text,))


def _insist_on_meta(entry: Any) -> None:
    meta = meta_of(entry)
    numbers = (meta.uid, meta.gid, meta.mode, meta.links, meta.mtime_ns or 0)
    if not all(isinstance(number, int) and 0 <= number < _MOST for number in numbers):
        raise ValueError("the rights of %s are no numbers" % entry["path"])


def _sound(found: Any) -> Journal:
    """With all that an undo reads of it. Raises ValueError, KeyError, TypeError or AttributeError for anything else."""
    if found["version"] != VERSION:
        raise ValueError("it was written by another version of this collection")
    journal = dict({"boot": "", "uptime": -1.0}, **found)  # not known of one that 0.2 wrote
    _insist(journal, _JOURNAL)
    if not 0 <= journal["at"] < _FARTHEST or not journal["uptime"] < _FARTHEST:
        raise ValueError("its times are %r and %r" % (journal["at"], journal["uptime"]))
    for file in journal["files"]:
        _insist(file, _FILE)
        if file["existed"]:
            _insist_on_meta(file)
    for command in journal["commands"]:
        for argv in [command["do"]] + command["undo"]:
            _insist_on_texts(argv or [None])
        for folder in command.get("folders", []):
            _insist_on_texts([folder["path"]])
            if folder["meta"]:
                _insist_on_meta(folder)
    _insist_on_texts(journal["made"])
    if not all(isinstance(number, int) and 0 <= number < _MOST for number in journal["folders"].values()):
        raise ValueError("folders is %.40r" % journal["folders"])
    return journal


def read_journal(disk: Disk, folder: str) -> Journal:
    """Raises Unreadable for what is none; Refusal where others than root could have written it."""
    try:
        return _sound(json.loads((disk.read(os.path.join(folder, "journal.json")) or b"").decode("ascii")))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise Unreadable("%s cannot be read (%s)" % (os.path.join(folder, "journal.json"), error))
