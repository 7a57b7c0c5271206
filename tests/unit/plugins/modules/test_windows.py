# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""No module looks back over nothing: with such a window every host would seem healthy."""

import pathlib
import re
from typing import Any

import pytest
from ansible_collections.webmedic.php_fpm.plugins.modules import (
    bundle_info,
    diagnosis_info,
    fpm_info,
    oom_info,
    prevention,
    remediation,
    risk_info,
    upstream_error_info,
)
from ansible_collections.webmedic.php_fpm.tests.unit.places import ROOT
from ansible_collections.webmedic.php_fpm.tests.unit.support import FakeHost

ROOT_MODULES = pathlib.Path(ROOT) / "plugins" / "modules"
MODULES = (
    bundle_info,
    diagnosis_info,
    fpm_info,
    oom_info,
    prevention,
    remediation,
    risk_info,
    upstream_error_info,
)


class TestWindows:
    @pytest.mark.parametrize("seconds", [0, -5])
    @pytest.mark.parametrize("module", MODULES)
    def test_a_window_of_nothing_is_refused(self, run_module: Any, module: Any, seconds: int) -> None:
        host = FakeHost({})
        reply = run_module(module, host, window=seconds)
        assert reply["failed"] and "window is %d: it must be 1 second or more" % seconds in reply["msg"]

    def test_no_module_with_a_window_is_missing_here(self) -> None:
        known = {module.__name__.rpartition(".")[2] for module in MODULES}
        asking = {
            path.stem
            for path in ROOT_MODULES.glob("*.py")
            if re.search(
                r'^            "window": \{"type": "int"|argument_spec=\{"window"', path.read_text(), re.M
            )
        }
        assert asking == known
