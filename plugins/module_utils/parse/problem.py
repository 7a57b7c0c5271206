# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A problem of a configuration, as it goes from the parser that finds it to the rule that judges it."""

from typing import NamedTuple


class Problem(NamedTuple):
    """kind: see parse/php_fpm/problems.py, and nginx's beside it. line: from 1, 0 for the file as a whole.
    text: in the program's own words.
    """

    kind: str
    file: str
    line: int
    text: str
