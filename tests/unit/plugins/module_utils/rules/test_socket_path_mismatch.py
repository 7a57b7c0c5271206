# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Cause 3: php-fpm runs, and not where nginx dials."""

from typing import Any, Callable, Dict

import pytest
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules import hosts
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.hosts import seen

CAUSE = "socket_path_mismatch"


def dangling() -> hosts.Snapshot:
    """The link of an older version that is gone."""
    snapshot = seen("old_socket")
    hosts.place(snapshot).update(type="dangling_link", link_to="/run/php/php7.2-fpm.sock", real_path="/run/php/php7.2-fpm.sock")
    return snapshot


def other_family() -> hosts.Snapshot:
    """nginx dials ::1, the pool listens on 127.0.0.1."""
    snapshot = seen("wrong_port")
    return hosts.dials(snapshot, "[::1]:9000", family="inet6", address="::1", port=9000)


def in_a_tmp_of_its_own() -> hosts.Snapshot:
    snapshot = seen("socket_deleted")
    hosts.unit(snapshot)["private_tmp"] = True
    hosts.pool(snapshot).update(endpoint="unix:/tmp/php.sock", listen="/tmp/php.sock")
    return hosts.dials(snapshot, "unix:/tmp/php.sock", path="/tmp/php.sock", real_path="/tmp/php.sock", inode_matches=None)


def led_elsewhere(edited: float = 1.0) -> hosts.Snapshot:
    """The lost requests of the old socket, and files that name the pool's by now. edited: seconds before the first of them."""
    snapshot, old = seen("plain"), seen("old_socket")
    snapshot["logs"], snapshot["taken_at"] = old["logs"], old["taken_at"]
    first = next(event["first"] for event in old["logs"]["events"] if event["source"] == "nginx")
    snapshot["nginx"].update(config_newer=True, config_changed_at=first - edited)
    return snapshot


HITS: Dict[str, Callable[[], hosts.Snapshot]] = {
    "other_socket": lambda: seen("old_socket"),
    "other_port": lambda: seen("wrong_port"),
    "tcp_vs_unix": lambda: seen("tcp_vs_unix"),
    "address_family": other_family,
    "socket_deleted": lambda: seen("socket_deleted"),
    "dangling_link": dangling,
    "config_not_loaded": lambda: seen("config_not_loaded"),
    "private_tmp": in_a_tmp_of_its_own,
    "nginx_not_loaded": led_elsewhere,
}


@pytest.mark.parametrize("reason", sorted(HITS))
def test_hit_each_reason_alone_and_failing(reason: str) -> None:
    found = hosts.verdict(HITS[reason]())
    assert [(item["cause"], item["reason"], item["state"]) for item in found["findings"]] == [(CAUSE, reason, "active")]
    assert found["status"] == "failing"


def test_hit_both_sides_are_named_with_file_and_line() -> None:
    evidence = hosts.only(seen("old_socket"))["evidence"]
    assert [(piece["source"], piece["path"], piece.get("line")) for piece in evidence[:2]] == [
        ("nginx", "/etc/nginx/sites-enabled/shop", 13), ("php-fpm", "/etc/php/8.2/fpm/pool.d/www.conf", 41)]


def test_hit_an_upstreams_server_is_changed_where_it_is_written() -> None:
    change: Dict[str, Any] = hosts.verdict(seen("upstream_wrong_path"))["plan"][0]["arguments"]
    assert change["file"] == "/etc/nginx/conf.d/upstream.conf" and change["to"] == "unix:/run/php/php8.2-fpm.sock"


def test_hit_nginx_loads_the_file_that_leads_the_site_elsewhere_and_no_other_site_s() -> None:
    action = hosts.verdict(led_elsewhere())["plan"][0]
    assert (action["id"], action["arguments"], action["reversible"], action["disruption"]) == (
        "nginx_reload", {"unit": "nginx.service", "files": ["/etc/nginx/sites-enabled/shop"]}, False, "reload")
    assert "nginx dials unix:/run/php/php7.3-fpm.sock, and its files name unix:/run/php/php8.2-fpm.sock" in hosts.only(led_elsewhere())["summary"]


def test_near_miss_what_nginx_has_loaded_and_what_was_lost_before_are_no_older_configuration() -> None:
    loaded = led_elsewhere()
    loaded["nginx"]["config_newer"] = False
    for snapshot in (loaded, led_elsewhere(edited=-60.0)):
        assert hosts.causes(snapshot) == []


def test_decoy_a_site_that_chooses_at_run_time_may_dial_anything() -> None:
    snapshot = led_elsewhere()
    snapshot["nginx"]["routes"].append(dict(snapshot["nginx"]["routes"][0], variable=True, endpoints=[]))
    assert hosts.causes(snapshot) == []


def test_decoy_another_sites_losses_at_such_a_place_do_not_count() -> None:
    snapshot = led_elsewhere()
    for event in snapshot["logs"]["events"]:
        event["site"] = "gone.example" if event["source"] == "nginx" else None
    assert hosts.causes(snapshot) == []


def test_hit_one_site_of_two_is_degraded() -> None:
    assert hosts.verdict(seen("one_vhost_wrong"))["status"] == "degraded"


def test_hit_it_is_found_before_the_first_request_is_lost() -> None:
    assert hosts.causes(hosts.silent_logs(seen("old_socket"))) == [(CAUSE, "other_socket", "active")]


