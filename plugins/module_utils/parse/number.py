# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Numbers in a text that anybody may have written."""

import re
from typing import Optional

# Few enough digits for a float, for JSON, and for int(), which refuses 5,000 of them.
_NUMBER = re.compile(r"-?[0-9]{1,18}\Z")
_SIZE = re.compile(r"^([0-9]{1,18})([KMG]?)$", re.I)
MIB = 1 << 20
_SCALE = {"": 1, "K": 1 << 10, "M": MIB, "G": 1 << 30}


def number(text: Optional[str]) -> Optional[int]:
    """None for all but a whole number: str.isdigit() takes "²", int() does not."""
    return int(text) if text and _NUMBER.match(text) else None


def count(text: Optional[str]) -> Optional[int]:
    """None for all but a whole number from 0."""
    return None if text and text.startswith("-") else number(text)


def to_bytes(text: Optional[str]) -> Optional[int]:
    """Bytes of PHP's shorthand. None: no limit (-1), none set, or not readable."""
    match = _SIZE.match(text or "")
    return int(match.group(1)) * _SCALE[match.group(2).upper()] if match else None
