# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Cause 3: php-fpm runs, and not where nginx dials."""

from typing import Any, Callable, Dict

import pytest
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules import hosts
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules import older as made
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.hosts import (
    Host,
    a_host,
    port,
    unix,
)

CAUSE = "socket_path_mismatch"
OTHER_SOCKET = [(CAUSE, "other_socket", "active")]


def dangling() -> Host:
    """The link of an older version that is gone."""
    gone = "/run/php/php7.2-fpm.sock"
    return a_host("old_socket").with_endpoint(type="dangling_link", link_to=gone, real_path=gone)


def dials_address(address: str, endpoint: str) -> Host:
    """The pool listens on 127.0.0.1."""
    return a_host("wrong_port").dials(endpoint, **port(address))


def in_a_tmp_of_its_own() -> Host:
    path = "/tmp/php.sock"
    host = a_host("socket_deleted").with_unit(private_tmp=True)
    host.with_pool(endpoint="unix:" + path, listen=path)
    return host.dials("unix:" + path, inode_matches=None, path=path, real_path=path)


def hidden(setting: str) -> Host:
    """The unit has another directory where the socket's is."""
    sandbox = {"path": "/run/php", "who": "nginx", "unit": "nginx.service", "setting": setting}
    return a_host("socket_deleted").with_endpoint(hidden=sandbox)


def led_elsewhere(edited: float = 1.0) -> Host:
    """The lost requests of the old socket, and files that name the pool's by now. edited: seconds before the
    first of them.
    """
    old = a_host("old_socket")
    host = a_host().with_logs_of(old)
    first = hosts.events(old, "nginx")[0]["first"]
    return host.with_nginx(config_newer=True, config_changed_at=first - edited)


def own_network(**master: Any) -> Host:
    host = a_host("wrong_port")
    dialled = host["nginx"]["routes"][0]["endpoints"][0]["endpoint"]
    return host.with_pool(endpoint=dialled).with_master(**dict({"own_network": True}, **master))


def name_twice(endpoint: str = "") -> Host:
    host = a_host("old_socket")
    dialled = host["nginx"]["routes"][0]["endpoints"][0]["endpoint"]
    before = {"endpoint": endpoint or dialled, "file": "/etc/php/8.2/fpm/pool.d/shop.conf", "line": 4}
    return host.with_pool(replaced=[before])


def filtered(result: str = "refused", **facts: Any) -> Host:
    host = a_host("exhausted_tcp").dialled(result, 111 if result == "refused" else None)
    return host.with_endpoint(**dict({"listening": True, "queue": 0}, **facts))


HITS: Dict[str, Callable[[], Host]] = {
    "other_socket": lambda: a_host("old_socket"),
    "other_port": lambda: a_host("wrong_port"),
    "tcp_vs_unix": lambda: a_host("tcp_vs_unix"),
    "address_family": lambda: dials_address("::1", "[::1]:9000"),
    "socket_deleted": lambda: a_host("socket_deleted"),
    "dangling_link": dangling,
    "config_not_loaded": lambda: a_host("config_not_loaded"),
    "private_tmp": in_a_tmp_of_its_own,
    "mount_namespace": lambda: hidden("TemporaryFileSystem=/run/php"),
    "network_namespace": own_network,
    "packet_filter": filtered,
    "name_used_twice": name_twice,
    "nginx_not_loaded": led_elsewhere,
    "nginx_reload_refused": made.refused,
    "nginx_replaced": made.replaced,
}


class TestEachReason:
    @pytest.mark.parametrize("reason", sorted(HITS))
    def test_hit_each_reason_alone_is_failing(self, reason: str) -> None:
        assert hosts.found(HITS[reason]()) == ([(CAUSE, reason, "active")], "failing")


class TestOwnNetwork:
    def test_hit_no_reload_is_offered(self) -> None:
        assert hosts.actions(own_network()) == []

    def test_near_miss_the_network_of_the_host(self) -> None:
        assert hosts.only(own_network(own_network=False))["reason"] == "config_not_loaded"

    def test_decoy_a_unix_socket_knows_no_network(self) -> None:
        host = a_host("config_not_loaded").with_master(own_network=True)
        assert hosts.only(host)["reason"] == "config_not_loaded"


class TestPacketFilter:
    @pytest.mark.parametrize("result", ["refused", "timeout"])
    def test_hit_nothing_is_restarted(self, result: str) -> None:
        host = filtered(result)
        assert (hosts.only(host)["reason"], hosts.actions(host)) == ("packet_filter", [])

    def test_near_miss_a_queue_that_is_full_lets_wait(self) -> None:
        assert hosts.cause_ids(filtered("timeout", queue=5)) != [CAUSE]

    def test_decoy_a_unix_socket_that_is_deleted(self) -> None:
        assert hosts.only(a_host("socket_deleted"))["reason"] == "socket_deleted"

    def test_near_miss_a_restart_makes_no_socket_of_systemds(self) -> None:
        host = a_host("socket_deleted").with_unit(ties={"shop.socket": "needs"})
        item = hosts.only(host)
        assert (item["reason"], item["facts"]["sockets"]) == ("socket_deleted", "shop.socket")
        assert hosts.actions(host) == []


