# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Cause 2: who may not connect, and what only looks like a refusal."""

from typing import Callable, Dict, List

import pytest
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules import confinement as made
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules import hosts
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules import older as made_older
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.hosts import Host, a_host

CAUSE = "socket_permission_denied"
NEW_USER = dict(
    made_older.loaded_at(1.0),
    configured={"user": "web2", "uid": 999, "groups": [999], "file": "/etc/nginx/nginx.conf", "line": 1},
)
ACL = ["user::rw-", "user:www-data:rw-", "group::rw-", "mask::rw-", "other::---"]


def by_acl() -> Host:
    """The pool has an ACL, and nginx's user is not in it."""
    return a_host("socket_root").with_pool(acl_users=["apache"]).blocked_by(acl=True)


def file_at_the_path(result: str, errno: int) -> Host:
    return a_host("socket_root").dialled(result, errno).with_endpoint(type="file", inode_matches=False)


def directory_at_the_path() -> Host:
    """Its mode lets nginx search it, and the kernel asks whether nginx may write to it."""
    return by_policy().with_endpoint(type="directory", inode_matches=False)


def by_policy() -> Host:
    return a_host("socket_root").blocked_by(kind="mandatory_access", acl=False)


def hidden() -> Host:
    """nginx's unit has ProtectHome=yes: what nginx sees of /home is a directory that nobody may search."""
    sandbox = {"path": "/home", "who": "nginx", "unit": "nginx.service", "setting": "ProtectHome=yes"}
    return a_host("parent_directory").with_endpoint(hidden=sandbox)


def put_into_a_group_later() -> Host:
    return not_in_force("group_not_in_force")


def not_in_force(kind: str) -> Host:
    return a_host("socket_root").blocked_by(kind=kind, groups=["client0"], configured="web2")


def former_user() -> Host:
    """The directive names one who may connect, and the workers of before run."""
    return not_in_force("user_not_in_force").with_nginx(loaded=NEW_USER)


def refused_before(restart: float, *ago: float) -> Host:
    """nginx was refused; it may connect now. restart: seconds since php-fpm's."""
    return a_host().ran_since(restart).nginx_said("ng-connect-eacces", *ago)


HITS: Dict[str, Callable[[], Host]] = {
    "socket_mode": lambda: a_host("socket_0600"),
    "socket_unit": lambda: a_host("socket_0600").blocked_by(kind="socket_unit"),
    "acl": by_acl,
    "parent_directory": lambda: a_host("parent_directory"),
    "not_a_socket": lambda: file_at_the_path("refused", 111),
    "mandatory_access": by_policy,
    "mount_namespace": hidden,
    "group_not_in_force": put_into_a_group_later,
    "group_needs_restart": lambda: not_in_force("group_needs_restart"),
    "group_of_the_master": lambda: not_in_force("group_of_the_master"),
    "user_not_in_force": former_user,
    "selinux_label": made.wrong_label,
    "selinux_domain": made.wrong_domain,
    "selinux_port": made.wrong_port,
    "apparmor": made.by_apparmor,
    "address_family": made.no_unix_sockets,
    "system_call": made.no_connect,
}


class TestEachReason:
    def test_hit_a_directory_is_no_matter_of_a_policy(self) -> None:
        item = hosts.only(directory_at_the_path())
        assert item["reason"] == "not_a_socket" and "SELinux" not in item["summary"]

    @pytest.mark.parametrize("reason", sorted(HITS))
    def test_hit_each_reason_alone_is_failing(self, reason: str) -> None:
        assert hosts.found(HITS[reason]()) == ([(CAUSE, reason, "active")], "failing")


