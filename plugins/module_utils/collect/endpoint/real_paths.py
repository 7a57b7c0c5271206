# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the unix sockets that nginx dials through symbolic links really are."""

from typing import TYPE_CHECKING, Dict, Sequence

from ...parse.endpoint import canonical
from ..host import Host

if TYPE_CHECKING:
    from ....plugin_utils.shapes.nginx import Route


def real_paths(host: Host, found: Sequence["Route"]) -> Dict[str, str]:
    """{endpoint: endpoint of the file that its path leads to}, of those unix sockets that are dialled through
    a symbolic link.
    """
    keys = dict.fromkeys(
        one["endpoint"]
        for route in found
        for one in route["endpoints"]
        if one["endpoint"].startswith("unix:")
    )
    led = {key: canonical("unix:" + host.realpath(key[5:])) for key in keys}
    return {key: target for key, target in led.items() if target != key}
