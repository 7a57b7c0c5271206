# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a parser gets at the files of a configuration: whoever calls it reads them."""

from typing import Callable, List, Optional


class NotOpened(Exception):
    """Why the program itself cannot open a file or list a pattern, in its own words."""


# A path -> its text, None for what only we cannot read. Raises NotOpened.
Read = Callable[[str], Optional[str]]
# A pattern -> the paths that it matches, in order. Raises NotOpened.
Expand = Callable[[str], List[str]]
