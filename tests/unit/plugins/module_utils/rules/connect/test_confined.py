# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""SELinux, AppArmor and filters: a probe that is let in proves nothing of a process in another domain."""

from typing import Callable, Optional

import pytest
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules import confinement as made
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules import hosts
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.hosts import Host, a_host

DENIED = "socket_permission_denied"
DOWN = "fpm_not_running"


class TestSelinux:
    def test_hit_the_policy_is_believed_and_not_the_probe(self) -> None:
        host = made.wrong_label()
        item = hosts.only(host)
        assert hosts.found(host) == ([(DENIED, "selinux_label", "active")], "failing")
        assert (item["confidence"], item["count"], item["remedy"]) == ("certain", 2, [])
        assert "httpd_t may not use /run/php/php8.2-fpm.sock, whose type is default_t" in item["summary"]
        assert [piece["source"] for piece in item["evidence"]] == ["selinux", "audit", "nginx_log"]

    def test_hit_it_is_found_without_a_line_in_any_log(self) -> None:
        host = made.enforcing(a_host().silent_logs(), *made.label(False))
        assert hosts.found(host) == ([(DENIED, "selinux_label", "active")], "failing")

    def test_hit_a_directory_on_the_way(self) -> None:
        home = made.access("dir", "search", "user_home_dir_t", False, path="/home/shop")
        host = made.enforcing(a_host(), home, *made.label(True))
        assert "/home/shop, whose type is user_home_dir_t" in hosts.only(host)["summary"]

    def test_hit_the_port_and_the_boolean_are_named(self) -> None:
        item = hosts.only(made.wrong_port())
        assert (item["reason"], item["confidence"], item["state"]) == ("selinux_port", "likely", "active")
        assert "port 9000, whose type is unreserved_port_t" in item["summary"]
        assert any("httpd_can_network_connect is off" in piece["text"] for piece in item["evidence"])

    def test_hit_a_refusal_after_the_policy_was_loaded_still_counts(self) -> None:
        """The label in the line is older, yet nginx was refused again."""
        host = made.wrong_port(label_ago=300.0, loaded=200.0)
        assert hosts.causes(host) == [(DENIED, "selinux_port", "active")]

    def test_near_miss_an_old_label_of_a_port_is_not_believed(self) -> None:
        """semanage port loads a policy: the port may have another type by now."""
        host = made.wrong_port(label_ago=30.0, loaded=10.0)
        assert hosts.found(host) == hosts.DEGRADED
        assert "connect_as_nginx" in [entry["what"] for entry in hosts.verdict(host)["missing"]]

    def test_near_miss_it_is_over_once_the_policy_lets_nginx_in(self) -> None:
        host = made.mended_label()
        assert hosts.found(host) == ([(DENIED, "selinux_label", "recovered")], "recovered")
        assert any("allowed" in piece["text"] for piece in hosts.only(host)["evidence"])

    def test_near_miss_a_boolean_that_was_switched_on(self) -> None:
        host = made.wrong_port(label_ago=30.0, loaded=10.0, allowed=True)
        assert hosts.found(host) == ([(DENIED, "selinux_port", "recovered")], "recovered")

    def test_near_miss_losses_and_a_policy_that_gives_no_answer(self) -> None:
        host = made.enforcing(a_host().nginx_said("ng-connect-eacces", 30.0), *made.label(None))
        assert hosts.status(host) not in ("healthy", "recovered") and hosts.causes(host) == []

    def test_near_miss_owner_and_mode_refuse_it_as_well(self) -> None:
        """To mend the mode alone would not help, so it is not tried."""
        host = made.enforcing(a_host("socket_root"), *made.label(False))
        item = hosts.only(host)
        assert (item["reason"], item["remedy"]) == ("socket_mode", [])
        assert any(piece["source"] == "selinux" for piece in item["evidence"])

    def test_hit_a_refused_probe_gets_the_policys_reason(self) -> None:
        host = a_host("socket_root").blocked_by(kind="mandatory_access", acl=False)
        assert hosts.causes(made.enforcing(host, *made.label(False))) == [(DENIED, "selinux_label", "active")]

    @pytest.mark.parametrize(
        "host",
        [
            made.enforcing(a_host(), *made.label(True, "httpd_var_run_t")),
            made.enforcing(made.on_tcp()),
            made.enforcing(made.on_tcp(), booleans={"httpd_can_network_connect": True}),
            made.enforcing(a_host(), nginx=made.OURS),
            made.confined(a_host()),
        ],
        ids=["allowed", "a port without a word", "any port", "one domain", "nothing confines"],
    )
    def test_decoy_a_healthy_host_with_a_policy(self, host: Host) -> None:
        assert hosts.found(host) == hosts.HEALTHY

    def test_decoy_what_could_not_be_asked_of_a_port_is_named(self) -> None:
        """The host is healthy by all that is seen."""
        missing = hosts.verdict(made.enforcing(made.on_tcp()))["missing"]
        assert [entry["what"] for entry in missing] == ["selinux_port"] and "9000" in missing[0]["why"]

    def test_decoy_a_snapshot_without_a_word_of_it(self) -> None:
        """Of an older release."""
        host = a_host().nginx_said("ng-connect-eacces", 30.0)
        assert "confinement" not in host and hosts.status(host) == "recovered"


