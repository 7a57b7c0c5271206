# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What may pass from a host into the report: plain types, in bounds, without control characters. A host may be hostile."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

MAX_TEXT = 1000
MAX_ITEMS = 200
MAX_DEPTH = 6

_ID = re.compile(r"[a-z][a-z0-9_]{0,63}\Z")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def plain(value: Any, depth: int = MAX_DEPTH) -> Any:
    """JSON data of plain types, texts and lists cut to their limits."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value) if abs(value) < 1e300 else None
    if isinstance(value, str):
        return text(value)
    if depth and isinstance(value, Mapping):
        return {text(key)[:100]: plain(item, depth - 1) for key, item in list(value.items())[:MAX_ITEMS]}
    if depth and isinstance(value, list | tuple):
        return [plain(item, depth - 1) for item in value[:MAX_ITEMS]]
    return None


def text(value: Any) -> str:
    """``value`` as a bounded string of the plain type: slicing through ``str`` sheds the engine's own kinds of string.

    Control characters go: whoever prints a text of the report must not be at the mercy of what it does to a terminal.
    """
    return _CONTROL.sub("?", str.__getitem__(value if isinstance(value, str) else str(value), slice(MAX_TEXT)))


def number(value: Any) -> int | float | None:
    return plain(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def optional(value: Any) -> str | None:
    return text(value) if isinstance(value, str) else None


def identifier(value: Any) -> str | None:
    return text(value) if isinstance(value, str) and _ID.match(value) else None


def choice(value: Any, choices: Sequence[str], otherwise: str) -> str:
    """``value`` where it is one of the choices, of the plain type."""
    return next((one for one in choices if one == value), otherwise)


def dicts(value: Any) -> list[Mapping[str, Any]]:
    return [item for item in value[:MAX_ITEMS] if isinstance(item, Mapping)] if isinstance(value, list | tuple) else []


def texts(value: Any) -> list[str]:
    return [text(item) for item in value[:MAX_ITEMS] if isinstance(item, str)] if isinstance(value, list | tuple) else []
