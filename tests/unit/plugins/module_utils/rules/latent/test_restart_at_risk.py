# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the next restart would break."""

from typing import Any, Callable, Dict

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.ahead.problems import KINDS
from ansible_collections.webmedic.php_fpm.plugins.module_utils.rules.latent.restart_at_risk import REASONS
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.hosts import Host, a_host
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.latent.parts import (
    UNIT,
    foreseen,
    restart,
    risks,
    the_risk,
    well_set_up,
)

CAUSE = "restart_at_risk"
CONFIG = "/etc/php/8.2/fpm/php-fpm.conf"
SWAP = {"path": "/swapfile", "kind": "file", "size_kb": 524288, "kept": False}


def with_problem(kind: str, **facts: Any) -> Callable[[], Host]:
    return lambda: well_set_up(restart=restart(foreseen(kind, **facts)))


# Reason -> a host that has it.
HITS: Dict[str, Callable[[], Host]] = {
    "unit_not_enabled": with_problem("unit_disabled"),
    "unit_masked": with_problem("unit_masked"),
    "started_by_hand": with_problem("unit_missing"),
    "runtime_dir_not_at_boot": with_problem("socket_directory_lost", endpoint="unix:/run/own/a.sock"),
    "config_fails": with_problem("config_refused"),
    "start_fails": with_problem("start_refused"),
    "socket_lost": with_problem("no_listener"),
    "config_differs": with_problem("config_not_loaded", severity="info"),
    "php_upgraded": with_problem("program_replaced", severity="info"),
    "swap_not_in_fstab": lambda: well_set_up(swap=[SWAP]),
    "oom_stops_unit": lambda: well_set_up(restart=restart()).with_unit(oom_policy="stop", restart="no"),
    "reload_cuts": lambda: well_set_up(restart=restart()).with_master(process_control_timeout=0.0),
}
REMEDIES = {
    "unit_not_enabled": {"action": "unit_enable", "arguments": {"unit": UNIT}},
    "runtime_dir_not_at_boot": {
        "action": "runtime_directory_create",
        "arguments": {"path": "/run/own", "unit": UNIT},
    },
    "swap_not_in_fstab": {"action": "swap_keep", "arguments": {"path": "/swapfile"}},
    "oom_stops_unit": {"action": "unit_oom_policy", "arguments": {"unit": UNIT}},
    "reload_cuts": {"action": "reload_grace_set", "arguments": {"config": CONFIG, "unit": UNIT}},
}


class TestEach:
    @pytest.mark.parametrize("reason", sorted(HITS))
    def test_hit_it_is_the_only_one(self, reason: str) -> None:
        found = the_risk(HITS[reason]())
        assert (found["cause"], found["reason"]) == (CAUSE, reason)
        assert found["remedy"] == ([REMEDIES[reason]] if reason in REMEDIES else [])

    def test_decoy_a_host_that_is_set_up_well_has_none(self) -> None:
        assert risks(well_set_up(restart=restart(), swap=[])) == []

    @pytest.mark.parametrize("host", [a_host, well_set_up])
    def test_decoy_nobody_looked(self, host: Any) -> None:
        assert risks(host().with_master(process_control_timeout=0.0)) == []


