# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The configurations that root must not load."""

from typing import TYPE_CHECKING, Optional, Union

if TYPE_CHECKING:
    from ...plugin_utils.shapes.nginx import Nginx
    from ...plugin_utils.shapes.php_fpm import Master


def load_refusal(program: "Union[Nginx, Master]") -> Optional[str]:
    """Why nothing of the snapshot's nginx, or of a master, is tried or loaded as root, else None."""
    if program.get("account"):
        return "%s is %s's own" % (program["config"], program["account"])
    writable = program.get("writable")
    return "%s can write %s" % (writable["who"], writable["path"]) if writable else None
