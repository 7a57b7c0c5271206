# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What was seen of locations for risks alone."""

from typing import TYPE_CHECKING, Dict, Optional, Tuple

if TYPE_CHECKING:
    from ....plugin_utils.shapes.nginx import Route
    from ....plugin_utils.shapes.risks_capacity import LocationSettings
    from ....plugin_utils.shapes.snapshot import Snapshot

# Server block, location and fastcgi_pass: one that is included twice is two.
LocationsByPass = Dict[Tuple[str, int, str, str, int], "LocationSettings"]


def locations_of(snapshot: "Snapshot") -> LocationsByPass:
    """{}: nobody looked."""
    rows = snapshot["risks"].get("locations") or []
    return {
        (row["server"]["file"], row["server"]["line"], row["location"], row["file"], row["line"]): row
        for row in rows
    }


def settings_at(settings: LocationsByPass, route: "Route") -> "Optional[LocationSettings]":
    server = route.get("server")
    if server is None:
        return None
    return settings.get((server["file"], server["line"], route["location"], route["file"], route["line"]))
