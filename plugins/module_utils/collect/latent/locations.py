# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Settings of nginx's locations that only risks ask for."""

import os
import posixpath
from typing import TYPE_CHECKING, Dict, List, Optional

from ...parse.nginx.conf import Directive
from ...parse.nginx.pass_settings import PHP_PARAMS, Pass, passes, size
from ...parse.php_fpm.php_ini import seconds, setting
from ..host import Host, HostError
from ..nginx.nginx_files import Reading
from ..trust import named

if TYPE_CHECKING:
    from ....plugin_utils.shapes.risks_capacity import LocationSettings, ScriptLimit, Written
    from ....plugin_utils.shapes.snapshot import Snapshot

LIMIT = "max_execution_time"
USER_INI = ".user.ini"  # user_ini.filename
USER_INI_BYTES = 64 * 1024
MOST_ROOTS = 500


def place_of(directive: Optional[Directive]) -> "Optional[Written]":
    return {"file": directive.file, "line": directive.line} if directive else None


def _sent(each: Pass) -> "Optional[ScriptLimit]":
    """What nginx sends along. Of PHP_VALUE and PHP_ADMIN_VALUE the second one wins."""
    found: Optional[ScriptLimit] = None
    for name in PHP_PARAMS:
        at = each.php.get(name)
        value = setting(at.args[1], LIMIT) if at else None
        if at and value:
            known = None if value.variable else seconds(value.value)
            found = {"seconds": known, "source": name, "file": at.file, "line": at.line}
    return found


def _user_ini(host: Host, root: str) -> "Optional[ScriptLimit]":
    """Of the document root. Others write it, and perhaps put a link there: that is not followed."""
    path = posixpath.join(root, USER_INI)
    try:
        path = named(host, path)
        text = host.read_bytes(path, 0, USER_INI_BYTES, real=True).decode("utf-8", "replace")
    except HostError as error:
        known = error.absent or host.lacks(path)
        return None if known else {"seconds": None, "source": USER_INI, "file": path, "line": None}
    found = setting(text, LIMIT)
    if found is None or found.variable:
        return None
    return {"seconds": seconds(found.value), "source": USER_INI, "file": path, "line": found.line}


def collect(host: Host, snapshot: "Snapshot") -> "List[LocationSettings]":
    """One for each fastcgi_pass, in the order of the configuration."""
    nginx = snapshot["nginx"]
    reading = Reading.of(host, nginx)
    limits: Dict[str, Optional[ScriptLimit]] = {}
    for root in [route["root"] or "$" for route in nginx["routes"]]:
        if "$" not in root and root not in limits and len(limits) < MOST_ROOTS:
            limits[root] = _user_ini(host, root)
    places = {
        (route["file"], route["line"], route["location"], server["file"], server["line"]): route
        for route in nginx["routes"]
        for server in [route.get("server")]
        if server
    }
    found: List["LocationSettings"] = []
    for each in passes(reading.conf):
        key = (each.at.file, each.at.line, each.location, each.server.file, each.server.line)
        place = places.get(key)
        files = [each.server.file, each.at.file] + [at.file for at in [each.header] if at]
        found.append(
            {
                "server": {"file": each.server.file, "line": each.server.line},
                "location": each.location,
                "file": each.at.file,
                "line": each.at.line,
                "header_bytes": size(each.header.args[0]) if each.header else os.sysconf("SC_PAGE_SIZE"),
                "header": place_of(each.header),
                "script": _sent(each),
                "user_ini": limits.get(place["root"] or "") if place else None,
                "changed_at": max(reading.changes.get(path, 0.0) for path in files),
            }
        )
    return found
