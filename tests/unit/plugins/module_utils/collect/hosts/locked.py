# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hosts with processes whose memory is locked for ever: who reads such a file of /proc does not come back."""

import os
import time
from typing import Iterable

from ansible_collections.webmedic.php_fpm.tests.unit.support import FakeHost


def lock(host: FakeHost, paths: Iterable[str]) -> FakeHost:
    """A child of ours that reads them hangs. We ourselves must not."""
    locked, ours, read = set(paths), os.getpid(), host.read_bytes

    def kept(path: str, offset: int = 0, length: int = 1024 * 1024, real: bool = False) -> bytes:
        if path in locked:
            assert os.getpid() != ours, "%s would hang the look" % path
            time.sleep(600)
        return read(path, offset, length, real)

    vars(host)["read_bytes"] = kept
    return host
