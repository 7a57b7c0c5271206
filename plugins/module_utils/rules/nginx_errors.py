# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What nginx answers 500 to by itself, or cuts off, without a fault of php-fpm: its own log alone tells."""

from typing import TYPE_CHECKING, List

from ..signatures.lookup import meaning_of, meanings
from ..signatures.nginx import CYCLES, LIMITED, OWN_ERRORS, UNWRITABLE
from .invalid_response import CAUSE as INVALID
from .lost_requests import NGINX_LIMIT, OWN
from .model import Cause, Match
from .upstream_unresolvable import CAUSE as UNRESOLVABLE
from .upstream_unresolvable import examine_host

if TYPE_CHECKING:
    from ...plugin_utils.shapes.snapshot import Snapshot

CYCLE = Cause("redirect_cycle", severity="warning")
TEMP = Cause("temp_dir_unwritable", severity="warning")
CAUSES = (CYCLE, TEMP, NGINX_LIMIT, UNRESOLVABLE, OWN, INVALID)
HANDLED = (CYCLES | UNWRITABLE | OWN_ERRORS | LIMITED).union(
    meanings("no_resource", "turned_away", "nginx_crashed")
)


def examine(snapshot: "Snapshot") -> List[Match]:
    matches: List[Match] = []
    logs = snapshot["logs"]
    if logs.get("gone_roots") or any(
        meaning_of(event) in HANDLED or event.get("caught") for event in logs["events"]
    ):
        from .nginx_error_reasons import reasons

        matches = reasons(snapshot)
    if any("://" in (event["endpoint"] or "") for event in snapshot["logs"]["events"]):
        from .http_to_fpm import http_to_fpm

        matches += http_to_fpm(snapshot)
    return matches + examine_host(snapshot)
