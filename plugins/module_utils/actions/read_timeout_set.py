# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A longer `fastcgi_read_timeout` in one location.

At worst: a slow script holds its worker longer, and the pool is full sooner.

It is longer than the time after which php-fpm itself ends a request.
"""

from typing import NamedTuple

from ..edit.nginx_text import set_beside
from ..work.action import NGINX, Action
from ..work.step import Refusal, Step
from .steps import nginx_step, text_of
from .view import View

# High: only log lines and one look at the workers call for it. Once: a script that is too slow for the longer
# timeout needs another cure.
ACTION = Action(
    "read_timeout_set",
    risk="high",
    reversible=True,
    disruption="reload",
    reloads=NGINX,
    one_place=("file", "line"),
    once=True,
)
READS = ("{file}",)
DEFAULT = 60  # nginx's own
MOST_SECONDS = 300  # nobody waits longer for a page; such work belongs in a queue
MARGIN = 5  # php-fpm must end the request first, else no log says why


class Arguments(NamedTuple):
    file: str
    line: int  # of the fastcgi_pass
    location: str  # as it is written there
    site: str  # first server_name
    seconds: float  # the timeout that is in force
    terminate: float = 0.0  # request_terminate_timeout in seconds, 0: none


def seconds(now: float, terminate: float) -> int:
    """The new timeout: just beyond request_terminate_timeout, if set; else twice the old one, at least
    nginx's default.
    """
    wanted = terminate + MARGIN if terminate else max(DEFAULT, now * 2)
    if wanted <= now:
        raise Refusal(
            "fastcgi_read_timeout of %g s is beyond request_terminate_timeout of %g s already"
            % (now, terminate)
        )
    if wanted > MOST_SECONDS:
        raise Refusal(
            "a script that needs more than %g s (at most %d s are set by a machine) belongs in a queue, not "
            "in a request" % (now, MOST_SECONDS)
        )
    return int(wanted)


def resolve(view: View, arguments: Arguments) -> Step:
    wanted = "%ds" % seconds(arguments.seconds, arguments.terminate)
    text = text_of(view, arguments.file)
    after = set_beside(text, arguments.line, "fastcgi_pass", "fastcgi_read_timeout", [wanted])
    return nginx_step(view, ACTION.id, arguments.file, after)
