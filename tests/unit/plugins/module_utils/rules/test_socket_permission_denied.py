# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Cause 2: who may not connect, and what only looks like a refusal."""

from typing import Callable, Dict

import pytest
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules import hosts
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.hosts import seen

CAUSE = "socket_permission_denied"


def by_acl() -> hosts.Snapshot:
    """The pool has an ACL, and nginx's user is not in it."""
    snapshot = seen("socket_root")
    hosts.pool(snapshot)["acl_users"] = ["apache"]
    hosts.place(snapshot)["connect"]["blocked_by"]["acl"] = True
    return snapshot


def file_at_the_path(result: str, errno: int) -> hosts.Snapshot:
    snapshot = hosts.dialled(seen("socket_root"), result, errno)
    hosts.place(snapshot).update(type="file", inode_matches=False)
    return snapshot


def by_policy() -> hosts.Snapshot:
    snapshot = seen("socket_root")
    hosts.place(snapshot)["connect"]["blocked_by"].update(
        kind="mandatory_access", why="a security module did", acl=False
    )
    return snapshot


def hidden() -> hosts.Snapshot:
    """nginx's unit has ProtectHome=yes: what nginx sees of /home is a directory that nobody may search."""
    snapshot = seen("parent_directory")
    hosts.place(snapshot)["hidden"] = {
        "path": "/home",
        "who": "nginx",
        "unit": "nginx.service",
        "setting": "ProtectHome=yes",
    }
    return snapshot


def put_into_a_group_later() -> hosts.Snapshot:
    snapshot = seen("socket_root")
    hosts.place(snapshot)["connect"]["blocked_by"]["kind"] = "group_not_in_force"
    return snapshot


HITS: Dict[str, Callable[[], hosts.Snapshot]] = {
    "socket_mode": lambda: seen("socket_0600"),
    "acl": by_acl,
    "parent_directory": lambda: seen("parent_directory"),
    "not_a_socket": lambda: file_at_the_path("refused", 111),
    "mandatory_access": by_policy,
    "mount_namespace": hidden,
    "group_not_in_force": put_into_a_group_later,
}


@pytest.mark.parametrize("reason", sorted(HITS))
def test_hit_each_reason_alone_and_failing(reason: str) -> None:
    found = hosts.verdict(HITS[reason]())
    assert [(item["cause"], item["reason"], item["state"]) for item in found["findings"]] == [
        (CAUSE, reason, "active")
    ]
    assert found["status"] == "failing"


def test_hit_the_file_that_refuses_is_the_first_evidence() -> None:
    piece = hosts.only(seen("parent_directory"))["evidence"][0]
    assert (piece["source"], piece["path"]) == ("file", "/run/php") and "www-data" in piece["text"]


def test_hit_it_is_found_before_the_first_request_is_lost() -> None:
    item = hosts.only(hosts.silent_logs(seen("socket_root")))
    assert (item["cause"], item["count"], item["since"]) == (CAUSE, 0, None)


@pytest.mark.parametrize(
    "make, action",
    [
        (lambda: seen("socket_root"), ["socket_access_set"]),
        (by_acl, ["socket_acl_add"]),
        (lambda: seen("parent_directory"), ["directory_search_allow"]),
        (by_policy, []),
        (hidden, []),
        (put_into_a_group_later, []),
        (lambda: file_at_the_path("denied", 13), []),
    ],
)
def test_hit_the_cure_is_the_reasons_own(make: Callable[[], hosts.Snapshot], action: str) -> None:
    assert hosts.actions(make()) == action


def test_hit_a_refused_tcp_connect_has_no_mode_to_set() -> None:
    """EACCES on TCP is SELinux's httpd_can_network_connect or a packet filter."""
    snapshot = hosts.dialled(seen("exhausted_tcp"), "denied", 13)
    assert (
        hosts.causes(hosts.silent_logs(snapshot)) == [(CAUSE, "mandatory_access", "active")]
        and hosts.actions(snapshot) == []
    )


def test_hit_not_root_and_its_mode_keeps_nginx_out_is_likely() -> None:
    """We may connect, as a member of its group; nginx's user may not."""
    snapshot = hosts.unseen(seen("socket_root"), "connect_as_nginx")
    hosts.place(snapshot)["connect"].update(result="ok", errno=None, error=None, as_user=None)
    assert (hosts.only(snapshot)["reason"], hosts.only(snapshot)["confidence"]) == ("socket_mode", "likely")
    assert "probe" not in [piece["source"] for piece in hosts.only(snapshot)["evidence"]], (
        "our own connect proves nothing"
    )


