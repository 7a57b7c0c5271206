# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A site is its server block. Its name is no identity: 80 and 443 of one name, or two that are called _, are
two sites.
"""

from typing import TYPE_CHECKING, Iterable, List, Tuple, Union

if TYPE_CHECKING:
    from ....plugin_utils.shapes.finding import Site
    from ....plugin_utils.shapes.nginx import Route

# What tells a site from all others.
Place = Tuple[Union[str, int, None], ...]


def site_of(route: "Route") -> "Site":
    """The site of a route, as a finding's "servers" has it."""
    block = route.get("server")
    listen = (route["listen"] or ["80"])[0].split(" ")[0]
    return {
        "name": route["site"] or "default",
        "listen": listen,
        "file": block["file"] if block else None,
        "line": block["line"] if block else None,
    }


def place(site: "Site") -> Place:
    """A snapshot from before 0.4.0 does not tell where a block begins."""
    return (site["file"], site["line"]) if site["line"] else (site["name"], site["listen"])


def sites_of(routes: Iterable["Route"]) -> List["Site"]:
    """Each site of these routes once, in their order."""
    return list({place(site): site for site in map(site_of, routes)}.values())
