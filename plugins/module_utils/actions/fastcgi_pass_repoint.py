# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lets nginx dial where the site's own pool listens.

At worst: requests reach a pool that you did not mean: it must run as the owner of the site's files.

The address is changed where it stands: in fastcgi_pass, in the upstream's server, or in the include with
either.
"""

from typing import NamedTuple

from ..edit.nginx_text import set_address_at
from ..parse.endpoint import dialled_at, parse
from ..work.action import NGINX, Action
from ..work.step import Step
from .steps import nginx_step, text_of
from .view import View

ACTION = Action(
    "fastcgi_pass_repoint",
    risk="medium",
    reversible=True,
    disruption="reload",
    reloads=NGINX,
    one_place=("file", "line"),
)
READS = ("{file}",)


class Arguments(NamedTuple):
    file: str
    line: int  # of the directive
    from_: str  # address as it is written there
    to: str  # the pool's endpoint


def address(endpoint: str) -> str:
    """An endpoint as nginx dials it: a pool that listens on every address is dialled on loopback."""
    place = parse(endpoint)
    listens = place.address or ""
    dialled = dialled_at(listens)
    if dialled == listens:
        return endpoint
    return "%s:%s" % ("[%s]" % dialled if ":" in dialled else dialled, place.port)


def resolve(view: View, arguments: Arguments) -> Step:
    after = set_address_at(
        text_of(view, arguments.file),
        arguments.line,
        ("fastcgi_pass", "server"),
        arguments.from_,
        address(arguments.to),
    )
    return nginx_step(view, ACTION.id, arguments.file, after)
