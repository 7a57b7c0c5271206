# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a parser gets at files: its caller reads them."""

from typing import Callable, List, Optional


class NotOpened(Exception):
    """Why the program itself cannot, in its own words."""


# A path -> its text, None for what only we cannot read. Raises NotOpened.
Read = Callable[[str], Optional[str]]
# A pattern -> the paths that it matches, in order. Raises NotOpened.
Expand = Callable[[str], List[str]]
