# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The last error in the logs of PHP itself that pools name. Enterprise Linux names one, and nginx then
hears of none.
"""

import re
from typing import TYPE_CHECKING, List

from ..parse.redact import redact
from .host import Host
from .log_window import tail

if TYPE_CHECKING:
    from ...plugin_utils.shapes.logs import PhpError
    from ...plugin_utils.shapes.snapshot import Snapshot

TAIL = 64 * 1024  # bytes of a log
MOST_LOGS = 8
# main.c, php_error_cb(): the names of E_ERROR and its kin. An uncaught exception is a fatal error.
_ERROR = re.compile(rb"^\[[^\]\n]{10,60}\] (PHP (?:Fatal|Parse) error:  .{1,2000})$", re.M)


def php_errors(host: Host, snapshot: "Snapshot", since: float) -> List["PhpError"]:
    """since: epoch seconds. The times in such a log are of PHP's own time zone: the file's time counts."""
    found: List[PhpError] = []
    for master in snapshot["fpm"]["masters"]:
        for pool in master["pools"]:
            path = pool.get("php_log")
            if not path or pool["chroot"] or len(found) == MOST_LOGS:
                continue
            errors = _ERROR.findall(tail(host, path, TAIL, since))
            if errors:
                text = redact(errors[-1].decode("utf-8", "replace"))
                found.append({"pool": pool["name"], "config": master["config"], "path": path, "text": text})
    return found
