# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Dials endpoints with nginx's own rights and asks for one FastCGI answer: FCGI_GET_VALUES, which runs no PHP
(docs/looking.md).
"""

import errno
import os
import select
import socket
import time
from functools import partial
from typing import TYPE_CHECKING, Callable, Dict, List, NamedTuple, Optional, Sequence

from ...parse import fastcgi
from ..child import Child, die_with_parent, end

if TYPE_CHECKING:
    from ....plugin_utils.shapes.endpoint import ConnectResult, Outcome, ProbeResult

AT_ONCE = 128  # endpoints in flight together
NAMES_AT_ONCE = 32  # each has a child of its own
PATIENCE = 5  # how many times the seconds of one endpoint all together may take
_GRACE = 1.0  # seconds that a child may need beyond the budget


class Target(NamedTuple):
    key: str  # of the endpoint
    family: str
    address: str  # a path, a numeric address, or a name (family "name")
    port: int


class Rights(NamedTuple):
    """Of the account that dials."""

    uid: int
    gid: int
    groups: List[int]
    root: str  # what its processes see as "/"


_RESULTS: Dict[int, "ConnectResult"] = {
    0: "ok",
    errno.ECONNREFUSED: "refused",
    errno.EACCES: "denied",
    errno.EPERM: "denied",
    errno.ENOENT: "missing",
    errno.ENOTDIR: "missing",
    errno.EAGAIN: "full",
    errno.ETIMEDOUT: "timeout",
    errno.EHOSTUNREACH: "unreachable",
    errno.ENETUNREACH: "unreachable",
    errno.EADDRNOTAVAIL: "unreachable",
}
_FAMILIES = {"unix": socket.AF_UNIX, "inet": socket.AF_INET, "inet6": socket.AF_INET6}


def outcome(
    target: Target,
    number: Optional[int],
    error: Optional[str] = None,
    result: "Optional[ConnectResult]" = None,
) -> "Outcome":
    """What dialling gave, before any FastCGI: number is the errno, 0 for an accepted connection."""
    result = result or _RESULTS.get(-1 if number is None else number, "error")
    text = error or (os.strerror(number) if number else None)
    return {
        "key": target.key,
        "address": target.address,
        "connect": {"result": result, "errno": number or None, "error": text},
        "probe": {"result": "not_tried", "ms": None, "detail": None, "waited": 0.0},
    }


class _Dial:
    def __init__(self, target: Target) -> None:
        self.started = time.monotonic()
        self.target = target
        self.data = b""
        self.done: Optional[Outcome] = None
        self.connected = False
        self.socket = socket.socket(_FAMILIES[target.family], socket.SOCK_STREAM)
        self.socket.setblocking(False)
        try:
            number = self.socket.connect_ex(
                target.address if target.family == "unix" else (target.address, target.port)
            )
        except (OSError, ValueError, UnicodeError) as error:  # a path beyond 107 bytes has no errno
            self.done = outcome(target, None, str(error))
            return
        if number == 0:
            self._ask()
        elif number != errno.EINPROGRESS:
            self.done = outcome(target, number)

    def _ask(self) -> None:
        self.connected = True
        try:
            self.socket.send(fastcgi.request(), socket.MSG_NOSIGNAL)
        except OSError as error:
            self._finish("closed", error.strerror)

    def _finish(self, result: "ProbeResult", detail: Optional[str]) -> None:
        waited = time.monotonic() - self.started
        self.done = outcome(self.target, 0)
        self.done["probe"] = {
            "result": result,
            "ms": round(waited * 1000, 2) if result == "answered" else None,
            "detail": detail,
            "waited": round(waited, 3),
        }

    def ready(self) -> None:
        if not self.connected:
            number = self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if number:
                self.done = outcome(self.target, number)
            else:
                self._ask()
            return
        ended: Optional[str] = None
        try:
            chunk = self.socket.recv(fastcgi.ENOUGH)
            self.data += chunk
            if not chunk:
                ended = "the peer closed the connection without an answer"
        except BlockingIOError:
            return
        except OSError as error:
            ended = error.strerror
        answer = fastcgi.answer(self.data, ended is not None)
        if answer is not None:
            self._finish(answer.result, answer.detail or (ended if answer.result == "closed" else None))

    def late(self) -> None:
        if self.connected:
            self._finish("no_answer", None)
        else:
            self.done = outcome(self.target, errno.ETIMEDOUT)


def _resolve(target: Target) -> List[Target]:
    """nginx resolves a name once, and uses every address that it gets."""
    names = {socket.AF_INET: "inet", socket.AF_INET6: "inet6"}
    return [
        target._replace(family=names[family], address=str(place[0]))
        for family, _type, _number, _name, place in socket.getaddrinfo(
            target.address, target.port, 0, socket.SOCK_STREAM
        )
        if family in names
    ]


def _dial_all(
    targets: Sequence[Target], seconds: float, deadline: float, say: Callable[["Outcome"], None]
) -> None:
    """Each target has its seconds, which begin before the deadline. After that no more are dialled."""
    left = list(reversed(targets))
    waiting: Dict[int, _Dial] = {}
    poll = select.poll()

    def look(dial: _Dial) -> None:
        number = dial.socket.fileno()
        if dial.done is None:
            waiting[number] = dial
            poll.register(number, select.POLLIN | (0 if dial.connected else select.POLLOUT))
            return
        if waiting.pop(number, None):
            poll.unregister(number)
        dial.socket.close()
        say(dial.done)

    while waiting or left:
        while left and len(waiting) < AT_ONCE:
            look(_Dial(left.pop()))
        left = left if time.monotonic() < deadline else []
        now = time.monotonic()
        for dial in [dial for dial in waiting.values() if now >= min(dial.started, deadline) + seconds]:
            dial.late()
            look(dial)
        if waiting and (len(waiting) == AT_ONCE or not left):
            soonest = min([deadline] + [dial.started for dial in waiting.values()]) + seconds
            for number, _event in poll.poll(max(0.0, soonest - time.monotonic()) * 1000 + 1):
                waiting[number].ready()
                look(waiting[number])


def _dial_as(
    targets: Sequence[Target],
    rights: Optional[Rights],
    seconds: float,
    deadline: float,
    say: Callable[["Outcome"], None],
) -> None:
    try:
        # In another root Python and the C library would load modules from there.
        groups = [_resolve(target) if target.family == "name" else [target] for target in targets]
        if rights is not None:
            if rights.root:
                os.chroot(rights.root)
                os.chdir("/")
            os.setgroups(rights.groups)
            os.setresgid(rights.gid, rights.gid, rights.gid)
            os.setresuid(rights.uid, rights.uid, rights.uid)
            die_with_parent()
        _dial_all([target for group in groups for target in group], seconds, deadline, say)
    except (OSError, ValueError) as error:
        for target in targets:
            say(outcome(target, None, str(error)))


def _together(
    groups: Sequence[Sequence[Target]], rights: Optional[Rights], seconds: float, deadline: float
) -> List["Outcome"]:
    children = [Child(partial(_dial_as, group, rights, seconds, deadline)) for group in groups if group]
    results: List[Outcome] = []
    for child in children:
        while not child.ended:
            result = child.next(deadline + seconds + _GRACE - time.monotonic())
            if result is None:
                break
            results.append(result)
    if children:
        end(children)
    return results


def probe(targets: Sequence[Target], rights: Optional[Rights], seconds: float) -> List["Outcome"]:
    """Dials all targets at the same time: one outcome for each address, in no order.

    rights: None dials as ourselves. seconds: for one target to connect and to answer. All together have
    PATIENCE times that; what is then left has no result. Forks, because rights given up do not come back.
    """
    deadline = time.monotonic() + (PATIENCE - 1) * seconds
    results = _together(
        [[target for target in targets if target.family != "name"]], rights, seconds, deadline
    )
    # A name may hang in the resolver: it gets a child of its own, which can be killed.
    names = [target for target in targets if target.family == "name"]
    while names and time.monotonic() < deadline:
        some, names = names[:NAMES_AT_ONCE], names[NAMES_AT_ONCE:]
        results += _together([[target] for target in some], rights, seconds, time.monotonic())
        resolved = {result["key"] for result in results}
        late = [target for target in some if target.key not in resolved]
        results += [outcome(target, None, "no result within %g s" % seconds, "timeout") for target in late]
    return results