class TestApparmor:
    def test_hit_a_profile_that_refuses(self) -> None:
        item = hosts.only(made.by_apparmor())
        assert (item["reason"], item["state"], item["confidence"]) == ("apparmor", "active", "certain")
        assert "the profile nginx" in item["summary"] and "php8.2-fpm.sock" in item["evidence"][0]["text"]

    def test_near_miss_a_profile_in_complain_mode_by_now(self) -> None:
        host = made.by_apparmor(denied_now=False)
        assert hosts.found(host) == ([(DENIED, "apparmor", "recovered")], "recovered")

    def test_near_miss_a_profile_and_no_line_of_the_kernel(self) -> None:
        host = made.by_apparmor()
        host["confinement"]["denials"] = []
        assert hosts.status(host) not in ("healthy", "recovered")

    def test_decoy_a_profile_that_refused_something_else(self) -> None:
        profiles = [{"pid": 812, "program": "nginx", "name": "nginx", "mode": "enforce"}]
        other = made.AA_CONNECT.replace("/run/php/php8.2-fpm.sock", "/run/other.sock")
        host = made.kernel_said(made.confined(a_host(), apparmor=profiles), 30.0, other)
        assert hosts.found(host) == hosts.HEALTHY


class TestFilters:
    @pytest.mark.parametrize("families", ["AF_INET AF_INET6", "~AF_UNIX", "~AF_NETLINK AF_UNIX"])
    def test_hit_a_unit_without_tcp_sockets(self, families: str) -> None:
        host = made.no_unix_sockets(families)
        item = hosts.only(host)
        assert hosts.found(host) == ([(DENIED, "address_family", "active")], "failing")
        assert (item["confidence"], item["count"]) == ("certain", 2)
        assert "AF_UNIX" in item["summary"] and "RestrictAddressFamilies=" in item["evidence"][0]["text"]

    def test_hit_one_of_two_addresses_of_a_name(self) -> None:
        """Every second request ends with it, as localhost is ::1 first."""
        facts = {"result": "ok", "errno": None, "probe": "answered"}
        addresses = [dict(facts, address="127.0.0.1"), dict(facts, address="::1")]
        host = made.on_tcp().dials("localhost:9000", family="name", address="localhost", addresses=addresses)
        unit = {"unit": "nginx.service", "families": "AF_UNIX AF_INET", "calls": None}
        assert "AF_INET6" in hosts.only(made.confined(host, nginx_unit=unit))["summary"]

    def test_hit_it_is_likely_before_a_request_is_lost(self) -> None:
        item = hosts.only(made.no_unix_sockets().silent_logs())
        assert (item["reason"], item["confidence"]) == ("address_family", "likely")

    def test_near_miss_nginx_was_started_again_without_it(self) -> None:
        host = made.no_unix_sockets(None, 800.0, 700.0)
        assert hosts.found(host) == ([(DENIED, "address_family", "recovered")], "recovered")

    def test_near_miss_a_filter_that_the_unit_does_not_show_any_more(self) -> None:
        """A drop-in was taken away, and nginx was not restarted."""
        host = made.no_unix_sockets("AF_UNIX AF_INET")
        assert hosts.causes(host) == [(DENIED, "address_family", "active")]

    @pytest.mark.parametrize("families", ["AF_UNIX AF_INET AF_INET6", "~AF_PACKET", None])
    def test_decoy_a_filter_that_lets_unix_sockets_be(self, families: Optional[str]) -> None:
        unit = {"unit": "nginx.service", "families": families, "calls": "@system-service"}
        assert hosts.found(made.confined(a_host(), nginx_unit=unit)) == hosts.HEALTHY

    def test_near_miss_errno_1_without_a_filter(self) -> None:
        """Since nginx was started: who refused it cannot be told."""
        host = made.no_connect(filtered=False)
        assert hosts.causes(host) == [] and hosts.status(host) not in ("healthy", "recovered")


class TestStart:
    @pytest.mark.parametrize(
        "make, reason",
        [
            (made.refused_port, "selinux_port"),
            (made.refused_directory, "selinux_label"),
            (made.refused_by_profile, "apparmor"),
            (made.without_tcp_sockets, "address_family"),
            (made.killed_by_filter, "system_call"),
        ],
    )
    def test_hit_what_keeps_php_fpm_from_its_start(self, make: Callable[[], Host], reason: str) -> None:
        host = make()
        assert hosts.causes(host)[0] == (DOWN, reason, "active") and hosts.actions(host) == []

    def test_hit_the_port_the_type_and_the_answer_are_named(self) -> None:
        item = hosts.only(made.refused_port())
        assert "name_bind } of port 9123, whose type is unreserved_port_t" in item["summary"]
        assert item["confidence"] == "certain" and "is denied" in item["evidence"][1]["text"]

    def test_near_miss_the_policy_was_mended_and_nobody_started_it(self) -> None:
        host = made.refused_port(denied_now=False)
        assert hosts.causes(host)[0] == (DOWN, "stopped", "active") and hosts.actions(host) == ["unit_start"]

    def test_near_miss_a_port_of_which_it_cannot_be_told(self) -> None:
        assert hosts.only(made.refused_port(denied_now=None))["confidence"] == "likely"

    def test_decoy_a_start_that_failed_for_another_reason(self) -> None:
        """A refusal that did no harm stands beside it."""
        words = "php-fpm[83]: ERROR: unable to bind listening socket for address '10.9.9.9:9000': "
        host = made.failed_start(words + "Cannot assign requested address (99)")
        assert hosts.causes(made.kernel_said(host, 59.5, made.NAME_BIND))[0][1] == "address_unavailable"

    def test_decoy_a_refusal_of_an_earlier_day(self) -> None:
        host = made.kernel_said(
            made.failed_start(made.cannot_bind("/srv/run/shop.sock")), 9000.0, made.ADD_NAME
        )
        assert hosts.causes(host)[0][1] == "bind_failed"

    def test_decoy_a_kernel_without_ipv6(self) -> None:
        """The unit has no such setting."""
        host = made.without_tcp_sockets().with_unit(families=None)
        assert hosts.causes(host)[0][1] != "address_family"
