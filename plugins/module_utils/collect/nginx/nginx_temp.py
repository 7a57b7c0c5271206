# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Directories and files of which nginx's log complains. It could not keep a request's body or an answer
there, or not find a page, or not read the file.
"""

import posixpath
from typing import TYPE_CHECKING, List, Optional, Sequence

from ...signatures.lookup import meaning_of, meanings
from ...signatures.nginx import CYCLES, UNWRITABLE
from ..host import Host, HostError, Stat
from ..linux.hidden import other_view

if TYPE_CHECKING:
    from ....plugin_utils.shapes.logs import Event, TempDir
    from ....plugin_utils.shapes.nginx import Nginx

MOST_PATHS = 8
LEAST_ROOM = 1024 * 1024  # bytes: some come back with each file that nginx removes
DENIED = meanings("file_denied", "sent_denied", "static_denied", "password_unusable")
_READ, _WRITE, _SEARCH = 4, 2, 1


def _may(nginx: "Nginx", stat: Stat, bits: int) -> bool:
    """By owner, group and mode. An ACL may say otherwise, which nobody has in a directory of nginx's own."""
    if nginx["uid"] in (0, None):
        return nginx["uid"] == 0
    if stat.uid == nginx["uid"]:
        shift = 6
    else:
        shift = 3 if stat.gid in [nginx["gid"], *nginx["groups"]] else 0
    return (stat.mode >> shift) & bits == bits


def look(host: Host, nginx: "Nginx", path: str, bits: int = _WRITE | _SEARCH) -> Optional["TempDir"]:
    """The first directory on the way that refuses nginx, else the last that exists. bits: what nginx needs
    of the last one.
    """
    found, there, lacks = None, "/", None
    changed = [0.0]
    view = other_view(host, next(iter(nginx["workers"]), None))
    names = posixpath.normpath(path).split("/")[1:-1]
    for number, name in enumerate([""] + names):
        there = posixpath.join(there, name)
        try:
            stat = host.stat(view + there)
        except HostError as error:
            # nginx makes the levels below: digits.
            lacks = there if error.absent and not name.isdigit() else None
            break
        last = number == len(names)
        if stat.type != "directory" and not (last and bits == _READ):
            break
        found = (there, stat)
        changed.append(stat.ctime)
        if not _may(nginx, stat, bits if last else _SEARCH):
            break
    if found is None:
        return None
    there, stat = found
    room = host.room(view + there)
    return {
        "path": there,
        "owner": host.user_name(stat.uid),
        "mode": "%04o" % stat.mode,
        "writable": _may(nginx, stat, bits),
        "changed_at": max(changed[-2:]),  # those far above change with whatever is in them
        "full": room is not None
        and (room.inodes == 0 or (room.others is not None and room.others < LEAST_ROOM)),
        "lacks": lacks,
        "is_file": stat.type == "file",
    }


def closed_roots(host: Host, nginx: "Nginx", events: Sequence["Event"]) -> List["TempDir"]:
    """Of the sites whose locations lead in a circle: directories that nginx may not search."""
    sites = {event["site"] for event in events if event["source"] == "nginx" and meaning_of(event) in CYCLES}
    roots = {route["root"] for route in nginx["routes"] if route["site"] in sites}
    named = sorted(root for root in roots if root and "$" not in root)[:MOST_PATHS]
    seen = [look(host, nginx, root + "/index.php", _SEARCH) for root in named]
    found = {entry["path"]: entry for entry in seen if entry and not entry["writable"]}
    return list(found.values())


def files_named(events: Sequence["Event"]) -> List[str]:
    files = [event["detail"].get("path") for event in events if event["source"] == "nginx"]
    return list(dict.fromkeys(path for path in files if path))[:MOST_PATHS]


def denied_files(host: Host, nginx: "Nginx", events: Sequence["Event"]) -> List["TempDir"]:
    """Each file, or the directory on the way to it that refuses nginx."""
    paths = files_named([event for event in events if meaning_of(event) in DENIED])
    return [entry for entry in (look(host, nginx, path + "/-", _READ) for path in paths) if entry]


def temp_dirs(host: Host, nginx: "Nginx", events: Sequence["Event"]) -> List["TempDir"]:
    paths = files_named([event for event in events if meaning_of(event) in UNWRITABLE])
    found = {entry["path"]: entry for entry in (look(host, nginx, path) for path in paths) if entry}
    return list(found.values())
