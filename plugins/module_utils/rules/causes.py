# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""All causes that a finding can have."""

from .lost_requests import ROWS
from .registry import RULES

CAUSES = tuple(
    dict.fromkeys(
        [cause for cause, _examine in RULES if cause != "lost_requests"]
        + [row.cause for row in ROWS]
        + ["client_not_allowed", "writable_config"]
    )
)
