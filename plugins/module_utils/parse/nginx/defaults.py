# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who answers for names that no server has: at each address the one marked so, else the first of all."""

import re
from typing import Dict

from ..endpoint import canonical
from .conf import Conf, every, named

_PORT = re.compile(r"(?:^|:)\d+$")


def default_files(conf: Conf) -> Dict[str, str]:
    """{address: file of its default server}."""
    first: Dict[str, str] = {}
    marked: Dict[str, str] = {}
    for block in every(conf.directives):
        if block.name != "server" or block.block is None:
            continue
        for line in named(block.block, "listen"):
            where = line.args[0] if line.args else "80"
            if where.startswith("unix:"):
                continue
            key = canonical(where if _PORT.search(where) else where + ":80")
            first.setdefault(key, block.file)
            if "default_server" in line.args or "default" in line.args:
                marked[key] = block.file
    return {**first, **marked}
