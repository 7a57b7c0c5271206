# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the unix sockets that nginx dials through symbolic links really are."""

from typing import TYPE_CHECKING, Dict, Sequence

from ...parse.endpoint import canonical
from ..host import Host

if TYPE_CHECKING:
    from ....plugin_utils.shapes.nginx import Route


def real_paths(host: Host, routes: Sequence["Route"]) -> Dict[str, str]:
    """{endpoint: endpoint of the file that its path leads to}, of those whose path has a symbolic link."""
    keys = dict.fromkeys(target["endpoint"] for route in routes for target in route["endpoints"])
    sockets = {key: canonical("unix:" + host.realpath(key[5:])) for key in keys if key.startswith("unix:")}
    return {key: real for key, real in sockets.items() if real != key}
