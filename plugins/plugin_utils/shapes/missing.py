# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What could not be seen."""

from typing import Optional

from .shape import TypedDict


class Missing(TypedDict):
    """What could not be seen."""

    what: str  # id
    path: Optional[str]
    why: str
    needs: Optional[str]  # what would let us see it
