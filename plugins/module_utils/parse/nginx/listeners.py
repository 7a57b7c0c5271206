# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which server block of nginx answers a request at a listener, for a name: ngx_http_find_virtual_server()."""

import re
from typing import Dict, List, Optional, Sequence, Tuple

from .listen import Target, is_default, targets
from .served import Block

# Written without an address, or with the one that means all.
_EVERY = re.compile(r"(?:\*:|0\.0\.0\.0:|\[::\]:)?\d+(?:-\d+)?\Z|\*\Z|0\.0\.0\.0\Z|\[::\]\Z")


def doors_of(block: Block) -> List[Target]:
    """The addresses at which the block can be asked on this host, the best one first."""
    return [target._replace(tls=target.tls or block.tls) for target in targets(block.listen)]


class Listeners:
    """All server blocks by where they are asked."""

    def __init__(self, every: Sequence[Block]) -> None:
        self.at: Dict[Tuple[str, str, int], List[Tuple[Block, str]]] = {}
        for block in every:
            for written in block.listen or ["80"]:
                for target in targets([written])[:1]:
                    self.at.setdefault(_address(target), []).append((block, written))

    def answering(self, target: Target, name: str) -> Optional[Block]:
        """name: a plain host name. None where that is not known: two regular expressions may match."""
        here = self.at.get(_address(target), [])
        # nginx binds the address itself beside the one that means all: only that one is reached.
        own = [row for row in here if not _EVERY.match(row[1].split(" ")[0])] or here
        members = [block for block, _written in own]
        exact = next((block for block in members if name in map(str.lower, block.names)), None)
        if exact or not members:
            return exact
        wild = [(len(each), block) for block in members for each in block.names if _wildcard(each, name)]
        if wild:
            return max(wild, key=lambda pair: pair[0])[1]
        if any(each.startswith("~") for block in members for each in block.names):
            return None
        marked = (block for block, written in own if is_default(written.split()))
        return next(marked, members[0])


def _address(target: Target) -> Tuple[str, str, int]:
    return target.family, target.address, target.port


def _wildcard(written: str, name: str) -> bool:
    written = written.lower()
    if written.startswith("*."):
        return name.endswith(written[1:])
    if written.startswith("."):
        return name == written[1:] or name.endswith(written)
    return written.endswith(".*") and name.startswith(written[:-1])
