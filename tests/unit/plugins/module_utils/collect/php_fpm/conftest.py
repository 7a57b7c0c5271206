# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""No test of this room runs a php-fpm."""

from typing import List

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.host import Ran
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.php_fpm import config_check


@pytest.fixture(autouse=True)
def no_php_fpm(monkeypatch: pytest.MonkeyPatch) -> List[List[str]]:
    """Catches what would be run on a pipe; every test's configuration is fine to it."""
    ran: List[List[str]] = []

    def fake(argv: List[str], text: str, timeout: float = 10.0) -> Ran:
        ran.append(argv + [text])
        return Ran(0, "[22-Nov-2026 23:00:00] NOTICE: configuration file {config} test is successful\n\n", "")

    monkeypatch.setattr(config_check, "run_on_pipe", fake)
    return ran
