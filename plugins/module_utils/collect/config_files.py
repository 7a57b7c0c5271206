# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the readers of both configurations share: who can write the files, and what was left out."""

from typing import TYPE_CHECKING, Optional, Tuple

from .host import Host, Stat
from .trust import Opening, folders, named, opening

if TYPE_CHECKING:
    from ...plugin_utils.shapes.config import Writable
    from ...plugin_utils.shapes.missing import What


class ConfigFiles:
    """account: the uid of an ordinary account's own daemon, which reads no more than that account may."""

    missing: "What"  # id of what is missing without a file

    def __init__(self, host: Host, account: Optional[int]) -> None:
        self.host, self.account = host, account
        self.bytes = 0
        self.whole = True  # nothing was left out
        self.writable: Optional[Opening] = None  # where others than root can write
        self.changed_at: Optional[float] = None

    def _judge(self, path: str) -> None:
        self.writable = self.writable or opening(self.host, path)

    def _judge_folders(self, pattern: str) -> None:
        for folder in folders(self.host, pattern):
            self._judge(folder)

    def left_out(self, path: str, why: str, needs: Optional[str] = None) -> None:
        self.whole = False
        self.host.miss(self.missing, path, why, needs)

    def writable_by_others(self) -> Optional["Writable"]:
        """None for an account's own configuration, which root does not load."""
        if self.writable is None or self.account is not None or not self.host.is_root():
            return None
        return {"path": self.writable.path, "who": self.writable.who}

    def content(self, path: str, most: int) -> Optional[Tuple[bytes, Stat]]:
        """(at most so many bytes, what the file is); None when the account may not read it."""
        stat = self.host.stat(path)
        if self.account is not None and stat.uid != self.account and not stat.mode & 0o004:
            self.left_out(path, "%s may not read it" % self.host.user_name(self.account))
            return None
        return self.host.read_bytes(named(self.host, path), 0, most, real=True), stat
