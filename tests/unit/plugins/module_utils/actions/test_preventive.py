# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What only a risk asks for."""

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.verdict.step import Refusal
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.actions.host import (
    CONFIG,
    UNIT,
    Host,
    added_lines,
    commands,
)

GRACE = {"config": CONFIG, "unit": UNIT}


class TestReloadGrace:
    def test_it_is_set_in_global_and_loaded_by_a_reload(self) -> None:
        step = Host("plain").resolve("reload_grace_set", GRACE)
        assert added_lines(step) == ["process_control_timeout = 10s"]
        assert (commands(step), step.cuts) == (["systemctl reload " + UNIT], UNIT)
        assert step.trials[0].argv[-2:] == ["-y", CONFIG]

    def test_one_that_somebody_set_is_left(self) -> None:
        with pytest.raises(Refusal, match="is set already"):
            Host("plain").master(process_control_timeout=3.0).resolve("reload_grace_set", GRACE)


class TestSwapKeep:
    def test_the_file_gets_a_line_behind_the_others(self) -> None:
        step = (
            Host()
            .with_file("/etc/fstab", "LABEL=root / ext4 defaults 0 1\n")
            .resolve("swap_keep", {"path": "/swapfile"})
        )
        (line,) = added_lines(step)
        assert line.split()[:3] == ["/swapfile", "none", "swap"] and step.commands == []

    def test_one_that_is_there_stays_alone(self) -> None:
        host = Host().with_file("/etc/fstab", "/swapfile none swap sw 0 0\n")
        assert host.resolve("swap_keep", {"path": "/swapfile"}).changes == []

    @pytest.mark.parametrize("path", ["/swap file", "swapfile", "/a/../b"])
    def test_a_path_that_fstab_would_read_otherwise_is_refused(self, path: str) -> None:
        with pytest.raises(Refusal, match="no plain path"):
            Host().resolve("swap_keep", {"path": path})
