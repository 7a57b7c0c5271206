# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the host has of the places that nginx's log names: files, directories, limits, scripts."""

import posixpath
from typing import TYPE_CHECKING, Callable, FrozenSet, Iterator, List, Sequence, Set, Tuple

from ...parse.nginx.conf import Directive, every, named
from ...parse.nginx.served import servers
from ...parse.redact import redact
from ...signatures.lookup import meaning_of, meanings
from ...signatures.nginx import CYCLES, FATAL, LIMITED, REFUSED, UNSEEN, UNWRITABLE
from ..host import Host
from ..linux.hidden import other_view
from ..nginx.nginx_files import Reading
from ..nginx.nginx_settings import SCARCE, scarce
from ..nginx.nginx_temp import DENIED, closed_roots, denied_files, files_named, temp_dirs
from ..pages.script_ways import ways

if TYPE_CHECKING:
    from ....plugin_utils.shapes.logs import Event, LaterLogs, Limit, SentFile
    from ....plugin_utils.shapes.nginx import Nginx
    from ....plugin_utils.shapes.snapshot import Snapshot

MOST_ZONES = 8
MOST_TEXT = 200
LOST_FILES = meanings("sent_missing")
OF_SCRIPTS = UNSEEN | REFUSED | FATAL
Look = Tuple[str, Callable[[], "LaterLogs"]]  # its name, where it fails


def _directories(host: Host, nginx: "Nginx", events: Sequence["Event"]) -> "LaterLogs":
    return {"temp_dirs": temp_dirs(host, nginx, events) + denied_files(host, nginx, events)}


def limits(host: Host, nginx: "Nginx", events: Sequence["Event"]) -> "Tuple[List[Limit], List[int]]":
    """(those by which nginx refused requests, the statuses that limits answer with)"""
    zones = {event["detail"].get("zone") for event in events if meaning_of(event) in LIMITED}
    conf = Reading.of(host, nginx).conf
    found: List[Limit] = []
    for directive in named(every(conf.directives), "limit_req_zone", "limit_conn_zone"):
        zone = next((arg[5:].partition(":")[0] for arg in directive.args[1:] if arg.startswith("zone=")), "")
        if zone and zone in zones and len(found) < MOST_ZONES:
            written = "%s %s" % (directive.name, " ".join(directive.args))
            found.append(
                {
                    "zone": redact(zone, MOST_TEXT),
                    "key": redact(directive.args[0], MOST_TEXT),
                    "written": redact(written, MOST_TEXT),
                    "file": directive.file,
                    "line": directive.line,
                }
            )
    statuses = [
        each.args[0] for each in named(every(conf.directives), "limit_req_status", "limit_conn_status")
    ]
    return found, sorted({int(status) for status in statuses if status.isdigit()})


def _limits(host: Host, nginx: "Nginx", events: Sequence["Event"]) -> "LaterLogs":
    found, statuses = limits(host, nginx, events)
    return {"limits": found, "limit_statuses": statuses}


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
    for http, server in servers(Reading.of(host, nginx).conf):
        roots = named(server.block or [], "root") or named(http.block or [], "root")
        found |= _places(server.block or [], prefix, roots[-1].args[0] if roots else "html")
    return found


def sent_files(host: Host, nginx: "Nginx", events: Sequence["Event"]) -> List["SentFile"]:
    """Files that the application has nginx send. That a directory was deleted below the place of a location
    is its own matter.
    """
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


def named_places(host: Host, snapshot: "Snapshot", events: Sequence["Event"]) -> Iterator[Look]:
    """The looks that these events ask for."""
    nginx, seen = snapshot["nginx"], {meaning_of(event) for event in events}
    looks: Tuple[Tuple[str, FrozenSet[str], Callable[[], LaterLogs]], ...] = (
        ("temp_dirs", UNWRITABLE | DENIED, lambda: _directories(host, nginx, events)),
        ("closed_roots", CYCLES, lambda: {"closed_roots": closed_roots(host, nginx, events)}),
        ("limits", LIMITED, lambda: _limits(host, nginx, events)),
        ("scarce", SCARCE, lambda: scarce(host, nginx, seen, events)),
        ("script_ways", OF_SCRIPTS, lambda: {"script_ways": ways(host, snapshot, events)}),
        ("sent_files", LOST_FILES, lambda: {"sent_files": sent_files(host, nginx, events)}),
    )
    return ((part, look) for part, needs, look in looks if seen & needs)
