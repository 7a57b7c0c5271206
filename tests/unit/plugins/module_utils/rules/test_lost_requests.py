# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Beyond the seven: losses with a name of their own."""

from typing import Callable, Dict, Tuple

import pytest
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules import hosts
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.hosts import seen


def reloaded() -> hosts.Snapshot:
    return hosts.fpm_said(
        hosts.nginx_said(seen("plain"), "ng-reset-header", 60.0), "fpm-reloading", 61.0, pool=None
    )


def not_allowed() -> hosts.Snapshot:
    """listen.allowed_clients names another host than nginx's."""
    snapshot = hosts.silent_logs(hosts.dialled(seen("exhausted_tcp"), "ok", None, "closed"))
    hosts.pool(snapshot)["allowed_clients"] = ["192.0.2.7"]
    return snapshot


HITS: Dict[str, Callable[[], hosts.Snapshot]] = {
    "request_terminate_timeout": lambda: hosts.fpm_said(
        hosts.nginx_said(seen("plain"), "ng-reset-header", 60.0), "fpm-terminate", 61.0
    ),
    "no_grace": reloaded,
    "fastcgi_buffer_size": lambda: hosts.nginx_said(seen("plain"), "ng-too-big-header", 60.0),
    "unix_backlog": lambda: hosts.nginx_said(seen("plain"), "ng-connect-eagain", 60.0),
    "connections": lambda: hosts.nginx_said(seen("plain"), "ng-worker-connections", 60.0),
    "allowed_clients": not_allowed,
}
VERDICTS: Dict[str, Tuple[str, str, str]] = {
    "request_terminate_timeout": ("request_terminated", "active", "degraded"),
    "no_grace": ("reload_interrupted", "recovered", "recovered"),
    "fastcgi_buffer_size": ("response_header_too_big", "active", "degraded"),
    "unix_backlog": ("listen_backlog_full", "active", "degraded"),
    "connections": ("nginx_limit", "active", "degraded"),
    "allowed_clients": ("client_not_allowed", "active", "failing"),
}


@pytest.mark.parametrize("reason", sorted(HITS))
def test_hit_each_reason_alone(reason: str) -> None:
    cause, state, status = VERDICTS[reason]
    found = hosts.verdict(HITS[reason]())
    assert (
        [(item["cause"], item["reason"], item["state"]) for item in found["findings"]],
        found["status"],
    ) == ([(cause, reason, state)], status)


def test_hit_a_worker_that_was_ended_by_its_own_limit_is_not_a_killed_worker() -> None:
    """php-fpm sends SIGKILL when SIGTERM did not help."""
    snapshot = hosts.fpm_said(seen("worker_killed"), "fpm-terminate", 0.0)
    died = next(one for one in snapshot["logs"]["events"] if one["signature"] == "fpm-exit-sigkill")
    snapshot["logs"]["events"][-1].update(times=[died["first"]], first=died["first"], last=died["last"])
    assert [cause for cause, _reason, _state in hosts.causes(snapshot)] == ["request_terminated"]


def test_near_miss_a_reload_beside_nothing_lost_is_everyday() -> None:
    assert hosts.causes(hosts.fpm_said(seen("plain"), "fpm-reloading", 61.0, pool=None)) == []


def test_near_miss_a_reset_minutes_after_the_reload_is_not_the_reloads() -> None:
    snapshot = hosts.fpm_said(
        hosts.nginx_said(seen("plain"), "ng-reset-header", 60.0), "fpm-reloading", 200.0, pool=None
    )
    assert (hosts.causes(snapshot), hosts.verdict(snapshot)["status"]) == ([], "degraded")


def test_near_miss_a_reset_that_the_reload_does_not_explain_keeps_the_host_degraded() -> None:
    snapshot = hosts.nginx_said(reloaded(), "ng-premature-header", 500.0)
    found = hosts.verdict(snapshot)
    assert ([item["cause"] for item in found["findings"]], found["status"]) == (
        ["reload_interrupted"],
        "degraded",
    )
    assert [entry["what"] for entry in found["missing"]] == ["cause_of_losses"]


def test_near_miss_a_terminated_request_of_another_pool_is_not_this_ones() -> None:
    snapshot = hosts.fpm_said(
        hosts.nginx_said(seen("plain"), "ng-reset-header", 60.0), "fpm-terminate", 61.0, pool="blog"
    )
    assert hosts.causes(snapshot) == []


def test_near_miss_allowed_clients_do_not_concern_a_unix_socket() -> None:
    snapshot = hosts.dialled(seen("plain"), "ok", None, "closed")
    hosts.pool(snapshot)["allowed_clients"] = ["192.0.2.7"]
    assert (hosts.causes(snapshot), hosts.verdict(snapshot)["status"]) == ([], "unknown")


def test_decoy_a_list_of_allowed_clients_that_lets_nginx_in_is_nothing() -> None:
    snapshot = hosts.dialled(not_allowed(), "ok", None, "answered", 0.5)
    assert (hosts.causes(snapshot), hosts.verdict(snapshot)["status"]) == ([], "healthy")


def test_decoy_a_reload_of_another_master_is_not_this_ones() -> None:
    snapshot = reloaded()
    snapshot["logs"]["events"][-1]["master"] = "/etc/php/7.4/fpm/php-fpm.conf"
    assert hosts.causes(snapshot) == []
