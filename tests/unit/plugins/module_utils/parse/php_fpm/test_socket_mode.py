# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""listen.mode, read as php-fpm reads it."""

from typing import Any

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.php_fpm.socket_mode import mode_of


class TestMode:
    @pytest.mark.parametrize(
        ("written", "mode"),
        [("0660", 0o660), ("666", 0o666), ("0o660", 0), ("rw-rw----", 0), ("660x", 0o660), ("0680", 0o6)],
    )
    def test_the_octal_digits_before_anything_else(self, written: str, mode: int) -> None:
        pool: Any = {"listen_mode": written}
        assert mode_of(pool) == mode
