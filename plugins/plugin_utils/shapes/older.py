# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An nginx that runs with an older configuration than its files."""

from typing import Dict, List, Optional

from .endpoint import Endpoint, Listener
from .shape import TypedDict


class PidFile(TypedDict):
    """That did not come, so that systemd gave up the start of a unit."""

    unit: str
    awaited: str  # path: PIDFile= of the unit
    written: Optional[str]  # path of nginx's own; None: the same


class KnownRefusal(TypedDict, total=False):
    kind: str  # parse/nginx/refused.py; where the text does not tell what is wrong; not before 0.19.0


class LaterRefusal(KnownRefusal, total=False):
    """Only where nginx's files are in order, or may be; not in snapshots from before 0.12.0."""

    changed: bool  # files came, went or were changed since a start failed with text; not before 0.19.0
    holders: Dict[str, List[Listener]]  # by the address, as an endpoint, that nginx could not bind
    left_over: List[str]  # of these, unix sockets at which nobody listens any more
    pid_file: PidFile
    masked: str  # the unit, which systemd starts for nobody
    unit: str  # of nginx: text is systemd's, or that of what it started; not before 0.16.0
    worker: bool  # each worker ends with it at its start; not before 0.16.0


class Refusal(LaterRefusal):
    """What keeps nginx from loading its files, or from its start."""

    at: Optional[float]  # epoch seconds: when nginx said so; None: it was read in the files
    text: str  # in nginx's own words, before 0.19.0 with ours behind them; "": it said nothing
    log: Optional[str]  # path of the log where nginx said so
    file: str  # of the configuration
    line: int


class LaterOlder(TypedDict, total=False):
    pid_file: str  # path of nginx's own, which does not name its master; not before 0.18.0


class Older(LaterOlder):
    """Looked at where nginx dials what its files do not name, or where they were changed since."""

    endpoints: Dict[str, Endpoint]  # that running workers dial and no file names, by endpoint
    refusal: Optional[Refusal]
