# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Settings of php-fpm's unit that explain an error of PHP: what it may not write, see or start."""

import re
from typing import TYPE_CHECKING, List, Optional, Sequence

from ...parse.linux.systemctl import hides
from ...parse.linux.unit_starts import makes_read_only
from ...parse.number import number
from ...parse.pools_at import pools_behind
from ..model import evidence

if TYPE_CHECKING:
    from ....plugin_utils.shapes.finding import Evidence
    from ....plugin_utils.shapes.nginx import Route
    from ....plugin_utils.shapes.php_error import ErrorParts
    from ....plugin_utils.shapes.php_fpm import Master, Pool
    from ....plugin_utils.shapes.snapshot import Snapshot
    from ....plugin_utils.shapes.unit import Unit

_DATABASE = re.compile(r"/(?:mysqld?|mariadb|\.s\.PGSQL)[^/]*\Z")
BESIDE = 8  # processes: the master, and programs that pages start
_TMP = ("/tmp", "/var/tmp")
AT_START = 5.0  # seconds: php.ini is read before the master says that it runs


def _limit(master: "Master", unit: "Unit", error: "ErrorParts") -> Optional[str]:
    """One that the pools reach: systemd's own default may look like the unit's."""
    limits = unit.get("limits") or {}
    need = sum(pool["max_children"] or 0 for pool in master["pools"]) + BESIDE
    named = [
        "%s=%s" % (name, limits[name])
        for name in ("LimitNPROC", "TasksMax")
        if (number(limits.get(name)) or need) < need
    ]
    if not named or "process" not in error.get("lacks", []):
        return None
    return "%s has %s, beyond which PHP can start no program" % (unit["name"], " and ".join(named))


def _gone(master: "Master", unit: "Unit", error: "ErrorParts") -> Optional[str]:
    for point in master["unseen"]["mounts"] if "unseen" in master else ():
        if any((path + "/").startswith(point + "/") for path in error.get("missing", [])) or (
            point in _TMP and "temporary_file" in error.get("lacks", [])
        ):
            words = "what %s has mounted on %s was deleted since it was started: a restart mounts it anew"
            setting = hides(unit.get("sandbox") or {}, point)
            return words % (unit["name"], point) + (" (%s)" % setting if setting else "")
    return None


def _unseen(master: "Master", unit: "Unit", error: "ErrorParts") -> Optional[str]:
    by_default = "database" in error.get("lacks", [])
    for socket in master["unseen"]["sockets"] if "unseen" in master else ():
        if socket in error.get("missing", []) or by_default and _DATABASE.search(socket):
            setting = hides(unit.get("sandbox") or {}, socket)
            words = "%s has %s, so that php-fpm does not see %s, on which something listens"
            return words % (unit["name"], setting, socket)
    return None


def _jail(pool: "Pool", error: "ErrorParts") -> Optional[str]:
    is_its = error.get("pool", pool["name"]) == pool["name"]  # by PHP's own log
    if not pool["chroot"] or not is_its:
        return None
    if "database" in error.get("lacks", []):
        words = "pool %s has chroot = %s: the socket of a database is looked for in it (127.0.0.1 is a port)"
        return words % (pool["name"], pool["chroot"])
    if error.get("fault") != "unresolved_name":
        return None
    return "pool %s has chroot = %s, and looks names up by what is in it" % (pool["name"], pool["chroot"])


def _broken_ini(master: "Master", unit: "Unit") -> Optional[str]:
    """PHP complains, takes what stands before the fault, and runs (main/php_ini.c)."""
    since = (master["loaded_at"] or unit["active_since"] or 0.0) - AT_START
    for entry in unit["log"]:
        if entry["at"] >= since and "ini_fault" in entry:
            return "PHP has taken nothing of that file behind the fault: %s" % entry["ini_fault"]
    return None


def _unwritable(unit: "Unit", paths: Sequence[str]) -> Optional[str]:
    for path in paths:
        setting = makes_read_only(unit, path)
        if setting:
            words = "%s has %s, so that php-fpm cannot write %s: ReadWritePaths= lets it"
            return words % (unit["name"], setting, path)
    return None


def of_unit(
    snapshot: "Snapshot", routes: Sequence["Route"], errors: Sequence["ErrorParts"]
) -> List["Evidence"]:
    for master, pool in pools_behind(snapshot, routes):
        jail = next(filter(None, (_jail(pool, error) for error in errors)), None)
        if jail:
            return [evidence("unit", jail, pool["file"])]
        unit = master["unit_state"]
        if unit is None:
            continue
        for error in errors:
            words = (
                _unwritable(unit, [*error.get("read_only", []), *error.get("unwritable", [])])
                or _limit(master, unit, error)
                or _gone(master, unit, error)
                or _unseen(master, unit, error)
            )
            if words:
                return [evidence("unit", words)]
        words = _broken_ini(master, unit)
        if words:
            return [evidence("unit", words)]
    return []
