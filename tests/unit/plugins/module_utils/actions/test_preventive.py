# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What only a risk asks for."""

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.work.step import Refusal
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


class TestSocketShut:
    SHUT = {"config": CONFIG, "pool": "www", "unit": UNIT, "user": "www-data"}

    def test_the_mode_is_taken_from_others_by_a_restart(self) -> None:
        host = Host("plain").pool(listen_mode="0666", listen_owner="www-data", listen_group="www-data")
        step = host.resolve("socket_shut", self.SHUT)
        assert added_lines(step) == ["listen.mode = 0660"]
        assert (commands(step), step.cuts) == (["systemctl restart " + UNIT], UNIT)

    def test_nginx_would_lose_it(self) -> None:
        host = Host("plain").pool(listen_mode="0666", listen_owner="root", listen_group="root")
        with pytest.raises(Refusal, match="it would lose it"):
            host.resolve("socket_shut", self.SHUT)

    def test_a_mode_that_lets_nobody_in(self) -> None:
        """0o664 is 0 for php-fpm."""
        host = Host("plain").pool(listen_mode="0o664", listen_owner="www-data", listen_group="www-data")
        with pytest.raises(Refusal, match="it would lose it"):
            host.resolve("socket_shut", self.SHUT)

    def test_an_acl_is_left_to_a_person(self) -> None:
        with pytest.raises(Refusal, match="has an ACL"):
            Host("plain").pool(listen_mode="0666", acl_users=["a"]).resolve("socket_shut", self.SHUT)


class TestEvidence:
    def test_the_level_is_set(self) -> None:
        step = Host("plain").master(log_level="error").resolve("fpm_log_level_set", GRACE)
        assert added_lines(step) == ["log_level = notice"] and commands(step) == ["systemctl reload " + UNIT]

    def test_a_level_that_tells_is_left(self) -> None:
        with pytest.raises(Refusal, match="tells of them already"):
            Host("plain").resolve("fpm_log_level_set", GRACE)

    def test_output_is_caught(self) -> None:
        step = (
            Host("plain")
            .pool(catch_workers_output=False)
            .resolve("worker_output_catch", dict(GRACE, pool="www"))
        )
        assert added_lines(step) == ["catch_workers_output = yes"]

    def test_output_that_is_caught_is_left(self) -> None:
        with pytest.raises(Refusal, match="is on already"):
            Host("plain").pool(catch_workers_output=True).resolve(
                "worker_output_catch", dict(GRACE, pool="www")
            )


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
