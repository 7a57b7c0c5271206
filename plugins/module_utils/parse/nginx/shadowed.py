# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Server blocks that no request reaches, since another one has their name at the same address.

From ngx_http_server_names(): the first one read has the name. nginx only warns: conflicting server name "x"
on 0.0.0.0:80, ignored. A name is of one address and port: no names are shared between *:80 and 10.0.0.1:80.
"""

import posixpath
import re
from typing import Dict, Iterator, List, NamedTuple, Optional, Sequence, Set, Tuple

from .listen import bound_at
from .served import Block

MOST_PAIRS = 200

# Endings that packagers, editors and people give to a file that is put aside.
_ASIDE = re.compile(
    r"(?:~|,v|\.(?:bak|bkp|bck|back|backup|old|orig|save|saved|sav|copy|disabled|disable|off|dist|rej|new|tmp|swp"
    r"|dpkg-(?:old|dist|new|tmp|bak)|ucf-(?:old|dist|new)|rpm(?:new|save|orig))(?:[._-]?\d+)?"
    # A date, or a number behind the ending of a configuration.
    r"|\.(?:conf|vhost)[._-]\d{1,14}(?:[._:T-]\d+)*|[._-]\d{4}-?\d\d-?\d\d(?:[._:T-]?\d+)*)\Z",
    re.IGNORECASE,
)
# The same words inside of a name, which a site may have as well.
_PERHAPS = re.compile(
    r"(?:\A|[^a-z0-9])(?:bak|bkp|backup|old|orig|save|copy|kopie|copie|disabled)(?:\d*)(?=[^a-z]|\Z)"
    r"|\A#.*#\Z|\(\d+\)|\d{4}-?\d\d-?\d\d",
    re.IGNORECASE,
)


class Shadow(NamedTuple):
    """Two server blocks with one name at one address."""

    names: List[str]  # that the second one does not get; "": what no other name matches
    addresses: List[str]
    winner: Block
    loser: Block


def set_aside(path: str) -> Optional[bool]:
    """Whether a file's name says that it is a backup. None: it may be one."""
    name = posixpath.basename(path)
    if _ASIDE.search(name):
        return True
    return None if _PERHAPS.search(name) else False


def _keys(name: str) -> List[str]:
    """What a server_name takes: ".a" is "a" and "*.a" (ngx_hash_add_key)."""
    if name.startswith("~"):
        return [name]
    name = name.lower()
    return [name[1:], "*" + name] if name.startswith(".") else [name]


def _claims(block: Block) -> Iterator[Tuple[str, str, str]]:
    """(address, what is taken of it, name as written)"""
    for listen in block.listen or ["80"]:
        for address in bound_at(listen):
            for name in block.names:
                # $hostname is known to nginx alone.
                for key in _keys(name) if not name.startswith("$") else ():
                    yield address, key, name


def shadows(blocks: Sequence[Block]) -> List[Shadow]:
    """blocks: in the configuration's order."""
    taken: Dict[Tuple[str, str], Block] = {}
    pairs: Dict[Tuple[int, int], Shadow] = {}
    for number, block in enumerate(blocks):
        for address, key, name in _claims(block):
            first = taken.setdefault((address, key), block)
            if first is block or (first.file, first.line) == (block.file, block.line):
                continue
            pair = pairs.get((id(first), number))
            if pair is None:
                if len(pairs) >= MOST_PAIRS:
                    return list(pairs.values())
                pair = pairs[(id(first), number)] = Shadow([], [], first, block)
            if name not in pair.names:
                pair.names.append(name)
            if address not in pair.addresses:
                pair.addresses.append(address)
    return list(pairs.values())


def left_to(block: Block, shadowed: Sequence[Shadow]) -> Set[str]:
    """The names under which requests still reach a block, at one address at least."""
    lost = {
        (address, name)
        for shadow in shadowed
        if (shadow.loser.file, shadow.loser.line) == (block.file, block.line)
        for address in shadow.addresses
        for name in shadow.names
    }
    return {name for address, _key, name in _claims(block) if (address, name) not in lost}