def test_hit_a_pool_in_the_same_way_of_speaking_is_named_before_another() -> None:
    snapshot = seen("wrong_port")
    unix = dict(hosts.pool(snapshot), name="a", endpoint="unix:/run/php/a.sock", listen="/run/php/a.sock")
    hosts.master(snapshot)["pools"].insert(0, unix)
    assert (hosts.only(snapshot)["reason"], hosts.only(snapshot)["pool"]) == ("other_port", "www")


def test_near_miss_two_pools_fit_so_nothing_is_repointed() -> None:
    snapshot = seen("old_socket")
    hosts.master(snapshot)["pools"].append(dict(hosts.pool(snapshot), name="blog", endpoint="unix:/run/php/blog.sock"))
    assert hosts.only(snapshot)["reason"] == "other_socket" and hosts.actions(snapshot) == []


def test_near_miss_another_program_behind_fastcgi_pass_is_not_sent_to_php() -> None:
    snapshot = hosts.dials(seen("old_socket"), "unix:/run/fcgiwrap.socket", path="/run/fcgiwrap.socket", real_path="/run/fcgiwrap.socket")
    snapshot["nginx"]["routes"][0].update(location="/cgi-bin/", params={})
    assert hosts.only(snapshot)["confidence"] == "possible" and hosts.actions(snapshot) == []


def test_hit_a_socket_that_lives_in_php_fpms_view_alone_is_private() -> None:
    """Not only /tmp: a unit may have any directory to itself."""
    snapshot = seen("socket_deleted")
    hosts.place(snapshot)["listener_path"] = "/proc/35/root/run/php/php8.2-fpm.sock"
    assert hosts.causes(snapshot) == [(CAUSE, "private_tmp", "active")]


def test_hit_the_file_is_newer_than_the_master() -> None:
    assert "runs since before" in hosts.only(seen("config_not_loaded"))["evidence"][0]["text"]


def test_near_miss_without_a_newer_file_it_is_only_likely_that_the_configuration_was_not_loaded() -> None:
    """A file copied with its old time: what the master has loaded cannot be told."""
    snapshot = seen("config_not_loaded")
    hosts.master(snapshot)["config_newer"] = False
    item = hosts.only(snapshot)
    assert (item["reason"], item["confidence"]) == ("config_not_loaded", "likely") and "runs since before" not in item["evidence"][0]["text"]


def test_near_miss_a_restart_does_not_bring_a_private_tmp_out() -> None:
    assert hosts.actions(in_a_tmp_of_its_own()) == []


def test_near_miss_a_private_tmp_does_not_hide_a_socket_below_run() -> None:
    snapshot = seen("socket_deleted")
    hosts.unit(snapshot)["private_tmp"] = True
    assert hosts.causes(snapshot) == [(CAUSE, "socket_deleted", "active")]


def test_hit_a_missing_socket_is_missing_for_everyone_root_or_not() -> None:
    snapshot = hosts.unseen(seen("old_socket"), "connect_as_nginx")
    hosts.place(snapshot)["connect"]["as_user"] = None
    assert hosts.causes(snapshot) == [(CAUSE, "other_socket", "active")]


def test_near_miss_two_spellings_of_one_path_are_one() -> None:
    assert hosts.causes(seen("var_run")) == []


def test_near_miss_a_wildcard_listener_is_reached_by_loopback() -> None:
    snapshot = seen("exhausted_tcp")
    hosts.pool(snapshot).update(endpoint="*:9000", listen="9000")
    assert [cause for cause, _reason, _state in hosts.causes(snapshot)] == ["max_children_exhausted"]


def test_near_miss_a_link_to_the_pools_socket_is_the_pools_socket() -> None:
    snapshot = hosts.dials(seen("plain"), "unix:/run/php-fpm.sock", path="/run/php-fpm.sock", link_to="/run/php/php8.2-fpm.sock")
    snapshot = hosts.nginx_said(snapshot, "ng-timeout-header", 20.0)
    assert hosts.only(snapshot)["pool"] == "www"


def test_decoy_a_remote_endpoint_that_refuses_is_no_mismatch_and_no_health() -> None:
    snapshot = hosts.dials(hosts.silent_logs(seen("wrong_port")), "192.0.2.7:9000", family="inet", address="192.0.2.7", port=9000, listening=None)
    assert (hosts.causes(snapshot), hosts.verdict(snapshot)["status"]) == ([], "unknown")


def test_decoy_a_remote_endpoint_is_not_the_pool_that_listens_on_every_address_here() -> None:
    """Its answers are late, and the workers of this host have nothing to do with it."""
    snapshot = seen("exhausted_tcp")
    hosts.pool(snapshot).update(endpoint="*:9000", listen="9000")
    hosts.dials(snapshot, "192.0.2.7:9000", address="192.0.2.7", listening=None, listeners=[], queue=None, accepted=None)
    assert hosts.causes(hosts.silent_logs(snapshot)) == []


def test_decoy_an_unused_pool_that_nobody_dials_is_nothing() -> None:
    snapshot = seen("plain")
    hosts.master(snapshot)["pools"].append(dict(hosts.pool(snapshot), name="spare", endpoint="unix:/run/php/spare.sock"))
    assert (hosts.causes(snapshot), hosts.verdict(snapshot)["status"]) == ([], "healthy")


def test_decoy_a_server_marked_down_is_not_dialled() -> None:
    snapshot = seen("one_vhost_wrong")
    for route in snapshot["nginx"]["routes"]:
        for target in route["endpoints"]:
            target["down"] = "7.3" in target["endpoint"]
    assert hosts.causes(snapshot) == []


def test_decoy_a_forged_line_about_a_socket_that_answers_is_no_finding() -> None:
    assert hosts.causes(hosts.nginx_said(seen("plain"), "ng-connect-enoent", 5.0)) == []
