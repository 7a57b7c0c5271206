# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whose files were changed: of which sites, or of all."""

from typing import TYPE_CHECKING, Dict, List, Mapping, Set

from .conf import Conf, every
from .routes import server_names, site_name
from .served import servers

if TYPE_CHECKING:
    from ....plugin_utils.shapes.nginx import FileChange

MOST_FILES = 50
MOST_SITES = 50  # of one file; a file of more is everybody's


def changes(conf: Conf, main: str, times: Mapping[str, float]) -> "List[FileChange]":
    """The newest first. main: the file with which nginx begins. times: epoch seconds, by path.

    Where there are more, the last one stands for them, and is for all.
    """
    newest = sorted(times, key=lambda path: -times[path])[: MOST_FILES + 1]
    wanted = set(newest[:MOST_FILES]) - {main}
    sites: Dict[str, Set[str]] = {path: set() for path in newest}
    for _http, server in servers(conf):
        block = server.block or []
        files = {server.file, *(directive.file for directive in every(block))}
        for path in files & wanted:
            sites[path].add(site_name(server_names(block)))
    return [
        {
            "path": path,
            "at": times[path],
            "sites": sorted(sites[path]) if len(sites[path]) <= MOST_SITES else [],
        }
        for path in newest
    ]
