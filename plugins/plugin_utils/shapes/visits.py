# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How visitors fared with requests that had failed."""

from typing import List

from .shape import TypedDict


class LaterRevisit(TypedDict, total=False):
    """Not in snapshots from before 0.15.0."""

    alike: (
        bool  # it is all of one script or directory, of which each request failed: a visitor's or everybody's
    )


class Revisit(LaterRevisit):
    """A request that failed, with its query, and the same of these visitors; by an access log."""

    failed: int
    before: int  # answers until it failed last
    came: List[float]  # epoch seconds of answers since
    each: int  # how many answers each of these times stands for
