# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Regular expressions that may take for ever."""

import re

# Of a pattern: what is escaped, a class, the begin of a group, its end, a choice, how often.
_PIECE = re.compile(
    r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\((?:\?(?:<?[=!]|P?<\w+>|[\w-]*:))?|[)|*+?]|\{\d*,?\d*\}"
)


def is_nested(pattern: str) -> bool:
    """Whether a group is repeated that takes a text in several ways: each letter may double the time."""
    open_groups, closed = [False], (-1, False)
    for piece in _PIECE.finditer(pattern):
        text = piece.group()
        if text[0] == "(":
            open_groups.append(False)
        elif text == ")" and len(open_groups) > 1:
            closed = (piece.end(), open_groups.pop())
            open_groups[-1] |= closed[1]
        elif text[0] in "|*+?{":
            if text[0] in "*+{" and closed == (piece.start(), True):
                return True
            open_groups[-1] = True
    return False
