# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sites that listen at any address, where others have all addresses of this host."""

import re
from typing import Dict, Iterator, List, Sequence, Tuple

from .conf import Conf, Directive, every, named
from .listen import bound_at
from .routes import server_names
from .served import servers

_NO_HOST = re.compile(r"[*~_!@-]|\Z")  # how a server_name may begin, and no host's
_ALL = "*"
_OUTDONE = (
    "%s:%s: nobody but this host gets to %s: it listens at any address with port %s, and %s:%s at %s:%s, so "
    "that nginx gives all who come there to that server block. Write the same address in both listens"
)


def _ports(conf: Conf) -> Dict[str, Dict[str, List[Directive]]]:
    """Server blocks by port and address."""
    found: Dict[str, Dict[str, List[Directive]]] = {}
    for _http, server in servers(conf):
        written = [" ".join(each.args) for each in named(server.block or [], "listen")]
        for bound in [each for words in written or ["80"] for each in bound_at(words)]:
            address, _colon, port = bound.rpartition(":")
            found.setdefault(port, {}).setdefault(address, []).append(server)
    return found


def outdone(conf: Conf, own: Sequence[str]) -> Iterator[Tuple[str, str]]:
    """(file, words). Of an address of its own nginx asks the server blocks of that one alone. own: the
    addresses of this host.
    """
    for port, addresses in _ports(conf).items():
        if not own or not all(address in addresses for address in own):
            continue
        those = [server for address in own for server in addresses[address]]
        taken = [name for server in those for name in server_names(server.block or [])]
        passed_on = any(each.name == "proxy_pass" for server in those for each in every(server.block or []))
        if passed_on or any(name[:1] in ("*", "~", ".", "$") for name in taken):
            continue  # a front may go on to the others
        for server in addresses.get(_ALL, []):
            names = [name for name in server_names(server.block or []) if not _NO_HOST.match(name)]
            if names and not set(names).intersection(taken):
                other = (those[0].file, those[0].line, own[0], port)
                yield server.file, _OUTDONE % (server.file, server.line, names[0], port, *other)
