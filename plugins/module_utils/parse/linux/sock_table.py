# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sockets of the kernel (sock_rows.py) -> who listens where, how many wait and how many are served."""

from typing import Dict, Iterable, List, NamedTuple, Optional, Sequence, Set, Tuple, Union

from .sock_rows import Client, File, Sock


class Load(NamedTuple):
    """Of one endpoint. queue: connections that wait; accepted: that a process has taken. clients: a name of
    each that waits, or 0. live, dead: of those; abandoned: of the taken ones, how many have gone. None:
    unknown.
    """

    listeners: List[Sock]
    queue: Optional[int] = None
    backlog: Optional[int] = None
    accepted: Optional[int] = None
    clients: Optional[List[Client]] = None
    live: Optional[int] = None
    dead: Optional[int] = None
    abandoned: Optional[int] = None


class Index:
    def __init__(self, table: Iterable[Sock]) -> None:
        self.places: Dict[Union[str, int], List[Sock]] = {}
        self.names: Dict[Optional[File], Set[str]] = {}
        for one in table:
            self.places.setdefault(one.name if one.family == "unix" else one.port, []).append(one)
            self.names.setdefault(one.file, set()).add(one.name)

    def unix(self, names: Sequence[str], file: Optional[File]) -> Load:
        bound = set(names).union(() if file is None else self.names.get(file, ()))
        return unix_load([one for name in sorted(bound) for one in self.places.get(name, ())], names, file)

    def tcp(self, address: Optional[bytes], port: int) -> Load:
        return tcp_load(self.places.get(port, []), address, port)


def _load(listeners: List[Sock], taken: List[Sock], clients: Optional[List[Client]], dead: int) -> Load:
    if not listeners:
        return Load(listeners)
    queues = [one.queue for one in listeners if one.queue is not None]
    backlogs = [one.backlog for one in listeners if one.backlog is not None]
    gone = [one.gone for one in taken]
    load = Load(
        listeners,
        sum(queues) if queues else None,
        max(backlogs) if backlogs else None,
        len(taken),
        abandoned=None if None in gone else gone.count(True),
    )
    return load if clients is None else load._replace(clients=clients, live=len(clients) - dead, dead=dead)


def unix_load(table: Sequence[Sock], names: Sequence[str], file: Optional[File]) -> Load:
    """The listener whose bound file is the one at the path; else those that bound one of the names. file: see
    file_id(), or None.
    """
    here = [one for one in table if one.family == "unix" and one.state == "listen"]
    listeners = [one for one in here if file is not None and one.file == file] or [
        one for one in here if one.name in names
    ]
    files = {one.file for one in listeners}
    bound = {one.name for one in listeners}
    # Connections to an older file carry the same name.
    taken = [
        one
        for one in table
        if one.family == "unix"
        and one.state == "established"
        and (one.name in bound if one.file is None else one.file in files)
    ]
    clients: List[Client] = [client for one in listeners for client in one.clients]
    known = len(clients) == sum(one.queue or 0 for one in listeners)
    return _load(listeners, taken, clients if known else None, clients.count(0))


def tcp_load(table: Sequence[Sock], address: Optional[bytes], port: int) -> Load:
    """The listeners that a connection to address reaches. address None: on any address."""
    here = [one for one in table if one.family != "unix" and one.state == "listen" and one.port == port]
    if address is not None:
        listeners = [one for one in here if one.address == address] or [
            one for one in here if not any(one.address) and (one.family == "inet6" or len(address) == 4)
        ]
    else:
        listeners = here
    local = None if any(not any(one.address) for one in listeners) else {one.address for one in listeners}
    rows = [
        one
        for one in table
        if one.family != "unix"
        and one.state == "established"
        and one.port == port
        and (local is None or one.address in local)
    ]
    waiting = [one for one in rows if not one.inode]
    return _load(
        listeners,
        [one for one in rows if one.inode],
        [one.client for one in waiting],
        sum(1 for one in waiting if one.gone),
    )


def flow(before: Load, after: Load) -> Optional[Tuple[int, int]]:
    """(requests that came, that were answered) between two looks, at least; None: unknown."""
    old, new = before.clients, after.clients
    same = [one.inode for one in before.listeners] == [one.inode for one in after.listeners]
    if old is None or new is None or not same:
        return None
    if all(old + new):
        taken = len(set(old).difference(new))
    else:  # a unix listener has no name for who has gone, but keeps their order
        places = {one: place for place, one in enumerate(new) if one}
        passed = [place - places[one] for place, one in enumerate(old) if one in places]
        taken = passed[-1] if passed else max(0, len(old) - new.count(0))
    return len(new) - len(old) + taken, max(0, taken + (before.accepted or 0) - (after.accepted or 0))


def inode_matches(load: Load, file: Optional[File]) -> Optional[bool]:
    """Whether a listener bound the file that is now at the path. None: nothing listens, or nobody tells."""
    told = [one.file for one in load.listeners if one.file is not None]
    return None if not told else file in told
