# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What one php-fpm on the host consists of."""

from typing import NamedTuple, Optional

from ..host import Host
from ..linux.processes import Process
from .layouts import Layout

SCRIPTS = "/etc/init.d"


class Installation(NamedTuple):
    """A configuration of php-fpm with what belongs to it."""

    layout: Layout
    binary: Optional[str]  # path
    process: Optional[Process]  # the master, None: it does not run
    unit: Optional[str]


def exists(host: Host, path: str) -> bool:
    return host.type_of(path) == "file" or not (host.type_of(path) or host.lacks(path))
