# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Pools of one master that have chroots of their own. Its opcache knows a script by the path inside alone."""

import re
from typing import TYPE_CHECKING, List

from ..host import Host
from .last_start import ini_files

if TYPE_CHECKING:
    from ....plugin_utils.shapes.php_fpm import Pool

_SETTING = re.compile(
    r"(?m)^[ \t]*(?:php_admin_(?:value|flag)\[)?(zend_extension|opcache\.(?:enable|validate_root))\]?"
    r"[ \t]*=[ \t]*\"?([^\s\";]+)"
)
_OFF = ("0", "off", "no", "false")
_WHY = (
    "pools %s have chroots of their own and one opcache: a script that two of them have at one path there is "
    "one to it, so that a site may get the pages of another. Set opcache.validate_root = 1 in php.ini"
)


def note_jails(host: Host, config: str, pools: "List[Pool]") -> None:
    files = ini_files(host, config) + [pool["file"] for pool in pools]
    settings = [(name, value) for path in files for name, value in _SETTING.findall(host.text(path) or "")]
    loaded = any(name == "zend_extension" and "opcache" in value for name, value in settings)
    last = {name: value.lower() not in _OFF for name, value in settings}
    if loaded and last.get("opcache.enable", True) and not last.get("opcache.validate_root"):
        names = ", ".join(pool["name"] for pool in pools if pool["chroot"])[:200]
        host.miss("shared_cache", config, _WHY % names)