class TestForeseen:
    def test_hit_it_says_whom_it_would_hurt(self) -> None:
        found = the_risk(HITS["unit_not_enabled"]())
        assert (found["unit"], found["sites"]) == (UNIT, ["shop.example"])
        assert (found["severity"], found["confidence"]) == ("warning", "certain")

    def test_hit_what_only_changes_something_is_told_lower(self) -> None:
        assert the_risk(HITS["config_differs"]())["severity"] == "info"

    @pytest.mark.parametrize(
        "at, found",
        [
            (["restart", "reload", "boot"], [(CAUSE, "config_fails")]),
            (["boot"], [(CAUSE, "config_fails"), (CAUSE, "config_differs")]),
        ],
    )
    def test_near_miss_what_would_break_is_not_to_be_loaded(self, at: Any, found: Any) -> None:
        waits = foreseen("config_not_loaded", severity="info", at=["restart", "reload"])
        assert risks(well_set_up(restart=restart(foreseen("config_refused", at=at), waits))) == found

    def test_near_miss_what_is_so_already_is_no_risk(self) -> None:
        assert risks(with_problem("unit_disabled", already=True)()) == []

    def test_near_miss_a_restart_by_hand_that_somebody_ruled_out(self) -> None:
        """As where nginx requires php-fpm: a restart stops both, and starts both."""
        assert risks(with_problem("start_refused", severity="warning", at=["restart"])()) == []

    def test_near_miss_a_newer_nginx_is_not_run_by_a_reload(self) -> None:
        assert risks(with_problem("program_replaced", program="nginx")()) == []

    def test_near_miss_a_kind_of_a_newer_version_is_left_out(self) -> None:
        assert risks(with_problem("of_tomorrow")()) == []

    def test_every_kind_that_can_be_foreseen_is_a_reason(self) -> None:
        assert set(REASONS) == set(KINDS)

    @pytest.mark.parametrize("kind", sorted(KINDS))
    def test_without_a_unit_nothing_of_it_is_done(self, kind: str) -> None:
        for found in risks_of_kind(kind):
            assert found["remedy"] == []


def risks_of_kind(kind: str) -> Any:
    host = well_set_up(restart=restart(foreseen(kind, unit=None, endpoint="unix:/run/own/a.sock")))
    return [the_risk(host)]


class TestOomKill:
    def host(self, policy: Any, again: Any, **facts: Any) -> Host:
        return well_set_up(restart=restart(**facts)).with_unit(oom_policy=policy, restart=again)

    @pytest.mark.parametrize("policy", ["stop", "kill"])
    @pytest.mark.parametrize("again", ["no", "on-success", "on-abort", "on-watchdog"])
    def test_hit_the_unit_stays_down(self, policy: str, again: str) -> None:
        assert risks(self.host(policy, again)) == [(CAUSE, "oom_stops_unit")]

    @pytest.mark.parametrize("again", ["always", "on-failure", "on-abnormal"])
    def test_near_miss_systemd_starts_it_again(self, again: str) -> None:
        assert risks(self.host("stop", again)) == []

    @pytest.mark.parametrize("policy", ["continue", None])
    def test_near_miss_the_others_go_on(self, policy: Any) -> None:
        assert risks(self.host(policy, "no")) == []

    def test_near_miss_systemd_sees_no_kill_in_the_old_hierarchy(self) -> None:
        assert risks(self.host("stop", "no", sees_oom=False)) == []

    def test_decoy_no_unit_is_known(self) -> None:
        assert risks(self.host("stop", "no").without_unit()) == []


class TestReload:
    def test_near_miss_newer_files_do_not_tell_what_was_loaded(self) -> None:
        host = well_set_up(restart=restart()).with_master(process_control_timeout=0.0, config_newer=True)
        assert risks(host) == []

    def test_near_miss_what_nobody_dials_loses_nothing(self) -> None:
        host = (
            well_set_up(restart=restart())
            .with_master(process_control_timeout=0.0)
            .with_pool(endpoint="unix:/run/x")
        )
        assert risks(host) == []

    def test_hit_without_a_unit_it_is_for_a_person(self) -> None:
        host = well_set_up(restart=restart()).with_master(process_control_timeout=0.0).without_unit()
        assert (the_risk(host)["reason"], the_risk(host)["remedy"]) == ("reload_cuts", [])


class TestSwap:
    def test_near_miss_fstab_brings_it_back(self) -> None:
        assert risks(well_set_up(swap=[dict(SWAP, kept=True)])) == []

    def test_hit_a_partition_is_for_a_person(self) -> None:
        found = the_risk(well_set_up(swap=[dict(SWAP, path="/dev/vdb1", kind="partition")]))
        assert (found["reason"], found["remedy"]) == ("swap_not_in_fstab", [])
