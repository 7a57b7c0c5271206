# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What earlyoom logs of the processes that it ended: oom_info alone shows it."""

import re
from typing import TYPE_CHECKING, Iterable, List

from ..redact import redact
from ..timestamps import JournalLine
from ..titles import program_of

if TYPE_CHECKING:
    from ....plugin_utils.shapes.memory import EarlyKill

_EARLYOOM = re.compile(
    r"sending SIG(?:TERM|KILL) to process (\d{1,10})(?: uid \d+)? \"([^\"]{1,16})\": ", re.A
)


def early_kills(lines: Iterable[JournalLine]) -> List["EarlyKill"]:
    """Kills that earlyoom logs in the journal."""
    matches = [
        (at, text, _EARLYOOM.match(text)) for at, identifier, text in lines if identifier == "earlyoom"
    ]
    return [
        {
            "at": at,
            "pid": int(match.group(1)),
            "comm": match.group(2),
            "fpm": program_of(match.group(2)) == "php-fpm",
            "text": redact(text),
        }
        for at, text, match in matches
        if match
    ]
