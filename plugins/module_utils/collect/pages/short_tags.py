# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Front pages that begin with a tag which PHP is told to take for text."""

import re
from typing import TYPE_CHECKING, List, Optional

from ..host import Host
from ..php_fpm.last_start import ini_files

if TYPE_CHECKING:
    from ....plugin_utils.shapes.nginx import ShortTag
    from ....plugin_utils.shapes.php_fpm import Master
    from ....plugin_utils.shapes.snapshot import Snapshot

NAME = "short_open_tag"
_SET = re.compile(r"\s*short_open_tag\s*=([^;]*)")
_OFF = ("", "0", "off", "no", "false", "none")


def _switched_off(host: Host, master: "Master", site: str, script: str) -> "Optional[ShortTag]":
    """By php.ini, where no option of the unit leads to another one."""
    unit, tag = master["unit_state"], None
    if unit is None or not {"-c", "-d", "-n"}.isdisjoint((unit["command"] or "").split()):
        return None
    for path in ini_files(host, master["config"]):
        for number, line in enumerate((host.text(path) or "").split("\n"), 1):
            found = _SET.match(line)
            if found:
                here: ShortTag = {"site": site, "script": script, "file": path, "line": number}
                tag = here if found.group(1).strip(" \t\r\"'").lower() in _OFF else None
    return tag


def short_tags(host: Host, snapshot: "Snapshot", scripts: List[str]) -> "List[ShortTag]":
    """scripts: that begin so."""
    tags = []
    for route in snapshot["nginx"]["routes"]:
        root, dialled = route["root"] or "", {target["endpoint"] for target in route["endpoints"]}
        script = root + "/index.php"
        static = any(host.type_of(root + "/index." + end) for end in ("html", "htm"))
        if script not in scripts or static or "\\.php" not in (route["location"] or ""):
            continue
        for master in snapshot["fpm"]["masters"]:
            pools = [pool for pool in master["pools"] if pool["endpoint"] in dialled and not pool["chroot"]]
            # Any of these may say otherwise.
            own = [host.text(path) or "" for path in [*master["files"], root + "/.user.ini"]]
            own += route["params"].values()
            if master["running"] and pools and not any(NAME in text for text in own):
                tags.append(_switched_off(host, master, route["site"], script))
    return [tag for tag in tags if tag]
