# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who answers for names that no server has: at each address the one marked so, else the first of all."""

from typing import Dict

from .conf import Conf
from .listen import bound_at, is_default
from .served import blocks


def default_files(conf: Conf) -> Dict[str, str]:
    """{address: file of its default server}."""
    first: Dict[str, str] = {}
    marked: Dict[str, str] = {}
    for block in blocks(conf):
        for written in block.listen or ["80"]:
            # A name is not looked up, and UDP is a place of its own.
            for key in bound_at(written) or written.split()[:1]:
                if not key.startswith("unix:"):
                    first.setdefault(key, block.file)
                    if is_default(written.split()):
                        marked[key] = block.file
    return {**first, **marked}
