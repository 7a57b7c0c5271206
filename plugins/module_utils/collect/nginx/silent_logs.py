# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Logs that hide what nginx loses, for who has the error logs alone. A diagnosis: rules/losses/silence.py."""

from typing import TYPE_CHECKING

from ..host import Host

if TYPE_CHECKING:
    from ....plugin_utils.shapes.nginx import Nginx


def miss_silent(host: Host, nginx: "Nginx") -> None:
    """Names the silent logs as missing."""
    for site in nginx.get("site_logs") or []:
        for log in site["silent"]:
            why = "nginx writes errors there at level %s: lost requests cannot be read of it"
            host.miss(
                "nginx_log", log["target"], why % log["level"], "an error_log in a file, at level error"
            )
