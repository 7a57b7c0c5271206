# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sockets of the kernel (sock_rows.py) -> who listens where, how many wait and how many are served."""

from typing import Dict, Iterable, List, NamedTuple, Optional, Sequence, Set, Union

from .sock_rows import Client, File, Sock


class Load(NamedTuple):
    """Of one endpoint. None: unknown."""

    listeners: List[Sock]
    queue: Optional[int] = None  # connections that wait
    backlog: Optional[int] = None
    accepted: Optional[int] = None  # connections that a process has taken
    clients: Optional[List[Client]] = None  # a name of each that waits, or 0
    live: Optional[int] = None  # of those that wait, and of those that a full queue keeps out
    dead: Optional[int] = None
    abandoned: Optional[int] = None  # accepted ones whose client has gone
    served: Sequence[Client] = ()  # a name of each that a process has taken
    kept_out: Sequence[Client] = ()  # a name of each that a full queue keeps out


class Index:
    def __init__(self, table: Iterable[Sock]) -> None:
        self.places: Dict[Union[str, int], List[Sock]] = {}
        self.names: Dict[Optional[File], Set[str]] = {}
        for sock in table:
            self.places.setdefault(sock.name if sock.family == "unix" else sock.port, []).append(sock)
            self.names.setdefault(sock.file, set()).add(sock.name)

    def unix(self, names: Sequence[str], file: Optional[File]) -> Load:
        """The listener whose bound file is the one at the path; else those that bound one of the names.

        file: see file_id(), or None.
        """
        bound = set(names).union(() if file is None else self.names.get(file, ()))
        rows = [sock for name in sorted(bound) for sock in self.places.get(name, ())]
        here = [sock for sock in rows if sock.state == "listen"]
        listeners = [sock for sock in here if file is not None and sock.file == file] or [
            sock for sock in here if sock.name in names
        ]
        files, bound = {sock.file for sock in listeners}, {sock.name for sock in listeners}
        # Connections to an older file carry the same name.
        taken = [
            sock
            for sock in rows
            if sock.state == "established"
            and (sock.name in bound if sock.file is None else sock.file in files)
        ]
        clients: List[Client] = [client for sock in listeners for client in sock.clients]
        known = len(clients) == sum(sock.queue or 0 for sock in listeners)
        return _load(listeners, taken, clients if known else None, clients.count(0))

    def tcp(self, address: Optional[bytes], port: int) -> Load:
        """The listeners that a connection to address reaches. address None: on any address."""
        rows = self.places.get(port, [])
        listeners = [sock for sock in rows if sock.state == "listen"]
        if address is not None:
            listeners = [sock for sock in listeners if sock.address == address] or [
                sock
                for sock in listeners
                if not any(sock.address) and (sock.family == "inet6" or len(address) == 4)
            ]
        local = {sock.address for sock in listeners}
        on_all = not all(map(any, local))
        here = [sock for sock in rows if on_all or sock.address in local]
        rows = [sock for sock in here if sock.state == "established"]
        waiting = [sock for sock in rows if not sock.inode]
        load = _load(
            listeners,
            [sock for sock in rows if sock.inode],
            [sock.client for sock in waiting],
            sum(1 for sock in waiting if sock.gone),
        )
        kept_out = tuple(sock.client for sock in here if sock.state == "connecting")
        live = None if load.live is None else load.live + len(kept_out)
        return load._replace(live=live, kept_out=kept_out)


def _load(listeners: List[Sock], taken: List[Sock], clients: Optional[List[Client]], dead: int) -> Load:
    if not listeners:
        return Load(listeners)
    queues = [sock.queue for sock in listeners if sock.queue is not None]
    gone = [sock.gone for sock in taken]
    return Load(
        listeners,
        sum(queues) if queues else None,
        max((sock.backlog for sock in listeners if sock.backlog is not None), default=None),
        len(taken),
        clients,
        None if clients is None else len(clients) - dead,
        None if clients is None else dead,
        None if None in gone else gone.count(True),
        [sock.inode if sock.family == "unix" else sock.client for sock in taken],
    )


class Flow(NamedTuple):
    """Requests between two looks, at least."""

    came: int
    answered: int


def flow(before: Load, after: Load) -> Optional[Flow]:
    """None: unknown."""
    old, new = before.clients, after.clients
    same = [sock.inode for sock in before.listeners] == [sock.inode for sock in after.listeners]
    if old is None or new is None or not same:
        return None
    if all(old + new):
        taken = len(set(old).difference(new))
    else:  # a unix listener has no name for who has gone, but keeps their order
        places = {client: place for place, client in enumerate(new) if client}
        passed = [place - places[client] for place, client in enumerate(old) if client in places]
        taken = passed[-1] if passed else max(0, len(old) - new.count(0))
    # Who was kept out before came before.
    came = len(set(after.kept_out).difference(before.kept_out)) - len(set(before.kept_out).intersection(new))
    return Flow(
        max(0, len(new) - len(old) + taken + came),
        max(0, taken + (before.accepted or 0) - (after.accepted or 0)),
    )


def inode_matches(load: Load, file: Optional[File]) -> Optional[bool]:
    """Whether a listener bound the file that is now at the path. None: unknown."""
    files = [sock.file for sock in load.listeners if sock.file is not None]
    return file in files if files else None
