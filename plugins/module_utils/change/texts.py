# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Configuration files as text that keeps every byte, line ends included."""

from typing import Dict, List, Optional

from ..collect.host import Host, HostError
from ..verdict.step import Step, as_text

MOST_BYTES = 16 << 20


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
        return [path for path in self.host.glob(pattern) if self.host.type_of(path) == "file"]

    def show(self, step: Step) -> None:
        self.shown.update((self.host.realpath(change.path), change.after) for change in step.changes)
