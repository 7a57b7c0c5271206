# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What nginx's log says it lacked: how much there is by now, and who uses it."""

from typing import Dict, List

from .nginx import ServerBlock
from .shape import TypedDict


class HeaderBuffer(TypedDict):
    """A fastcgi_buffer_size, as it holds for a fastcgi_pass."""

    at: ServerBlock  # where that fastcgi_pass stands
    bytes: int
    file: str  # where it is written


class LackingLocation(TypedDict):
    """A named location that the log misses, and a directive of the site: no server block of it has that."""

    site: str
    location: str


class ZoneUser(TypedDict):
    """A server block that uses a zone of nginx's memory."""

    zone: str
    server: ServerBlock


class Scarce(TypedDict, total=False):
    """Only where the log says so; not in snapshots from before 0.14.0."""

    connections: int  # worker_connections
    resized: Dict[str, float]  # epoch seconds when a remediation gave a unit of php-fpm more workers
    lacking_locations: List[LackingLocation]
    header_buffers: List[HeaderBuffer]
    zone_users: List[ZoneUser]
