# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who waits and who is served at each endpoint, from one look at the kernel's table of sockets."""

import os
import posixpath
from typing import Dict, List, Optional, Sequence

from ..collect.endpoint.addresses import addresses_of, hosts_file, pack
from ..collect.host import Host, HostError
from ..collect.linux import sock_diag
from ..parse.endpoint import Endpoint, parse
from ..parse.linux.sock_rows import File, Sock, file_id
from ..parse.linux.sock_table import Index, Load


def _file(host: Host, path: str) -> Optional[File]:
    try:
        stat = host.stat(path)
    except HostError:
        return None
    return file_id(os.major(stat.device), os.minor(stat.device), stat.inode)


def loads(host: Host, keys: Sequence[str], dump: sock_diag.Dump = sock_diag.netlink) -> Dict[str, Load]:
    places = [parse(key) for key in keys]
    ports = [place.port for place in places if place.port is not None]
    paths = {place.path for place in places if place.path}
    files = {path: _file(host, path) for path in paths}
    rows: List[Sock] = []
    for row in sock_diag.read_table(host, bool(paths), ports, dump) if places else []:
        if row.family == "unix":
            # A socket is listed under the spelling it was bound with: /var/run for /run.
            row = row._replace(name=parse("unix:" + row.name).path or row.name)
            if row.name not in paths and row.file not in files.values():
                continue
        rows.append(row)
    index = Index(rows)
    names = hosts_file(host) if any(place.family == "name" for place in places) else {}
    return {place.key: _load(place, index, files, names, host) for place in places}


def _load(
    place: Endpoint, index: Index, files: Dict[str, Optional[File]], names: Dict[str, List[str]], host: Host
) -> Load:
    if place.path:
        folder = posixpath.dirname(place.path)
        if files[place.path] is None and host.type_of(folder) == "directory":
            return Load([])  # whoever has that name has it in a namespace of his own
        return index.unix([place.path, host.realpath(place.path)], files[place.path])
    addresses: List[Optional[bytes]] = (
        [None] if place.address == "*" else [pack(address) for address in addresses_of(place, names)]
    )
    found = (index.tcp(address, place.port or 0) for address in addresses)
    return next((load for load in found if load.listeners), Load([]))
