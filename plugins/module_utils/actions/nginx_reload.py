# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reloads nginx, where it still dials what its files no longer name.

At worst: nginx itself cuts nothing: its old workers finish their requests.

Only the files that lead the site, and others with it, to the new place may wait to be loaded. Other edits are
left to a person.
"""

from typing import List, NamedTuple

from ..work.action import NGINX, Action
from ..work.step import Step
from .steps import nginx_trial, systemctl
from .view import View

ACTION = Action("nginx_reload", risk="medium", reversible=False, disruption="reload", reloads=NGINX)


class Arguments(NamedTuple):
    unit: str  # that starts nginx
    files: List[str]  # that lead the site elsewhere


def resolve(view: View, arguments: Arguments) -> Step:
    return Step(
        ACTION.id,
        arguments.unit,
        [],
        [nginx_trial(view.snapshot["nginx"])],
        [systemctl("reload", arguments.unit)],
        to_load=arguments.files,
    )