class TestNameTwice:
    def test_hit_both_places_are_named_and_nothing_is_repointed(self) -> None:
        host = name_twice()
        item = hosts.only(host)
        assert "shop.conf:4" in item["summary"] and "www.conf" in item["summary"]
        assert hosts.actions(host) == []

    def test_near_miss_another_listen_was_replaced(self) -> None:
        assert hosts.causes(name_twice("unix:/run/php/third.sock")) == OTHER_SOCKET

    def test_decoy_somebody_listens_there_all_the_same(self) -> None:
        plain = a_host()
        dialled = plain["nginx"]["routes"][0]["endpoints"][0]["endpoint"]
        plain.with_pool(replaced=[{"endpoint": dialled, "file": "/a", "line": 1}])
        assert hosts.found(plain) == hosts.HEALTHY


class TestAnotherPlace:
    def test_hit_another_address_counts_with_the_other_family(self) -> None:
        assert hosts.only(dials_address("127.0.0.2", "127.0.0.2:9000"))["reason"] == "address_family"

    def test_hit_both_sides_are_named_with_file_with_line(self) -> None:
        proof = hosts.only(a_host("old_socket"))["evidence"]
        assert [(piece["source"], piece["path"], piece.get("line")) for piece in proof[:2]] == [
            ("nginx", "/etc/nginx/sites-enabled/shop", 13),
            ("php-fpm", "/etc/php/8.2/fpm/pool.d/www.conf", 41),
        ]

    def test_hit_an_upstreams_server_is_changed_where_it_stands(self) -> None:
        change: Dict[str, Any] = hosts.verdict(a_host("upstream_wrong_path"))["plan"][0]["arguments"]
        assert change["file"] == "/etc/nginx/conf.d/upstream.conf"
        assert change["to"] == "unix:/run/php/php8.2-fpm.sock"

    def test_hit_one_site_of_two_is_degraded(self) -> None:
        assert hosts.status(a_host("one_vhost_wrong")) == "degraded"

    def test_hit_it_is_found_before_the_first_request_is_lost(self) -> None:
        assert hosts.causes(a_host("old_socket").silent_logs()) == OTHER_SOCKET

    def test_hit_a_missing_socket_is_missing_without_root_too(self) -> None:
        host = a_host("old_socket").unseen("connect_as_nginx").with_connect(as_user=None)
        assert hosts.causes(host) == OTHER_SOCKET

    def test_hit_a_pool_of_the_same_family_is_named_first(self) -> None:
        host = a_host("wrong_port").another_pool(
            first=True, name="a", endpoint="unix:/run/php/a.sock", listen="/run/php/a.sock"
        )
        assert (hosts.only(host)["reason"], hosts.only(host)["pool"]) == ("other_port", "www")

    def test_near_miss_two_pools_fit_so_nothing_is_repointed(self) -> None:
        host = a_host("old_socket").another_pool(name="blog", endpoint="unix:/run/php/blog.sock")
        assert hosts.only(host)["reason"] == "other_socket" and hosts.actions(host) == []

    def test_near_miss_another_program_is_not_sent_to_php(self) -> None:
        path = "/run/fcgiwrap.socket"
        host = a_host("old_socket").dials("unix:" + path, **unix(path))
        host.with_route(location="/cgi-bin/", params={})
        assert hosts.only(host)["confidence"] == "possible" and hosts.actions(host) == []


class TestNginxNotLoaded:
    def test_hit_the_file_that_leads_elsewhere_is_loaded(self) -> None:
        """Of this site, and of no other."""
        action = hosts.verdict(led_elsewhere())["plan"][0]
        assert (action["id"], action["reversible"], action["disruption"]) == ("nginx_reload", False, "reload")
        assert action["arguments"] == {"unit": "nginx.service", "files": ["/etc/nginx/sites-enabled/shop"]}
        places = ("unix:/run/php/php7.3-fpm.sock", "unix:/run/php/php8.2-fpm.sock")
        assert "nginx dials %s, and its files name %s" % places in hosts.only(led_elsewhere())["summary"]

    def test_hit_requests_lost_in_the_very_second_of_the_edit(self) -> None:
        """nginx logs no fractions."""
        host = led_elsewhere()
        last = max(event["last"] for event in hosts.events(host, "nginx"))
        assert hosts.causes(host.with_nginx(config_changed_at=last + 0.9)) == [
            (CAUSE, "nginx_not_loaded", "active")
        ]

    def test_near_miss_what_nginx_has_loaded(self) -> None:
        assert hosts.causes(led_elsewhere().with_nginx(config_newer=False)) == []

    def test_near_miss_what_was_lost_before_the_edit(self) -> None:
        assert hosts.causes(led_elsewhere(edited=-60.0)) == []

    def test_decoy_a_site_that_chooses_at_run_time(self) -> None:
        """It may dial anything."""
        assert hosts.causes(led_elsewhere().another_route(variable=True, endpoints=[])) == []

    def test_decoy_another_sites_losses_at_such_a_place(self) -> None:
        assert hosts.causes(led_elsewhere().with_events("nginx", site="gone.example")) == []


