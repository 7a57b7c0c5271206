# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Settings of opcache by which visitors get other pages than the site has."""

import re
from typing import TYPE_CHECKING, List, Sequence, Tuple

from ...parse.pools_at import pools_behind
from ..host import Host
from .last_start import ini_files

if TYPE_CHECKING:
    from ....plugin_utils.shapes.nginx import Route
    from ....plugin_utils.shapes.php_fpm import Pool
    from ....plugin_utils.shapes.snapshot import Snapshot

SOON = 10.0  # seconds: a deploy reloads php-fpm in that time
_SETTING = (
    r"(?m)^[ \t]*(?:php%s_(?:value|flag)\[)?(zend_extension|opcache\.(?:enable|%s))\]?"
    r"[ \t]*=[ \t]*\"?([^\s\";]+)"
)
_OFF = ("0", "off", "no", "false")
_OLD_CODE = (
    "%s was changed since php-fpm loaded its files, and pool %s has opcache.validate_timestamps off: "
    "visitors get the pages of the script as it was before, unless somebody emptied opcache since. Let each "
    "deploy end with a reload of php-fpm"
)
_SHARED = (
    "pools %s have chroots of their own and one opcache: a script that two of them have at one path there is "
    "one to it, so that a site may get the pages of another. Set opcache.validate_root = 1 in php.ini"
)


def _lacks(host: Host, config: str, pools: "List[Pool]", name: str, default: bool, prefix: str) -> bool:
    """Whether opcache is on, and a setting of it is off. prefix: of what a pool's file may set."""
    files = ini_files(host, config) + [pool["file"] for pool in pools]
    pattern = re.compile(_SETTING % (prefix, name))
    settings = [found for path in files for found in pattern.findall(host.text(path) or "")]
    last = {name: value.lower() not in _OFF for name, value in settings}
    loads = any(name == "zend_extension" and "opcache" in value for name, value in settings)
    return loads and last.get("opcache.enable", True) and not last.get("opcache." + name, default)


def note_old_code(host: Host, snapshot: "Snapshot", changed: "Sequence[Tuple[Route, str, float]]") -> None:
    """Scripts that opcache is told never to look at again. changed: the routes, a script of each, and when it
    was changed (epoch seconds).
    """
    for route, script, at in changed:
        for master, pool in pools_behind(snapshot, [route]):
            loaded = master["loaded_at"]
            if not master["running"] or loaded is None or not loaded + SOON < at < host.now() - SOON:
                continue
            # A link to a new release gives a script another name: opcache looks at that one.
            is_kept = _lacks(host, master["config"], [pool], "validate_timestamps", True, "(?:_admin)?")
            if is_kept and host.realpath(script) == script:
                host.miss("old_code", script, _OLD_CODE % (script, pool["name"]))


def note_jails(host: Host, config: str, pools: "List[Pool]") -> None:
    """Pools of one master that have chroots of their own. Opcache knows a script by the path inside alone."""
    if _lacks(host, config, pools, "validate_root", False, "_admin"):
        names = ", ".join(pool["name"] for pool in pools if pool["chroot"])[:200]
        host.miss("shared_cache", config, _SHARED % names)
