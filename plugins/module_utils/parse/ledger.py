# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What was tried on this host. change/ledger.py writes it."""

import json
from typing import TYPE_CHECKING, List, Optional

if TYPE_CHECKING:
    from ...plugin_utils.shapes.record import Attempt

VERSION = 1
_FIELDS = (("at", (int, float)), ("action", str), ("target", str), ("result", str))


def entries(text: str) -> "Optional[List[Attempt]]":
    """None when this is not a ledger."""
    try:
        ledger = json.loads(text)
    except ValueError:
        return None
    found = ledger.get("entries") if isinstance(ledger, dict) and ledger.get("version") == VERSION else None
    if not isinstance(found, list):
        return None
    sound = all(
        isinstance(entry, dict) and all(isinstance(entry.get(name), kind) for name, kind in _FIELDS)
        for entry in found
    )
    return found if sound else None
