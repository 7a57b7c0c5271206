# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Let nginx dial where the site's pool listens: in fastcgi_pass, in the upstream's server, or in the include
that holds either.
"""

from typing import Any, Dict

from ..edit.nginx_text import set_address_at
from ..parse.endpoint import dialled_at, parse
from ..verdict.step import Step
from .view import View, nginx_step


def address(endpoint: str) -> str:
    """An endpoint as nginx dials it: a pool that listens on every address is dialled on loopback."""
    place = parse(endpoint)
    listens = place.address or ""
    dialled = dialled_at(listens)
    if dialled == listens:
        return endpoint
    return "%s:%s" % ("[%s]" % dialled if ":" in dialled else dialled, place.port)


def resolve(view: View, arguments: Dict[str, Any]) -> Step:
    to = address(arguments["to"])
    return nginx_step(
        view,
        "fastcgi_pass_repoint",
        arguments["file"],
        lambda text: set_address_at(
            text, arguments["line"], ("fastcgi_pass", "server"), arguments["from"], to
        ),
    )
