# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fixtures of several files."""

import os
from typing import Any, Callable

import pytest
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.change.left_changes import (
    LeftChange,
)


@pytest.fixture
def left(tmp_path: Any, monkeypatch: Any) -> Callable[..., LeftChange]:
    """Makes changes that a killed run left open, each with files of its own."""
    monkeypatch.setattr(os, "fsync", lambda _descriptor: None)
    numbers = iter(range(10000))
    return lambda *commands, **more: LeftChange(tmp_path / str(next(numbers)), monkeypatch, *commands, **more)
