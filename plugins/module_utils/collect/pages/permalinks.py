# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Pages that are no files, of applications whose front page makes them, and nginx answers 404 itself."""

from typing import TYPE_CHECKING, Optional

from ...parse.nginx.conf import Directive
from ..host import Host
from .front_pages import Way

if TYPE_CHECKING:
    from ....plugin_utils.shapes.nginx import Front

KIND = "permalinks"
# Of WordPress, Laravel and Symfony, beside or above the front page.
MARKS = ("/wp-load.php", "/../artisan", "/../bin/console")


def permalinks(host: Host, prefix: str, http: Directive, server: Directive, uri: str) -> "Optional[Front]":
    """uri: of a page that visitors missed."""
    way = Way(host, prefix, http, server, uri)
    names = way.tries[0].args if way.tries else ["=404"]
    pages = [each for each in way.near("error_page") if "404" in each.args]
    if not way.known or way.passes or pages or names[-1] != "=404" or any(".php" in name for name in names):
        return None
    at = way.near("root", "alias")
    root = way.root(at)
    if "$" in root or (at and at[-1].name == "alias") or host.type_of(root + uri) is not None:
        return None
    front = host.type_of(root + "/index.php") == "file" and Way(host, prefix, http, server, "/index.php")
    if not front or not front.passes or not any(host.type_of(root + mark) == "file" for mark in MARKS):
        return None
    return way.front(KIND, way.tries[0] if way.tries else way.blocks[-1], root + uri)
