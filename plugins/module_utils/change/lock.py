# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The state directory, and its lock: one change at a time. The kernel frees it when its holder dies."""

import contextlib
import fcntl
import os
from typing import Iterator

from .disk import Disk

STATE = "/var/lib/webmedic-php-fpm"


class Busy(Exception):
    """Another process is at work here. The text names it."""


def prepare_state(disk: Disk, state: str) -> None:
    """Makes it, for root alone. Raises OSError; Refusal when someone else could write there: nothing is made
    in it then.
    """
    for folder in (state, os.path.join(state, "backups"), os.path.join(state, "put-back")):
        try:
            disk.make_directory(folder, 0o700)
        except FileExistsError:
            pass


@contextlib.contextmanager
def lock(state: str, disk: Disk) -> Iterator[None]:
    """Makes the state directory too. Raises Busy, Refusal or OSError."""
    prepare_state(disk, state)
    # Closed on exec: a child that outlives us would hold it.
    with disk.open(os.path.join(state, "lock"), os.O_RDWR | os.O_CREAT, 0o600) as descriptor:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(descriptor, 20, 0).decode("ascii", "replace").strip()
            raise Busy("process %s is changing this host" % (holder or "of unknown number"))
        try:
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, b"%d\n" % os.getpid(), 0)
        except OSError:
            pass  # a full disk: the number is only for the message
        yield
