# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the documentation is on the web. A test holds the address equal to galaxy.yml's."""

from __future__ import annotations

import re

from .catalogue.catalogue import DOC_PAGE

PAGES = "https://github.com/webmedic/webmedic.php_fpm/blob/main/"
_ADDRESS = re.compile(re.escape(PAGES + DOC_PAGE) + r"(?:#[\w-]+)?", re.ASCII)


def url(doc: str) -> str:
    """The address of a page of the documentation, named as a finding's ``doc`` names it."""
    return PAGES + doc


def clickable(line: str) -> str:
    """A line in which the addresses of the documentation are links (OSC 8). Nothing else becomes one."""
    return _ADDRESS.sub(
        lambda found: "\x1b]8;;%s\x1b\\%s\x1b]8;;\x1b\\" % (found.group(), found.group()), line
    )
