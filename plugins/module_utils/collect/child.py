# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Processes that we start, and that end with all that they have started: a read from a dead file server can
only be killed.
"""

import contextlib
import ctypes
import json
import os
import resource
import select
import signal
import subprocess
import time
from typing import Any, Callable, Dict, Iterator, List, Optional, Sequence, Set, Tuple

MEMORY = 512 * 1024 * 1024  # bytes that a child may take
OUTPUT = 1024 * 1024  # bytes that a command may write
LATE = " did not end within %g s"
CHUNK = 65536
POLL_SECONDS = 0.002
END_SECONDS = 1.0
_OVER = os.WEXITED | os.WNOHANG | os.WNOWAIT
_PDEATHSIG, _CHILD_SUBREAPER = 1, 36  # prctl(2)

Say = Callable[[object], None]  # of one message
Work = Callable[[Say], None]


def _prctl(option: int, value: int) -> None:
    ctypes.CDLL(None).prctl(option, *[ctypes.c_ulong(number) for number in (value, 0, 0, 0)])


def die_with_parent() -> None:
    """The kernel kills us when our parent ends. A change of user takes this back."""
    _prctl(_PDEATHSIG, signal.SIGKILL)


def _listen(
    pid: int, texts: Dict[int, bytearray], until: float, most: int, enough: Callable[[], bool]
) -> Tuple[bool, bool]:
    """Reads what a command writes into texts, by descriptor. (it has ended, it wrote enough)."""
    poll, left, idle, ended, seen = select.poll(), len(texts), False, False, False
    for number in texts:
        poll.register(number, select.POLLIN)
    while not (ended or seen) and time.monotonic() < until and sum(map(len, texts.values())) <= most:
        # It may end and leave its output to others, or close it and go on. What it wrote last may have come
        # after the last look.
        over = (idle or not left) and os.waitid(os.P_PID, pid, _OVER) is not None
        wait = 0 if over else 100  # milliseconds
        ready = poll.poll(wait) if left else []
        for number, _event in ready:
            chunk = os.read(number, CHUNK)
            texts[number] += chunk
            if not chunk:
                poll.unregister(number)
                left -= 1
        seen = enough()
        idle, ended = not ready, over and not ready
        if idle:
            time.sleep(POLL_SECONDS)
    return ended, seen


def run(
    argv: Sequence[str],
    seconds: float,
    most: int = OUTPUT,
    prepare: Callable[[], None] = die_with_parent,
    pass_fds: Sequence[int] = (),
    env: Optional[Dict[str, str]] = None,
    enough: bytes = b"",
) -> Tuple[Optional[int], str, str]:
    """(exit status, output, errors) of a command, whose session is then killed. The status is None, and
    errors say why, when it wrote more than most bytes or did not end in time.

    enough: ends the command, with status 0, once it is in errors. Raises OSError when it cannot be started.
    """
    until = time.monotonic() + seconds
    # AnsibleModule.run_command would tie this to a module, and it has no limits.
    # pylint: disable-next=ansible-bad-function,subprocess-popen-preexec-fn,consider-using-with
    process = subprocess.Popen(
        list(argv),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd="/",
        pass_fds=list(pass_fds),
        env=dict(os.environ if env is None else env, LC_ALL="C", LANGUAGE="C"),
        preexec_fn=prepare,  # noqa: PLW1509  (a thread of ours holds no lock)
        start_new_session=True,
    )
    pipes = [pipe for pipe in (process.stdout, process.stderr) if pipe]
    texts = {pipe.fileno(): bytearray() for pipe in pipes}
    out, err = texts.values()
    ended, seen = _listen(process.pid, texts, until, most, lambda: bool(enough) and enough in err)
    os.killpg(process.pid, signal.SIGKILL)
    for pipe in pipes:
        pipe.close()
    try:
        process.wait(END_SECONDS)
    except subprocess.TimeoutExpired:  # it hangs in the kernel, which kills it later
        pass
    if ended or seen:
        status = 0 if seen else process.returncode
        return status, out.decode("utf-8", "replace"), err.decode("utf-8", "replace")
    why = " wrote more than %d bytes" % most if len(out) + len(err) > most else LATE % seconds
    return None, "", argv[0] + why


def _children() -> Set[int]:
    try:
        with open("/proc/thread-self/children", encoding="ascii") as stream:
            return {int(pid) for pid in stream.read().split()}
    except OSError:
        return set()


def _live(work: Work, sink: int) -> None:
    """The child's whole life. It takes none of the parent's exits, and does not hold its output."""
    try:
        os.setsid()
        die_with_parent()
        nothing = os.open(os.devnull, os.O_RDWR)
        for number in range(3):
            os.dup2(nothing, number)
        hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
        soft = MEMORY if hard == resource.RLIM_INFINITY else min(MEMORY, hard)
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))
        with os.fdopen(sink, "wb") as pipe:

            def say(message: object) -> None:
                pipe.write(json.dumps(message).encode("ascii") + b"\n")
                pipe.flush()

            work(say)
    finally:
        os._exit(0)


class Child:
    """A fork that sends messages, as JSON."""

    def __init__(self, work: Work) -> None:
        self.ended = False  # it has sent all
        self._lines: List[bytes] = []
        self._begun: List[bytes] = []
        self.others = _children()
        _prctl(_CHILD_SUBREAPER, 1)  # what it leaves behind becomes ours
        self.source, sink = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            _live(work, sink)
        os.close(sink)
        self._poll = select.poll()
        self._poll.register(self.source, select.POLLIN)

    def next(self, seconds: float) -> Any:
        """The next message; None when it has ended, or sends nothing for so long."""
        until = time.monotonic() + seconds
        while not self._lines:
            if self.ended or not self._poll.poll(max(0.0, until - time.monotonic()) * 1000):
                return None
            chunk = os.read(self.source, CHUNK)
            self.ended = not chunk
            pieces = chunk.split(b"\n")
            for piece in pieces[:-1]:
                self._lines.append(b"".join(self._begun + [piece]))
                self._begun = []
            self._begun.append(pieces[-1])
        return json.loads(self._lines.pop(0).decode("ascii"))


def _end(alive: Set[int], others: Set[int]) -> None:
    """Kills these, and what becomes ours when they have ended."""
    until = time.monotonic() + END_SECONDS
    while alive and time.monotonic() < until:
        for pid in alive:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, os.WNOHANG)
        time.sleep(POLL_SECONDS)
        alive = _children() - others
    _prctl(_CHILD_SUBREAPER, 0)  # what later commands leave behind is not ours to reap


def end(children: Sequence[Child]) -> None:
    for child in children:
        os.close(child.source)
    _end({child.pid for child in children}, children[0].others)


@contextlib.contextmanager
def adopting() -> Iterator[None]:
    """What a command leaves behind, in a session of its own, ends with it."""
    others = _children()
    _prctl(_CHILD_SUBREAPER, 1)
    try:
        yield
    finally:
        _end(_children() - others, others)
