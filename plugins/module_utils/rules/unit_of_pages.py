# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Settings of php-fpm's unit that explain an error of PHP: what it may not write, see or start."""

import re
from typing import TYPE_CHECKING, List, Optional, Sequence

from ..parse.linux.systemctl import hides
from ..parse.linux.unit_starts import makes_read_only
from ..parse.number import number
from .model import evidence

if TYPE_CHECKING:
    from ...plugin_utils.shapes.finding import Evidence
    from ...plugin_utils.shapes.nginx import Route
    from ...plugin_utils.shapes.php_fpm import Master
    from ...plugin_utils.shapes.snapshot import Snapshot
    from ...plugin_utils.shapes.unit import Unit

_NO_FORK = re.compile(
    r"Unable to fork|[Ff]ork failed|posix_spawn\(\) failed|\(\): Unable to execute '|"
    r"popen\(.{0,200}\): Resource temporarily unavailable"
)
_MISSING = re.compile(r"(?:[(\"]|unix://)(/[^)\":\s]{1,255})\)?[^()]{0,99}\(?No such file or directory")
# mysqlnd and libpq name no path where the default one was asked for.
_NO_DATABASE = re.compile(r"\[2002\] No such file or directory|/tmp/(?:mysql|\.s\.PGSQL)\S*")
_DATABASE = re.compile(r"/(?:mysqld?|mariadb|\.s\.PGSQL)[^/]*\Z")
_TEMPORARY = re.compile(r"temporary (?:file|director)|File upload error|tempnam\(\)|tmpfile\(\)", re.I)
BESIDE = 8  # processes: the master, and programs that pages start
_TMP = ("/tmp", "/var/tmp")


def _limit(master: "Master", unit: "Unit", text: str) -> Optional[str]:
    """One that the pools reach: systemd's own default may look like the unit's."""
    limits = unit.get("limits") or {}
    need = sum(pool["max_children"] or 0 for pool in master["pools"]) + BESIDE
    named = [
        "%s=%s" % (name, limits[name])
        for name in ("LimitNPROC", "TasksMax")
        if (number(limits.get(name)) or need) < need
    ]
    if not named or not _NO_FORK.search(text):
        return None
    return "%s has %s, beyond which PHP can start no program" % (unit["name"], " and ".join(named))


def _gone(master: "Master", unit: "Unit", text: str) -> Optional[str]:
    paths = _MISSING.findall(text)
    for point in master["unseen"]["mounts"] if "unseen" in master else ():
        if any((path + "/").startswith(point + "/") for path in paths) or (
            point in _TMP and _TEMPORARY.search(text)
        ):
            words = "what %s has mounted on %s was deleted since it was started: a restart mounts it anew"
            setting = hides(unit.get("sandbox") or {}, point)
            return words % (unit["name"], point) + (" (%s)" % setting if setting else "")
    return None


def _unseen(master: "Master", unit: "Unit", text: str) -> Optional[str]:
    paths = _MISSING.findall(text)
    for socket in master["unseen"]["sockets"] if "unseen" in master else ():
        if socket in paths or _NO_DATABASE.search(text) and _DATABASE.search(socket):
            setting = hides(unit.get("sandbox") or {}, socket)
            words = "%s has %s, so that php-fpm does not see %s, on which something listens"
            return words % (unit["name"], setting, socket)
    return None


def _unwritable(unit: "Unit", paths: Sequence[str]) -> Optional[str]:
    for path in paths:
        setting = makes_read_only(unit, path)
        if setting:
            words = "%s has %s, so that php-fpm cannot write %s: ReadWritePaths= lets it"
            return words % (unit["name"], setting, path)
    return None


def of_unit(
    snapshot: "Snapshot", routes: Sequence["Route"], read_only: Sequence[str], proof: Sequence["Evidence"]
) -> List["Evidence"]:
    """read_only: files of which PHP says that they are. proof: with the errors of PHP."""
    dialled = {target["endpoint"] for route in routes for target in route["endpoints"]}
    text = "\n".join(each["text"] for each in proof)
    for master in snapshot["fpm"]["masters"]:
        unit = master["unit_state"]
        if unit is None or not dialled.intersection(pool["endpoint"] for pool in master["pools"]):
            continue
        words = (
            _unwritable(unit, read_only)
            or _limit(master, unit, text)
            or _gone(master, unit, text)
            or _unseen(master, unit, text)
        )
        if words:
            return [evidence("unit", words)]
    return []
