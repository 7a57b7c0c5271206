# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The line by which the role site knows the files that it wrote."""

import re
from typing import Optional

_MARK = re.compile(
    r"^[#;] Written by webmedic\.php_fpm, role site, for site ([a-z][a-z0-9_-]{0,31})\.$", re.M
)
_HEAD = 400  # characters


def site_of_text(text: Optional[str]) -> Optional[str]:
    """The site that a file was written for; None: not by the role."""
    mark = _MARK.search((text or "")[:_HEAD])
    return mark.group(1) if mark else None
