# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The mode that php-fpm gives to a pool's socket."""

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ....plugin_utils.shapes.php_fpm import Pool

_OTHER = re.compile("[^0-7]")


def mode_of(pool: "Pool") -> int:
    """What is no octal digit ends the number, as for strtoul(): fpm_unix_resolve_socket_permissions()."""
    return int(_OTHER.split("0" + pool["listen_mode"], 1)[0], 8)
