# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is done to php-fpm's unit."""

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.actions.steps import pool_step
from ansible_collections.webmedic.php_fpm.plugins.module_utils.work.step import Refusal
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.actions.host import (
    CONFIG,
    POOL,
    UNIT,
    Host,
    added_lines,
    commands,
)


class TestStart:
    def test_the_way_back_is_the_state_before(self) -> None:
        step = Host("stopped").step("unit_start")
        assert (commands(step), step.changes) == (["systemctl start " + UNIT], [])
        stop, clear = step.commands[0].undo
        assert stop == ["systemctl", "stop", UNIT]
        assert clear[-1] == UNIT and "is-failed" in clear[2] and UNIT not in clear[2]

    def test_a_unit_that_runs_meanwhile_is_not_started(self) -> None:
        with pytest.raises(Refusal, match="runs already"):
            Host("plain").resolve("unit_start", {"unit": UNIT})


class TestLoad:
    """restart and reload"""

    def test_a_restart_is_tried_on_the_configuration_first(self) -> None:
        step = Host("socket_deleted").step("unit_restart")
        assert commands(step) == ["systemctl restart " + UNIT]
        trial = step.trials[0]
        assert trial.argv == ["/usr/sbin/php-fpm8.2", "-d", "opcache.preload=", "-t", "-y", CONFIG]
        assert trial.unit == UNIT and "/var/log/php8.2-fpm.log" in trial.silent

    def test_it_is_meant_for_the_files_of_the_unread_pool_alone(self) -> None:
        assert list(Host("config_not_loaded").step("unit_reload").to_load) == [POOL]
        assert list(Host("socket_deleted").step("unit_restart").to_load) == []

    def test_a_pool_that_was_not_read_is_loaded_by_a_reload(self) -> None:
        host = Host("config_not_loaded").unit(can_reload=True)
        planned = host.plan()[0]
        step = host.resolve(planned["id"], planned["arguments"])
        assert (planned["id"], planned["disruption"]) == ("unit_reload", "reload")
        assert (commands(step), step.cuts) == (["systemctl reload " + UNIT], UNIT)

    def test_a_master_that_systemd_did_not_start_is_for_a_person(self) -> None:
        host = Host("socket_root").master(unit=None)
        with pytest.raises(Refusal, match="was not started by systemd"):
            pool_step(host.view, "pool_size_set", CONFIG, "www", [("pm.max_children", "4")], "reload")


class TestOomPolicy:
    def test_one_oom_kill_no_longer_stops_the_unit(self) -> None:
        step = Host().resolve("unit_oom_policy", {"unit": UNIT})
        assert step.changes[0].path == "/etc/systemd/system/%s.d/50-webmedic.conf" % UNIT
        assert {"OOMPolicy=continue", "Restart=on-failure"} <= set(added_lines(step))
        assert commands(step) == ["systemctl daemon-reload"]

    def test_the_drop_in_is_written_once(self) -> None:
        first = Host().resolve("unit_oom_policy", {"unit": UNIT})
        files = {change.path: (change.after or b"").decode("utf-8") for change in first.changes}
        assert Host().files(files).resolve("unit_oom_policy", {"unit": UNIT})[2:5] == ([], [], [])
