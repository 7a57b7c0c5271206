# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A site is its server block. Its name is no identity: 80 and 443 of one name, or two that are called _, are
two sites.
"""

from typing import Any, Dict, Iterable, List, Tuple

# file, line: where the block begins.
Site = Dict[str, Any]


def site_of(route: Dict[str, Any]) -> Site:
    """{name: the first server_name, listen: the first address, file, line}, as a finding's "servers" has it."""
    block = route.get("server") or {}
    listen = (route.get("listen") or ["80"])[0].split(" ")[0]
    return {
        "name": route["site"] or "default",
        "listen": listen,
        "file": block.get("file"),
        "line": block.get("line"),
    }


def place(site: Site) -> Tuple[Any, ...]:
    """What tells it from all others. A snapshot from before 0.4.0 does not tell where a block begins."""
    return (site["file"], site["line"]) if site["line"] else (site["name"], site["listen"])


def sites_of(routes: Iterable[Dict[str, Any]]) -> List[Site]:
    """Each site of these routes once, in their order."""
    return list({place(site): site for site in map(site_of, routes)}.values())
