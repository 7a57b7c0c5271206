# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Asks the status pages that have a listener of their own, all at once. One that does not answer is left."""

import select
import socket
import time
from typing import TYPE_CHECKING, Dict, NamedTuple, Optional, Sequence, Tuple

from ..collect.endpoint.addresses import addresses_of
from ..parse.endpoint import parse as parse_endpoint
from ..parse.php_fpm import status
from ..parse.php_fpm.status import Status

if TYPE_CHECKING:
    from ...plugin_utils.shapes.monitor import StatusPage

SECONDS = 0.5  # for all of them
MOST_PAGES = 256


class _Dialled(NamedTuple):
    name: str  # of the pool
    door: socket.socket
    request: bytes


def _dial(name: str, page: "StatusPage") -> Optional[_Dialled]:
    """The listener's own socket alone: a pool's would wait behind its visitors."""
    place = parse_endpoint(page["endpoint"])
    door: Optional[socket.socket] = None
    try:
        if place.path:
            door = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            door.setblocking(False)
            door.connect(place.path)
        else:
            address = "127.0.0.1" if place.address == "*" else addresses_of(place, {})[0]
            family = socket.AF_INET6 if ":" in address else socket.AF_INET
            door = socket.socket(family, socket.SOCK_STREAM)
            door.settimeout(0.1)
            door.connect((address, place.port or 0))
            door.setblocking(False)
        return _Dialled(name, door, status.request(page["path"]))
    except (OSError, ValueError, IndexError):
        if door:
            door.close()
        return None


def ask(pages: Sequence[Tuple[str, "StatusPage"]]) -> Dict[str, Status]:
    """{name: its answer}, of (name, where)."""
    dialled = [page for page in (_dial(*place) for place in pages[:MOST_PAGES]) if page]
    until, poll = time.monotonic() + SECONDS, select.poll()
    answers: Dict[str, Status] = {}
    doors = {page.door.fileno(): page for page in dialled}
    data = dict.fromkeys(doors, b"")
    for number, page in doors.items():
        _exchange(page.door, page.request)
        poll.register(number, select.POLLIN)
    while doors and time.monotonic() < until:
        for number, _event in poll.poll(1000 * max(0.0, until - time.monotonic())):
            page = doors[number]
            more = _exchange(page.door)
            data[number] += more
            text, whole = status.body(data[number])
            if whole or not more or len(data[number]) > status.MOST_BYTES:
                answer = status.parse(text)
                # Another pool's page would say another pool's numbers.
                if answer and answer.pool == page.name:
                    answers[page.name] = answer
                poll.unregister(number)
                del doors[number]
    for page in dialled:
        page.door.close()
    return answers


def _exchange(door: socket.socket, request: bytes = b"") -> bytes:
    """Sends the request, or receives what is there; b"" at the end."""
    try:
        if request:
            door.send(request, socket.MSG_NOSIGNAL)
            return b""
        return door.recv(65536)
    except OSError:
        return b""
