# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Work on what a host sent, in a process of its own: it ends in time and within its memory."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import select
import signal
import time
from collections.abc import Callable
from typing import Any

from .untrusted import Mismatch, text

MEMORY = 2 * 1024**3
MAX_RESULT = 32 * 1024**2


class Unfinished(Exception):
    """The work took too long, took too much, or raised. The message says which."""


def confined(work: Callable[[], Any], seconds: float) -> Any:
    """What ``work`` returns, by way of JSON. Raises Unfinished, after ``seconds`` at the latest."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.close(reading)
        _child(work, writing, seconds)
    os.close(writing)
    try:
        answer = json.loads(_receive(reading, time.monotonic() + seconds, seconds))
    finally:
        os.close(reading)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    if "error" in answer:
        raise Unfinished(answer["error"])
    return answer["result"]


def _receive(pipe: int, deadline: float, seconds: float) -> bytes:
    received = bytearray()
    waiting = select.poll()
    waiting.register(pipe, select.POLLIN)
    while True:
        if not waiting.poll(max(0.0, deadline - time.monotonic()) * 1000):
            raise Unfinished("it took longer than %.3g s" % seconds)
        piece = os.read(pipe, 1024 * 1024)
        received += piece
        if len(received) > MAX_RESULT:
            raise Unfinished("its result is larger than %d MiB" % (MAX_RESULT // 1024**2))
        if not piece:
            break
    if not received:
        raise Unfinished("it was ended from outside")
    return bytes(received)


def _child(work: Callable[[], Any], writing: int, seconds: float) -> None:
    """Never returns: the parent's buffers and handlers must not run twice."""
    try:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGALRM):
            signal.signal(number, signal.SIG_DFL)
        # Not every system lets us set them. The limit of CPU ends this process if the parent is killed.
        for what, limit in ((resource.RLIMIT_AS, MEMORY), (resource.RLIMIT_CPU, int(seconds) + 1)):
            with contextlib.suppress(ValueError, OSError):
                resource.setrlimit(what, (limit, limit))
        answer: dict[str, Any]
        try:
            answer = {"result": work()}
        except MemoryError:
            answer = {"error": "it took more than %d MiB of memory" % (MEMORY // 1024**2)}
        except Mismatch as error:
            answer = {"error": str(error)}
        except Exception as error:
            answer = {
                "error": "it is incomplete, and ended with %s: %s" % (type(error).__name__, text(str(error)))
            }
        with open(writing, "wb") as stream:
            stream.write(json.dumps(answer).encode("ascii"))
    finally:
        os._exit(0)
