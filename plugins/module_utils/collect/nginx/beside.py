# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is beside nginx and its files: other masters, and files that it does not include."""

import posixpath
from typing import TYPE_CHECKING, Optional, Sequence, Tuple

from ..host import Host
from ..linux.processes import Process
from .nginx_files import Reading

if TYPE_CHECKING:
    from ....plugin_utils.shapes.nginx import Nginx


def note_beside(
    host: Host,
    nginx: "Nginx",
    reading: Reading,
    others: Sequence[Tuple[Process, Reading]],
    procs: Sequence[Process],
    since: Optional[float],
) -> None:
    """reading: of nginx's own files. others: masters with other files. since: see miss_other()."""
    config = nginx["config"] or ""
    for other, its in others:
        from .other_nginx import miss_other

        miss_other(host, other, its, nginx["routes"], procs, since)
    if reading.conf.errors:
        return
    enabled = posixpath.dirname(config) + "/sites-enabled/"
    if not nginx["routes"]:
        from .left_out import miss_left_out

        miss_left_out(host, procs, config, reading)
    elif any(enabled + name not in reading.changes for name in host.names(enabled)):
        from .left_out import note_left_out

        note_left_out(host, config, reading)
