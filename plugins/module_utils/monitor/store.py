# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The script's own two files: its state, and the metrics. A link in their place is neither followed nor
written to.
"""

import errno
import fcntl
import json
import os
import stat
from typing import TYPE_CHECKING, Optional, cast

if TYPE_CHECKING:
    from ...plugin_utils.shapes.monitor import State

VERSION = 1
MOST_BYTES = 64 << 20
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class Folder:
    """A directory that is none of a link, held open. Raises OSError."""

    def __init__(self, path: str) -> None:
        self.descriptor = os.open(path, _DIRECTORY)

    def lock(self) -> None:
        """Until this process ends. Raises OSError where another run has it."""
        fcntl.flock(self.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def read(self, name: str) -> Optional[bytes]:
        """None where there is none that can be used."""
        try:
            file = os.open(
                name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=self.descriptor
            )
        except OSError as error:
            if error.errno in (errno.ENOENT, errno.ELOOP, errno.EACCES):
                return None
            raise
        with os.fdopen(file, "rb") as stream:
            if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
                return None
            return stream.read(MOST_BYTES)

    def write(self, name: str, data: bytes) -> None:
        """Puts the file there in one instant, over whatever is there."""
        draft = ".%s.%d.tmp" % (name, os.getpid())
        try:
            os.unlink(draft, dir_fd=self.descriptor)  # of a run that was killed and had this number
        except FileNotFoundError:
            pass
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            with os.fdopen(os.open(draft, flags, 0o644, dir_fd=self.descriptor), "wb") as stream:
                stream.write(data)
            os.replace(draft, name, src_dir_fd=self.descriptor, dst_dir_fd=self.descriptor)
        except OSError:
            try:
                os.unlink(draft, dir_fd=self.descriptor)
            except OSError:
                pass
            raise


def fresh(boot_at: float) -> "State":
    return {
        "version": VERSION,
        "boot_at": boot_at,
        "watched": None,
        "positions": {},
        "counters": [],
        "raw": {},
        "connections": {},
    }


def load(data: Optional[bytes], boot_at: float) -> "State":
    """A state that cannot be read is begun anew. Connections and pids are of one boot."""
    empty = fresh(boot_at)
    try:
        state = json.loads((data or b"").decode("utf-8"))
    except (ValueError, RecursionError):
        return empty
    if not isinstance(state, dict) or set(state) != set(empty) or state["version"] != VERSION:
        return empty
    kept = cast("State", state)
    if abs(kept["boot_at"] - boot_at) > 60:
        kept = {**kept, "watched": None, "connections": {}, "raw": {}, "boot_at": boot_at}
    return kept


def dump(state: "State") -> bytes:
    return json.dumps(state, separators=(",", ":"), sort_keys=True).encode("ascii")
