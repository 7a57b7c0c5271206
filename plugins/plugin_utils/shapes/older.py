# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An nginx that runs with an older configuration than its files."""

from typing import Dict, Optional

from .endpoint import Endpoint
from .shape import TypedDict


class Refusal11(TypedDict, total=False):
    """Not in snapshots from before 0.11.0."""

    outside: str  # nginx's files are in order: who holds its address, or where its pid file is; "": unknown


class Refusal(Refusal11):
    """What keeps nginx from loading its files."""

    at: Optional[float]  # epoch seconds: when nginx said so; None: it was read in the files
    text: str  # in nginx's own words
    log: Optional[str]  # path of the log where nginx said so
    file: str  # of the configuration
    line: int


class Older(TypedDict):
    """Looked at where nginx dials what its files do not name, or where they were changed since."""

    endpoints: Dict[str, Endpoint]  # that running workers dial and no file names, by endpoint
    refusal: Optional[Refusal]
