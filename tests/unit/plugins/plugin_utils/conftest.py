# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the tests of texts and tables share."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest


@pytest.fixture(name="utc")
def _utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The controller's time zone."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()
