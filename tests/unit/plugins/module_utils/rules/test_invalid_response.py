# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Cause 7: a stranger at the endpoint, or a worker that died in a request."""

from typing import Callable, Dict

import pytest
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules import hosts
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.hosts import seen

CAUSE = "invalid_response"


def died_of(signature: str) -> hosts.Snapshot:
    snapshot = seen("segfault")
    next(one for one in snapshot["logs"]["events"] if one["signature"] == "fpm-exit-sigsegv")["signature"] = (
        signature
    )
    return snapshot


HITS: Dict[str, Callable[[], hosts.Snapshot]] = {
    "segfault": lambda: seen("segfault"),
    "killed": lambda: seen("worker_killed"),
    "hard_timeout": lambda: died_of("fpm-exit-124"),
    "not_fastcgi": lambda: seen("not_fastcgi_app"),
    "protocol_error": lambda: hosts.nginx_said(seen("plain"), "ng-invalid-header", 20.0),
}


@pytest.mark.parametrize("reason", sorted(HITS))
def test_hit_each_reason_alone(reason: str) -> None:
    found = hosts.verdict(HITS[reason]())
    assert [(item["cause"], item["reason"], item["state"]) for item in found["findings"]] == [
        (CAUSE, reason, "active")
    ]
    assert found["status"] == ("failing" if reason == "not_fastcgi" else "degraded")


def test_hit_what_two_logs_alone_tell_is_likely() -> None:
    assert [hosts.only(seen(fault))["confidence"] for fault in ("segfault", "worker_killed")] == [
        "likely",
        "likely",
    ]


def test_hit_the_stranger_is_named() -> None:
    item = hosts.only(seen("not_fastcgi_app"))
    assert (item["evidence"][0]["source"], item["confidence"]) == ("socket", "certain") and "python3" in item[
        "summary"
    ]


def test_hit_a_stranger_is_found_before_the_first_request_is_lost() -> None:
    assert hosts.causes(hosts.silent_logs(seen("not_fastcgi"))) == [(CAUSE, "not_fastcgi", "active")]


@pytest.mark.parametrize(
    "signature", ["fpm-exit-sigsegv-core", "fpm-exit-sigbus", "fpm-exit-sigabrt", "fpm-exit-sigill"]
)
def test_hit_every_crash_signal(signature: str) -> None:
    assert hosts.causes(died_of(signature)) == [(CAUSE, "segfault", "active")]


def test_hit_the_kernels_line_about_the_crash_is_added() -> None:
    snapshot = seen("segfault")
    at = next(one for one in snapshot["logs"]["events"] if one["signature"] == "fpm-exit-sigsegv")["first"]
    snapshot["oom"]["segfaults"] = [
        {
            "at": at + 1.0,
            "pid": 9,
            "comm": "php-fpm8.2",
            "module": "opcache.so",
            "ours": None,
            "text": "php-fpm8.2[9]: segfault at 0 ip 00007f in opcache.so",
        }
    ]
    assert [piece["source"] for piece in hosts.only(snapshot)["evidence"]] == [
        "fpm_log",
        "kernel",
        "nginx_log",
    ]


def test_near_miss_a_silent_stranger_is_only_likely() -> None:
    snapshot = hosts.dialled(seen("not_fastcgi_app"), "ok", None, "no_answer")
    assert (hosts.only(snapshot)["reason"], hosts.only(snapshot)["confidence"]) == ("not_fastcgi", "likely")


@pytest.mark.parametrize("probe", ["no_answer", "closed"])
def test_near_miss_a_forwarder_is_silent_when_php_fpm_behind_it_is(probe: str) -> None:
    """A published port of a container whose php-fpm is full, or stopped."""
    snapshot = hosts.dialled(hosts.silent_logs(seen("not_fastcgi_app")), "ok", None, probe)
    hosts.place(snapshot)["listeners"][0]["comm"] = "docker-proxy"
    assert (hosts.causes(snapshot), hosts.verdict(snapshot)["status"]) == ([], "unknown")


def test_near_miss_a_worker_that_died_while_idle_lost_nobodys_request() -> None:
    snapshot = seen("segfault")
    snapshot["logs"]["events"] = [one for one in snapshot["logs"]["events"] if one["source"] == "fpm"]
    assert hosts.causes(snapshot) == []


def test_near_miss_a_crash_in_another_pool_is_not_this_ones() -> None:
    snapshot = seen("segfault")
    for one in snapshot["logs"]["events"]:
        one["pool"] = "blog" if one["pool"] else None
    assert CAUSE not in [cause for cause, _reason, _state in hosts.causes(snapshot)]


def test_near_miss_a_reset_at_another_time_than_the_crash_stays_unexplained() -> None:
    snapshot = seen("segfault")
    reset = next(one for one in snapshot["logs"]["events"] if one["source"] == "nginx")
    reset.update(times=[at + 60 for at in reset["times"]])
    assert (hosts.causes(snapshot), hosts.verdict(snapshot)["status"]) == ([], "degraded")


def test_near_miss_closed_by_php_fpm_itself_is_no_stranger_and_no_health() -> None:
    snapshot = hosts.dialled(seen("plain"), "ok", None, "closed")
    assert (hosts.causes(snapshot), hosts.verdict(snapshot)["status"]) == ([], "unknown")


def test_decoy_a_reset_alone_names_no_cause() -> None:
    snapshot = hosts.nginx_said(seen("plain"), "ng-reset-header", 60.0)
    assert (hosts.causes(snapshot), hosts.verdict(snapshot)["status"]) == ([], "degraded")


def test_decoy_a_php_error_and_a_worker_that_left_at_max_requests_are_nothing() -> None:
    snapshot = hosts.fpm_said(hosts.fpm_said(seen("plain"), "fpm-exit-255", 30.0), "fpm-exit-0", 20.0)
    assert (hosts.causes(snapshot), hosts.verdict(snapshot)["status"]) == ([], "healthy")


def test_decoy_a_stranger_that_speaks_fastcgi_is_a_backend() -> None:
    snapshot = hosts.dialled(hosts.silent_logs(seen("not_fastcgi_app")), "ok", None, "answered", 1.0)
    assert (hosts.causes(snapshot), hosts.verdict(snapshot)["status"]) == ([], "healthy")