class TestHiddenSocket:
    @pytest.mark.parametrize(
        "setting, reason",
        [
            ("PrivateTmp=yes", "private_tmp"),
            ("RootDirectory=/srv", "mount_namespace"),
            ("InaccessiblePaths=/run/PrivateTmp", "mount_namespace"),
            ("", "mount_namespace"),
        ],
    )
    def test_hit_a_sandbox_is_named_but_left_alone(self, setting: str, reason: str) -> None:
        item = hosts.only(hidden(setting))
        assert (item["reason"], item["remedy"]) == (reason, [])
        assert setting in item["summary"] and "nginx.service" in item["summary"]

    def test_hit_a_socket_in_php_fpms_view_alone_is_private(self) -> None:
        """Not only /tmp: a unit may have any directory to itself."""
        path = "/proc/35/root/run/php/php8.2-fpm.sock"
        host = a_host("socket_deleted").with_endpoint(listener_path=path)
        assert hosts.causes(host) == [(CAUSE, "private_tmp", "active")]

    def test_near_miss_a_restart_does_not_bring_a_private_tmp_out(self) -> None:
        assert hosts.actions(in_a_tmp_of_its_own()) == []

    def test_near_miss_a_private_tmp_hides_no_socket_below_run(self) -> None:
        host = a_host("socket_deleted").with_unit(private_tmp=True)
        assert hosts.causes(host) == [(CAUSE, "socket_deleted", "active")]


class TestConfigNotLoaded:
    def test_hit_the_file_is_newer_than_the_master(self) -> None:
        assert "runs since before" in hosts.only(a_host("config_not_loaded"))["evidence"][0]["text"]

    def test_near_miss_without_a_newer_file_it_is_only_likely(self) -> None:
        """A file copied with its old time: what the master has loaded cannot be told."""
        item = hosts.only(a_host("config_not_loaded").with_master(config_newer=False))
        assert (item["reason"], item["confidence"]) == ("config_not_loaded", "likely")
        assert "runs since before" not in item["evidence"][0]["text"]


class TestTheSamePlace:
    def test_near_miss_two_spellings_of_one_path_are_one(self) -> None:
        assert hosts.causes(a_host("var_run")) == []

    def test_near_miss_a_wildcard_listener_is_reached_by_loopback(self) -> None:
        host = a_host("exhausted_tcp").with_pool(endpoint="*:9000", listen="9000")
        assert hosts.cause_ids(host) == ["max_children_exhausted"]

    def test_near_miss_a_link_to_the_pools_socket_is_that_socket(self) -> None:
        path = "/run/php-fpm.sock"
        host = a_host().dials("unix:" + path, path=path, link_to="/run/php/php8.2-fpm.sock")
        assert hosts.only(host.nginx_said("ng-timeout-header", 20.0))["pool"] == "www"


class TestDecoys:
    def test_decoy_a_remote_endpoint_that_refuses_is_unknown(self) -> None:
        host = a_host("wrong_port").silent_logs()
        assert hosts.found(host.dials(hosts.REMOTE, **port("192.0.2.7", listening=None))) == hosts.UNKNOWN

    def test_decoy_a_remote_endpoint_is_no_pool_on_every_address(self) -> None:
        """Its answers are late, and the workers of this host have nothing to do with it."""
        host = a_host("exhausted_tcp").with_pool(endpoint="*:9000", listen="9000")
        assert hosts.causes(host.dials(hosts.REMOTE, **hosts.REMOTE_FACTS).silent_logs()) == []

    def test_decoy_a_pool_that_nobody_dials_is_nothing(self) -> None:
        host = a_host().another_pool(name="spare", endpoint="unix:/run/php/spare.sock")
        assert hosts.found(host) == hosts.HEALTHY

    def test_decoy_a_server_marked_down_is_not_dialled(self) -> None:
        assert hosts.causes(a_host("one_vhost_wrong").marked_down("unix:/run/php/php.sock")) == []

    def test_decoy_a_forged_line_about_a_socket_that_answers(self) -> None:
        assert hosts.causes(a_host().nginx_said("ng-connect-enoent", 5.0)) == []