def test_hit_what_a_sandbox_hides_is_named_and_no_mode_of_the_host_is_blamed() -> None:
    item = hosts.only(hidden())
    assert "nginx sees another /home than the host has: ProtectHome=yes of nginx.service" in item["summary"]
    assert item["evidence"][0]["source"] == "systemd" and not [
        piece for piece in item["evidence"] if "mode" in piece["text"]
    ]


def test_near_miss_our_own_refusal_says_nothing_about_nginx() -> None:
    """An audit without root is refused by a socket that is open to nginx."""
    snapshot = hosts.unseen(hosts.silent_logs(seen("socket_root")), "connect_as_nginx")
    hosts.place(snapshot)["connect"].update(as_user=None, blocked_by=None)
    assert (hosts.causes(snapshot), hosts.verdict(snapshot)["status"]) == ([], "unknown")


def test_near_miss_refusals_until_php_fpm_was_restarted_are_over() -> None:
    snapshot = hosts.nginx_said(hosts.ran_since(seen("plain"), 60.0), "ng-connect-eacces", 90.0, 100.0)
    assert (hosts.causes(snapshot), hosts.verdict(snapshot)["status"]) == (
        [(CAUSE, "socket_mode", "recovered")],
        "recovered",
    )
    assert hosts.actions(snapshot) == []


def test_near_miss_refusals_until_nginx_was_restarted_as_another_user_are_over() -> None:
    snapshot = hosts.nginx_said(hosts.ran_since(seen("plain"), 600.0), "ng-connect-eacces", 90.0)
    snapshot["nginx"]["master"]["started_at"] = hosts.now(snapshot) - 60.0
    assert hosts.causes(snapshot) == [(CAUSE, "socket_mode", "recovered")]
    assert "until nginx was restarted" in hosts.only(snapshot)["summary"]


def test_near_miss_refusals_that_ended_without_a_restart_are_over() -> None:
    """As after a remediation, which adds an entry to the ACL of the live socket."""
    snapshot = hosts.nginx_said(hosts.ran_since(seen("plain"), 600.0), "ng-connect-eacces", 30.0)
    hosts.place(snapshot)["acl"] = ["user::rw-", "user:www-data:rw-", "group::rw-", "mask::rw-", "other::---"]
    assert hosts.causes(snapshot) == [(CAUSE, "acl", "recovered")]


def test_near_miss_a_socket_that_somebody_left_behind_is_a_wrong_path() -> None:
    """It refuses nginx, and nobody would answer if it did not."""
    snapshot = seen("old_socket")
    hosts.dialled(snapshot, "denied", 13)
    hosts.place(snapshot).update(exists=True, type="socket", listening=False)
    assert hosts.causes(snapshot) == [("socket_path_mismatch", "other_socket", "active")]


def test_near_miss_a_test_that_could_not_take_nginxs_rights_says_nothing() -> None:
    """setresuid() fails in a container without CAP_SETUID: no errno of a connect."""
    snapshot = hosts.dialled(seen("plain"), "error")
    hosts.place(snapshot)["connect"]["error"] = "[Errno 1] Operation not permitted"
    assert (hosts.causes(snapshot), hosts.verdict(snapshot)["status"]) == ([], "unknown")


def test_decoy_a_refusal_in_the_log_while_nginx_connects_now_is_no_active_finding() -> None:
    snapshot = hosts.nginx_said(hosts.ran_since(seen("plain"), 600.0), "ng-connect-eacces", 30.0)
    found = hosts.verdict(snapshot)
    assert [(item["state"], item["confidence"], item["remedy"]) for item in found["findings"]] == [
        ("recovered", "possible", [])
    ]
    assert found["plan"] == []


def test_decoy_a_strange_mode_that_lets_nginx_in_is_nothing() -> None:
    snapshot = seen("plain")
    hosts.place(snapshot).update(owner="root", group="root", mode="0600")
    assert (hosts.causes(snapshot), hosts.verdict(snapshot)["status"]) == ([], "healthy")


def test_decoy_a_refusal_on_the_socket_of_another_program_is_not_about_this_one() -> None:
    snapshot = hosts.nginx_said(seen("plain"), "ng-connect-eacces", 30.0, endpoint="unix:/run/uwsgi/api.sock")
    assert (hosts.causes(snapshot), hosts.verdict(snapshot)["status"]) == ([], "healthy")
