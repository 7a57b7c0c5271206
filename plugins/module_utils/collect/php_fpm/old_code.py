# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Scripts that were changed since php-fpm began, whose opcache is told never to look."""

import re
from typing import TYPE_CHECKING, Sequence, Tuple

from ...parse.pools_at import pools_behind
from ..host import Host
from .last_start import ini_files

if TYPE_CHECKING:
    from ....plugin_utils.shapes.nginx import Route
    from ....plugin_utils.shapes.snapshot import Snapshot

SOON = 10.0  # seconds: a deploy reloads php-fpm in that time
_SETTING = re.compile(
    r"(?m)^[ \t]*(?:php(?:_admin)?_(?:value|flag)\[)?"
    r"(zend_extension|opcache\.(?:enable|validate_timestamps))\]?[ \t]*="
    r"[ \t]*\"?([^\s\";]+)"
)
_OFF = ("0", "off", "no", "false")
_WHY = (
    "%s was changed since php-fpm loaded its files, and pool %s has opcache.validate_timestamps off: "
    "visitors get the pages of the script as it was before, unless somebody emptied opcache since. Let each "
    "deploy end with a reload of php-fpm"
)


def note_old_code(host: Host, snapshot: "Snapshot", changed: "Sequence[Tuple[Route, str, float]]") -> None:
    """changed: the routes, a script of each, and when it was changed (epoch seconds)."""
    for route, script, at in changed:
        for master, pool in pools_behind(snapshot, [route]):
            loaded = master["loaded_at"]
            if not master["running"] or loaded is None or not loaded + SOON < at < host.now() - SOON:
                continue
            files = ini_files(host, master["config"]) + [pool["file"]]
            settings = [found for path in files for found in _SETTING.findall(host.text(path) or "")]
            last = {name: value.lower() not in _OFF for name, value in settings}
            loads = any(name == "zend_extension" and "opcache" in value for name, value in settings)
            # A link to a new release gives a script another name: opcache looks at that one.
            if (
                loads
                and host.realpath(script) == script
                and last.get("opcache.enable", True)
                and not last.get("opcache.validate_timestamps", True)
            ):
                host.miss("old_code", script, _WHY % (script, pool["name"]))
