# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where an endpoint is dialled: numeric addresses, and names by /etc/hosts alone."""

import socket
from typing import TYPE_CHECKING, Dict, List, Optional

from ...parse.endpoint import Endpoint, dialled_at
from ..host import Host, HostError
from .probe import Target

if TYPE_CHECKING:
    from ....plugin_utils.shapes.endpoint import NameSource


def hosts_file(host: Host) -> Dict[str, List[str]]:
    """/etc/hosts: name -> addresses."""
    hosts: Dict[str, List[str]] = {}
    for line in (host.text("/etc/hosts") or "").splitlines():
        fields = line.partition("#")[0].split()
        for name in fields[1:]:
            hosts.setdefault(name.lower(), []).append(fields[0])
    return hosts


def name_source(host: Host, endpoint: Endpoint, hosts: Dict[str, List[str]]) -> "Optional[NameSource]":
    """By what a name of /etc/hosts is looked up: the file that was changed last. None of another name."""
    if endpoint.family != "name" or (endpoint.address or "").lower() not in hosts:
        return None
    changed = []
    for path in ("/etc/hosts", "/etc/nsswitch.conf"):
        try:
            changed.append((host.stat(path).mtime, path))
        except HostError:
            continue
    return {"path": max(changed)[1], "changed_at": max(changed)[0]} if changed else None


def pack(address: str) -> Optional[bytes]:
    """A numeric address; None for a name or "*"."""
    try:
        return socket.inet_pton(socket.AF_INET6 if ":" in address else socket.AF_INET, address)
    except (OSError, ValueError):
        return None


def is_local(address: str) -> bool:
    """Whether the kernel would use the address as its own source address. Sends nothing."""
    packed = pack(address)
    if packed is None or not any(packed) or packed[:1] == b"\x7f" and len(packed) == 4:
        return True
    try:
        family = socket.AF_INET if len(packed) == 4 else socket.AF_INET6
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((address, 9))
            return pack(probe.getsockname()[0]) == packed
    except OSError:
        return False


def addresses_of(endpoint: Endpoint, hosts: Dict[str, List[str]]) -> List[str]:
    """Numeric addresses to dial; [] for a name that /etc/hosts does not have."""
    if endpoint.family == "name":
        known = hosts.get((endpoint.address or "").lower(), [])
        return [address for address in known if pack(address) is not None]
    return [dialled_at(endpoint.address or "")]


def targets_of(endpoint: Endpoint, hosts: Dict[str, List[str]]) -> List[Target]:
    if endpoint.family == "unix":
        return [Target(endpoint.key, "unix", endpoint.path or "", 0)]
    if endpoint.port is None:
        return []
    targets = [
        Target(endpoint.key, "inet6" if ":" in address else "inet", address, endpoint.port)
        for address in addresses_of(endpoint, hosts)
    ]
    return targets or [Target(endpoint.key, "name", endpoint.address or "", endpoint.port)]
