# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Configuration files as text that keeps every byte, line ends included."""

import posixpath
from fnmatch import fnmatchcase
from typing import Dict, List, Optional

from ..collect.host import Host, HostError
from ..work.step import Step, as_text

MOST_BYTES = 16 << 20


def _as_deep(path: str, pattern: str) -> bool:
    """An asterisk of a shell's pattern matches no slash."""
    return path.count("/") == pattern.count("/")


class Texts:
    """The host's files, as they are or, where a step is only shown, as it would leave them."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self.shown: Dict[str, Optional[bytes]] = {}

    def read(self, path: str) -> Optional[str]:
        real = self.host.realpath(path)
        if real in self.shown:
            data = self.shown[real]
            return None if data is None else as_text(data)
        try:
            return as_text(self.host.read_bytes(path, 0, MOST_BYTES))
        except HostError:
            return None

    def expand(self, pattern: str) -> List[str]:
        there = [path for path in self.host.glob(pattern) if self.host.type_of(path) == "file"]
        if not self.shown:
            return there
        kept = [path for path in there if self.shown.get(self.host.realpath(path), b"") is not None]
        folder, name = posixpath.split(pattern)
        real = posixpath.join(self.host.realpath(folder), name)
        known = {self.host.realpath(path) for path in there}
        new = [path for path, data in self.shown.items() if data is not None and path not in known]
        return sorted(kept + [path for path in new if fnmatchcase(path, real) and _as_deep(path, real)])

    def show(self, step: Step) -> None:
        self.shown.update((self.host.realpath(change.path), change.after) for change in step.changes)
