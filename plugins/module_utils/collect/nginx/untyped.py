# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Visitors of a page who get its styles as something else."""

import re
from typing import TYPE_CHECKING

from ...parse.nginx.conf import Conf
from ...parse.nginx.untyped import untyped
from ..host import Host
from ..logs.log_window import PAGES_TAIL, tail

if TYPE_CHECKING:
    from ....plugin_utils.shapes.nginx import Nginx

FEWEST = 3  # requests
# Of a page of the site: strangers name none.
_STYLE = r'\.css(?:\?[^" ]{0,99})? HTTP/[\d.]+" (?:200|304) \d+ "https?://(?:%s)[/:"]'
_WORDS = (
    "%s: nginx sends styles as no text/css, so that browsers take none: the types block at %s:%s stands in "
    "place of all others. Write `include mime.types;` beside it"
)


def note_untyped(host: Host, nginx: "Nginx", conf: Conf) -> None:
    for names, types in untyped(conf):
        requests = re.compile((_STYLE % "|".join(map(re.escape, names))).encode("utf-8"))
        sites = [site for site in nginx.get("site_logs") or [] if names[0] in site["names"]]
        logs = [path for site in sites for log in site["access"] for path in log["paths"]]
        if any(len(requests.findall(tail(host, log, PAGES_TAIL))) >= FEWEST for log in dict.fromkeys(logs)):
            host.miss("assets", types.file, _WORDS % (names[0], types.file, types.line))
