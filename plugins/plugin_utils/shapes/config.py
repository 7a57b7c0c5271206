# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What configurations of nginx and php-fpm have in common."""

from typing import Literal, Optional

from .shape import TypedDict

# Where a directive of nginx stands; default: nowhere.
Context = Literal["http", "server", "location", "if", "limit_except", "default"]


class ProblemKind(TypedDict, total=False):
    kind: str  # which of the known problems it is; snapshots before 0.5.0 lack it
    path: Optional[str]  # php-fpm's alone: what is missing or cannot be used; snapshots before 0.13.0 lack it
    account: str  # php-fpm's alone, and only where it is the user that is missing; not before 0.14.0


class ConfigProblem(ProblemKind):
    """What a daemon refuses in its configuration."""

    file: str  # path
    line: int  # 0: the whole file
    text: str  # in the daemon's own words


class Writable(TypedDict):
    """A part of what root loads that others than root can write."""

    path: str
    who: str  # user or group
