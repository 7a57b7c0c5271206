# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A longer fastcgi_read_timeout in the one location whose script needs it, beyond what php-fpm itself would
end a request after.
"""

from typing import Any, Dict

from ..edit.nginx_text import set_beside
from ..verdict.step import Refusal, Step
from .view import View, nginx_step

DEFAULT = 60  # nginx's own
MOST = 300  # nobody waits longer for a page; such work belongs in a queue
MARGIN = 5  # php-fpm's end of a request has to come first, or nobody learns why


def seconds(now: float, terminate: float) -> int:
    """The new timeout: just beyond request_terminate_timeout where there is one, else nginx's default or
    twice what it was.
    """
    wanted = terminate + MARGIN if terminate else max(DEFAULT, now * 2)
    if wanted <= now:
        raise Refusal(
            "fastcgi_read_timeout of %g s is beyond request_terminate_timeout of %g s already"
            % (now, terminate)
        )
    if wanted > MOST:
        raise Refusal(
            "a script that needs more than %g s (at most %d s are set by a machine) belongs in a queue, not "
            "in a request" % (now, MOST)
        )
    return int(wanted)


def resolve(view: View, arguments: Dict[str, Any]) -> Step:
    wanted = "%ds" % seconds(arguments["seconds"], arguments.get("terminate") or 0.0)
    return nginx_step(
        view,
        "read_timeout_set",
        arguments["file"],
        lambda text: set_beside(text, arguments["line"], "fastcgi_pass", "fastcgi_read_timeout", [wanted]),
    )
