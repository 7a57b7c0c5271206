# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A drop-in that keeps one OOM-killed worker from stopping all of php-fpm: OOMPolicy=continue, and
Restart=on-failure for the rest.
"""

from typing import Any, Dict

from ..verdict.step import Change, Command, Step
from .view import View, encode

DROP_IN = "/etc/systemd/system/%s.d/50-webmedic.conf"
TEXT = """\
# Written by webmedic.php_fpm. By default systemd stops the whole unit when the OOM killer takes one of its processes.
[Service]
OOMPolicy=continue
Restart=on-failure
"""


def resolve(view: View, arguments: Dict[str, Any]) -> Step:
    path = DROP_IN % arguments["unit"]
    before = view.read(path)
    changes = (
        []
        if before == TEXT
        else [Change(path, None if before is None else encode(before), encode(TEXT), 0o644)]
    )
    reload = ["systemctl", "daemon-reload"]
    return Step(
        "unit_oom_policy", arguments["unit"], changes, [], [Command(reload, [reload])] if changes else []
    )
