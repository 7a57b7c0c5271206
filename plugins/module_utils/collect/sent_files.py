# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files that the application has nginx send, and that are not there: whether the place of all of them is."""

import posixpath
from typing import TYPE_CHECKING, List, Sequence, Set

from ..parse.nginx.conf import Directive, named
from ..signatures.lookup import meaning_of, meanings
from .host import Host
from .linux.hidden import other_view
from .nginx_files import Reading
from .nginx_temp import files_named

if TYPE_CHECKING:
    from ...plugin_utils.shapes.logs import Event, SentFile
    from ...plugin_utils.shapes.nginx import Nginx

LOST_FILES = meanings("sent_missing")


def _places(block: Sequence[Directive], prefix: str, root: str) -> Set[str]:
    """The directories of the locations below, where each is known by its text."""
    found: Set[str] = set()
    for each in named(block, "location"):
        inner = each.block or []
        roots, aliases = named(inner, "root"), named(inner, "alias")
        here = roots[-1].args[0] if roots else root
        path = "" if each.args[0].startswith(("~", "@")) else each.args[-1]
        place = aliases[-1].args[0] if aliases else here + path
        if "$" not in place and path:
            found.add(posixpath.normpath(posixpath.join(prefix, place)))
        found |= _places(inner, prefix, here)
    return found


def _all_places(host: Host, nginx: "Nginx") -> Set[str]:
    prefix = nginx["prefix"] or "/"
    found: Set[str] = set()
    for http in Reading.of(host, nginx).conf.directives:
        for server in http.block or [] if http.name == "http" else []:
            roots = named(server.block or [], "root") or named(http.block or [], "root")
            found |= _places(server.block or [], prefix, roots[-1].args[0] if roots else "html")
    return found


def sent_files(host: Host, nginx: "Nginx", events: Sequence["Event"]) -> List["SentFile"]:
    """A directory that was deleted below the place of a location is the application's matter."""
    places = _all_places(host, nginx)
    view = other_view(host, next(iter(nginx["workers"]), None))
    found: List[SentFile] = []
    for path in files_named([event for event in events if meaning_of(event) in LOST_FILES]):
        names = posixpath.normpath(path).split("/")[1:-1]
        ways = ["/" + "/".join(names[: number + 1]) for number in range(len(names))]
        lacks = next((way for way in ways if host.lacks(view + way)), "")
        whole = any((place + "/").startswith(lacks + "/") for place in places) if lacks else False
        found.append({"path": path, "lacks": lacks if whole else ""})
    return found