class TestRefused:
    def test_hit_the_file_that_refuses_is_the_first_evidence(self) -> None:
        piece = hosts.only(a_host("parent_directory"))["evidence"][0]
        assert (piece["source"], piece["path"]) == ("file", "/run/php") and "www-data" in piece["text"]

    def test_hit_the_root_directory_is_left_to_a_person(self) -> None:
        assert hosts.actions(a_host("parent_directory").blocked_by(path="/")) == []

    def test_hit_it_is_found_before_the_first_request_is_lost(self) -> None:
        item = hosts.only(a_host("socket_root").silent_logs())
        assert (item["cause"], item["count"], item["since"]) == (CAUSE, 0, None)

    @pytest.mark.parametrize(
        "make, actions",
        [
            (lambda: a_host("socket_root"), ["socket_access_set"]),
            (by_acl, ["socket_acl_add"]),
            (lambda: a_host("parent_directory"), ["directory_search_allow"]),
            (by_policy, []),
            (hidden, []),
            (put_into_a_group_later, []),
            (lambda: not_in_force("group_needs_restart"), []),
            (lambda: not_in_force("group_of_the_master"), []),
            (former_user, []),
            (lambda: file_at_the_path("denied", 13), []),
            (directory_at_the_path, []),
        ],
    )
    def test_hit_the_cure_is_the_reasons_own(self, make: Callable[[], Host], actions: List[str]) -> None:
        assert hosts.actions(make()) == actions

    def test_hit_a_refused_tcp_connect_has_no_mode_to_set(self) -> None:
        """EACCES on TCP is SELinux's httpd_can_network_connect or a packet filter."""
        host = a_host("exhausted_tcp").dialled("denied", 13).silent_logs()
        assert hosts.causes(host) == [(CAUSE, "mandatory_access", "active")]
        assert hosts.actions(host) == []

    def test_hit_what_a_sandbox_hides_is_named(self) -> None:
        """No mode of the host is blamed."""
        item = hosts.only(hidden())
        words = "nginx sees another /home than the host has: ProtectHome=yes of nginx.service"
        assert words in item["summary"] and item["evidence"][0]["source"] == "systemd"
        assert not [piece for piece in item["evidence"] if "mode" in piece["text"]]


class TestFormerUser:
    def test_hit_the_line_that_names_the_new_one_stands_first(self) -> None:
        """A reload gives nginx's directories to the new user: that is for a person to do."""
        item = hosts.only(former_user())
        assert (item["evidence"][0]["path"], item["unit"]) == ("/etc/nginx/nginx.conf", "nginx.service")

    def test_near_miss_one_who_may_not_either_is_not_let_in(self) -> None:
        """The socket is opened to nobody who will not dial it."""
        host = a_host("socket_root").with_nginx(loaded=NEW_USER)
        assert hosts.causes(host) == [(CAUSE, "socket_mode", "active")] and hosts.actions(host) == []

    def test_decoy_a_former_user_who_may_connect(self) -> None:
        assert hosts.found(a_host().with_nginx(loaded=NEW_USER)) == hosts.HEALTHY


class TestSocketUnit:
    def test_hit_nothing_of_the_pool_is_changed(self) -> None:
        host = a_host("socket_0600").blocked_by(kind="socket_unit")
        assert hosts.causes(host) == [(CAUSE, "socket_unit", "active")] and hosts.actions(host) == []
        assert "systemd made it" in hosts.only(host)["summary"]

    def test_hit_its_unit_is_stopped(self) -> None:
        host = a_host("socket_0600").with_unit(ties={"shop.socket": "needs"})
        item = hosts.only(host)
        assert (item["reason"], item["confidence"]) == ("socket_unit", "likely")
        assert hosts.actions(host) == []

    def test_near_miss_a_socket_of_php_fpms_own(self) -> None:
        assert hosts.causes(a_host("socket_0600")) == [(CAUSE, "socket_mode", "active")]


