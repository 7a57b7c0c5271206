# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The addresses of this host."""

import re
import socket
import struct
from typing import List, Tuple

from ...parse.endpoint import is_loopback
from ..host import Host


def addresses(host: Host) -> List[str]:
    """The addresses of this host, without those that nobody else reaches."""
    found: List[str] = []
    trie = (host.text("/proc/net/fib_trie") or "").split("\n")
    for number, row in enumerate(trie):
        match = re.search(r"\|-- (\d+\.\d+\.\d+\.\d+)", row)
        if match and "/32 host LOCAL" in " ".join(trie[number + 1 : number + 2]):
            found.append(match.group(1))
    for row in (host.text("/proc/net/if_inet6") or "").split("\n"):
        fields = row.split()
        if len(fields) == 6 and len(fields[0]) == 32 and fields[3] != "10":  # 10: this host's own
            try:
                found.append(socket.inet_ntop(socket.AF_INET6, struct.pack("!QQ", *_halves(fields[0]))))
            except ValueError:
                continue
    return [each for each in dict.fromkeys(found) if not is_loopback(each)]


def _halves(text: str) -> Tuple[int, int]:
    return int(text[:16], 16), int(text[16:], 16)
