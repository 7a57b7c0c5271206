# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The mode that php-fpm gives to a pool's socket."""

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ....plugin_utils.shapes.php_fpm import Pool


def mode_of(pool: "Pool") -> int:
    """What is no octal digit ends it: strtoul() of fpm_unix_resolve_socket_permissions()."""
    return int(re.split("[^0-7]", "0" + pool["listen_mode"])[0], 8)