class TestWithoutRoot:
    def test_hit_a_mode_that_keeps_nginx_out_is_likely(self) -> None:
        """We may connect, as a member of its group; nginx's user may not."""
        host = a_host("socket_root").unseen("connect_as_nginx")
        item = hosts.only(host.with_connect(result="ok", errno=None, error=None, as_user=None))
        assert (item["reason"], item["confidence"]) == ("socket_mode", "likely")
        sources = [piece["source"] for piece in item["evidence"]]
        assert "probe" not in sources, "our own connect proves nothing"

    def test_near_miss_our_own_refusal_says_nothing_about_nginx(self) -> None:
        """An audit without root is refused by a socket that is open to nginx."""
        host = a_host("socket_root").silent_logs().unseen("connect_as_nginx")
        assert hosts.found(host.with_connect(as_user=None, blocked_by=None)) == hosts.UNKNOWN

    def test_near_miss_a_test_that_could_not_take_nginxs_rights(self) -> None:
        """setresuid() fails in a container without CAP_SETUID: no errno of a connect."""
        host = a_host().dialled("error").with_connect(error="[Errno 1] Operation not permitted")
        assert hosts.found(host) == hosts.UNKNOWN


class TestOver:
    def test_near_miss_refusals_until_php_fpm_was_restarted(self) -> None:
        host = refused_before(60.0, 90.0, 100.0)
        assert hosts.found(host) == ([(CAUSE, "socket_mode", "recovered")], "recovered")
        assert hosts.actions(host) == []

    def test_near_miss_refusals_until_nginx_was_restarted(self) -> None:
        """As another user."""
        host = refused_before(600.0, 90.0)
        host.nginx_runs_since(60.0)
        assert hosts.causes(host) == [(CAUSE, "socket_mode", "recovered")]
        assert "until nginx was restarted" in hosts.only(host)["summary"]

    def test_near_miss_refusals_that_ended_without_a_restart(self) -> None:
        """As after a remediation, which adds an entry to the ACL of the live socket."""
        host = refused_before(600.0, 30.0).with_endpoint(acl=ACL)
        assert hosts.causes(host) == [(CAUSE, "acl", "recovered")]

    @pytest.mark.parametrize(
        "owner, newer, reason",
        [
            ("root", False, "socket_mode"),
            ("root", True, "parent_directory"),
            ("0", False, "parent_directory"),
            ("www-data", False, "parent_directory"),
        ],
    )
    def test_near_miss_somebody_changed_the_sockets_owner(self, owner: str, newer: bool, reason: str) -> None:
        """The pool's file, which is loaded, has another."""
        host = refused_before(600.0, 30.0).with_pool(listen_owner=owner, listen_group=None, acl_users=[])
        assert hosts.causes(host.with_master(config_newer=newer)) == [(CAUSE, reason, "recovered")]
        assert ("next restart" in hosts.only(host)["summary"]) == (reason == "socket_mode")

    def test_decoy_a_logged_refusal_while_nginx_connects_now(self) -> None:
        host = refused_before(600.0, 30.0)
        item = hosts.only(host)
        assert (item["state"], item["confidence"], item["remedy"]) == ("recovered", "possible", [])
        assert hosts.actions(host) == []


class TestElsewhere:
    def test_near_miss_a_socket_that_was_left_is_a_wrong_path(self) -> None:
        """It refuses nginx, and nobody would answer if it did not."""
        host = a_host("old_socket").dialled("denied", 13)
        host.with_endpoint(exists=True, type="socket", listening=False)
        assert hosts.causes(host) == [("socket_path_mismatch", "other_socket", "active")]

    def test_decoy_a_strange_mode_that_lets_nginx_in(self) -> None:
        host = a_host().with_endpoint(owner="root", group="root", mode="0600")
        assert hosts.found(host) == hosts.HEALTHY

    def test_decoy_a_refusal_on_the_socket_of_another_program(self) -> None:
        host = a_host().nginx_said("ng-connect-eacces", 30.0, endpoint="unix:/run/uwsgi/api.sock")
        assert hosts.found(host) == hosts.HEALTHY
