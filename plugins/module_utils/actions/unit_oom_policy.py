# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A drop-in: one worker killed for memory does not stop php-fpm; php-fpm comes back after a failure.

At worst: a php-fpm that fails again and again is started again and again, until systemd's start limit.
"""

from typing import NamedTuple

from ..work.action import Action
from ..work.step import Change, Command, Step, as_bytes
from .view import View

ACTION = Action("unit_oom_policy", risk="medium", reversible=True, disruption="none", together=("unit",))
DROP_IN = "/etc/systemd/system/{unit}.d/50-webmedic.conf"
READS = (DROP_IN,)
TEXT = (
    "# Written by webmedic.php_fpm. "
    "By default systemd stops the whole unit when the OOM killer takes one of its processes.\n"
    "[Service]\nOOMPolicy=continue\nRestart=on-failure\n"
)


class Arguments(NamedTuple):
    unit: str  # that starts php-fpm


def resolve(view: View, arguments: Arguments) -> Step:
    path = DROP_IN.format(unit=arguments.unit)
    before = view.files.read(path)
    if before == TEXT:
        return Step(ACTION.id, arguments.unit, [], [], [])
    change = Change(path, None if before is None else as_bytes(before), as_bytes(TEXT), 0o644)
    reload = ["systemctl", "daemon-reload"]
    return Step(ACTION.id, arguments.unit, [change], [], [Command(reload, [reload])])
