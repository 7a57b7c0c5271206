# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sets `process_control_timeout`: a reload lets running requests end, for 10 s.

At worst: the first reload, which loads it, cuts the requests that run then. Later reloads hold new requests
in the queue until the running ones have ended, for 10 s at most.
"""

from typing import NamedTuple

from ..work.action import Action
from ..work.step import Refusal, Step
from .steps import pool_step
from .view import View, master_of

ACTION = Action("reload_grace_set", risk="medium", reversible=True, disruption="reload")
SECONDS = 10  # new requests wait as long for the last old one


class Arguments(NamedTuple):
    config: str  # of the master
    unit: str  # that starts php-fpm


def resolve(view: View, arguments: Arguments) -> Step:
    master = master_of(view, arguments.config)
    if master["process_control_timeout"]:
        raise Refusal("process_control_timeout is set already")
    settings = [("process_control_timeout", "%ds" % SECONDS)]
    return pool_step(view, ACTION.id, arguments.config, None, settings, "reload")
