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
    hosts.place(snapshot).update(
        type="dangling_link", link_to="/run/php/php7.2-fpm.sock", real_path="/run/php/php7.2-fpm.sock"
    )
    return snapshot


def other_family() -> hosts.Snapshot:
    """nginx dials ::1, the pool listens on 127.0.0.1."""
    snapshot = seen("wrong_port")
    return hosts.dials(snapshot, "[::1]:9000", family="inet6", address="::1", port=9000)


def other_address() -> hosts.Snapshot:
    """nginx dials 127.0.0.2, the pool listens on 127.0.0.1."""
    snapshot = seen("wrong_port")
    return hosts.dials(snapshot, "127.0.0.2:9000", family="inet", address="127.0.0.2", port=9000)


def in_a_tmp_of_its_own() -> hosts.Snapshot:
    snapshot = seen("socket_deleted")
    hosts.unit(snapshot)["private_tmp"] = True
    hosts.pool(snapshot).update(endpoint="unix:/tmp/php.sock", listen="/tmp/php.sock")
    return hosts.dials(
        snapshot, "unix:/tmp/php.sock", path="/tmp/php.sock", real_path="/tmp/php.sock", inode_matches=None
    )


def hidden(setting: str) -> hosts.Snapshot:
    """The unit has another directory where the socket's is."""
    snapshot = seen("socket_deleted")
    hosts.place(snapshot)["hidden"] = {
        "path": "/run/php",
        "who": "nginx",
        "unit": "nginx.service",
        "setting": setting,
    }
    return snapshot


def led_elsewhere(edited: float = 1.0) -> hosts.Snapshot:
    """The lost requests of the old socket, and files that name the pool's by now. edited: seconds before the
    first of them.
    """
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
    "mount_namespace": lambda: hidden("TemporaryFileSystem=/run/php"),
    "nginx_not_loaded": led_elsewhere,
}


@pytest.mark.parametrize("reason", sorted(HITS))
def test_hit_each_reason_alone_and_failing(reason: str) -> None:
    found = hosts.verdict(HITS[reason]())
    assert [(item["cause"], item["reason"], item["state"]) for item in found["findings"]] == [
        (CAUSE, reason, "active")
    ]
    assert found["status"] == "failing"


def test_hit_another_address_of_the_same_family_counts_with_the_other_family() -> None:
    assert hosts.only(other_address())["reason"] == "address_family"


@pytest.mark.parametrize(
    "setting, reason",
    [("PrivateTmp=yes", "private_tmp"), ("RootDirectory=/srv", "mount_namespace"), ("", "mount_namespace")],
)
def test_hit_a_socket_that_a_sandbox_hides_is_left_alone_and_the_setting_is_named(
    setting: str, reason: str
) -> None:
    item = hosts.only(hidden(setting))
    assert (
        (item["reason"], item["remedy"]) == (reason, [])
        and setting in item["summary"]
        and "nginx.service" in item["summary"]
    )


def test_hit_both_sides_are_named_with_file_and_line() -> None:
    evidence = hosts.only(seen("old_socket"))["evidence"]
    assert [(piece["source"], piece["path"], piece.get("line")) for piece in evidence[:2]] == [
        ("nginx", "/etc/nginx/sites-enabled/shop", 13),
        ("php-fpm", "/etc/php/8.2/fpm/pool.d/www.conf", 41),
    ]


def test_hit_an_upstreams_server_is_changed_where_it_is_written() -> None:
    change: Dict[str, Any] = hosts.verdict(seen("upstream_wrong_path"))["plan"][0]["arguments"]
    assert (
        change["file"] == "/etc/nginx/conf.d/upstream.conf"
        and change["to"] == "unix:/run/php/php8.2-fpm.sock"
    )


def test_hit_nginx_loads_the_file_that_leads_the_site_elsewhere_and_no_other_site_s() -> None:
    action = hosts.verdict(led_elsewhere())["plan"][0]
    assert (action["id"], action["arguments"], action["reversible"], action["disruption"]) == (
        "nginx_reload",
        {"unit": "nginx.service", "files": ["/etc/nginx/sites-enabled/shop"]},
        False,
        "reload",
    )
    assert (
        "nginx dials unix:/run/php/php7.3-fpm.sock, and its files name unix:/run/php/php8.2-fpm.sock"
        in hosts.only(led_elsewhere())["summary"]
    )


def test_hit_requests_lost_in_the_very_second_of_the_edit_as_nginx_logs_no_fractions() -> None:
    snapshot = led_elsewhere()
    last = max(event["last"] for event in snapshot["logs"]["events"] if event["source"] == "nginx")
    snapshot["nginx"]["config_changed_at"] = last + 0.9
    assert hosts.causes(snapshot) == [("socket_path_mismatch", "nginx_not_loaded", "active")]


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
    hosts.master(snapshot)["pools"].append(
        dict(hosts.pool(snapshot), name="blog", endpoint="unix:/run/php/blog.sock")
    )
    assert hosts.only(snapshot)["reason"] == "other_socket" and hosts.actions(snapshot) == []


def test_near_miss_another_program_behind_fastcgi_pass_is_not_sent_to_php() -> None:
    snapshot = hosts.dials(
        seen("old_socket"),
        "unix:/run/fcgiwrap.socket",
        path="/run/fcgiwrap.socket",
        real_path="/run/fcgiwrap.socket",
    )
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
    assert (item["reason"], item["confidence"]) == (
        "config_not_loaded",
        "likely",
    ) and "runs since before" not in item["evidence"][0]["text"]


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
    snapshot = hosts.dials(
        seen("plain"), "unix:/run/php-fpm.sock", path="/run/php-fpm.sock", link_to="/run/php/php8.2-fpm.sock"
    )
    snapshot = hosts.nginx_said(snapshot, "ng-timeout-header", 20.0)
    assert hosts.only(snapshot)["pool"] == "www"


def test_decoy_a_remote_endpoint_that_refuses_is_no_mismatch_and_no_health() -> None:
    snapshot = hosts.dials(
        hosts.silent_logs(seen("wrong_port")),
        "192.0.2.7:9000",
        family="inet",
        address="192.0.2.7",
        port=9000,
        listening=None,
    )
    assert (hosts.causes(snapshot), hosts.verdict(snapshot)["status"]) == ([], "unknown")


def test_decoy_a_remote_endpoint_is_not_the_pool_that_listens_on_every_address_here() -> None:
    """Its answers are late, and the workers of this host have nothing to do with it."""
    snapshot = seen("exhausted_tcp")
    hosts.pool(snapshot).update(endpoint="*:9000", listen="9000")
    hosts.dials(
        snapshot,
        "192.0.2.7:9000",
        address="192.0.2.7",
        listening=None,
        listeners=[],
        queue=None,
        accepted=None,
    )
    assert hosts.causes(hosts.silent_logs(snapshot)) == []


def test_decoy_an_unused_pool_that_nobody_dials_is_nothing() -> None:
    snapshot = seen("plain")
    hosts.master(snapshot)["pools"].append(
        dict(hosts.pool(snapshot), name="spare", endpoint="unix:/run/php/spare.sock")
    )
    assert (hosts.causes(snapshot), hosts.verdict(snapshot)["status"]) == ([], "healthy")


def test_decoy_a_server_marked_down_is_not_dialled() -> None:
    snapshot = seen("one_vhost_wrong")
    for route in snapshot["nginx"]["routes"]:
        for target in route["endpoints"]:
            target["down"] = target["endpoint"] == "unix:/run/php/php.sock"
    assert hosts.causes(snapshot) == []


def test_decoy_a_forged_line_about_a_socket_that_answers_is_no_finding() -> None:
    assert hosts.causes(hosts.nginx_said(seen("plain"), "ng-connect-enoent", 5.0)) == []


# --- which pool may be dialled instead


def asks(name: str, owners: Any = (), **route: Any) -> hosts.Snapshot:
    """The site dials another place, and its code is these accounts'."""
    snapshot = hosts.dials(seen("tcp_vs_unix"), name)
    snapshot["nginx"]["routes"][0].update(route, owners=None if owners is None else list(owners))
    return snapshot


def repoints(snapshot: hosts.Snapshot) -> bool:
    return hosts.actions(snapshot) == ["fastcgi_pass_repoint"]


@pytest.mark.parametrize(
    "name",
    [
        "unix:/run/php/php.sock",
        "unix:/run/php/php-fpm.sock",
        "unix:/run/php-fpm/www.sock",
        "unix:/tmp/php-cgi.socket",
        "127.0.0.1:9000",
        "unix:/run/php/php82-www.sock",
        "unix:/run/php-fpm-8.2.sock",
    ],
)
def test_hit_a_name_that_the_distributions_own_pool_goes_by(name: str) -> None:
    assert repoints(asks(name))


@pytest.mark.parametrize(
    "name, told",
    [
        ("unix:/run/php/php7.4-fpm.sock", "7.4"),
        ("unix:/run/php74-php-fpm.sock", "7.4"),
        ("unix:/run/php/php-fpm74.sock", "7.4"),
        ("unix:/run/php/php-fpm-7.4.sock", "7.4"),
        ("unix:/run/php/php7_4.sock", "7.4"),
        ("unix:/var/opt/remi/php74/run/php-fpm/www.sock", "7.4"),
        ("unix:/tmp/php-cgi-74.sock", "7.4"),
        ("unix:/run/php/7.4/www.sock", "7.4"),
        ("unix:/run/php5-fpm.sock", "5"),
        ("unix:/run/php/8.3/fpm.sock", "8.3"),
        ("unix:/run/PHP81.sock", "8.1"),
        ("unix:/run/plesk-php80-fpm.sock", "8.0"),
    ],
)
def test_near_miss_a_name_that_tells_another_php(name: str, told: str) -> None:
    snapshot = asks(name)
    assert (
        not repoints(snapshot)
        and "tells PHP %s, and that pool is PHP 8.2" % told in hosts.only(snapshot)["summary"]
    )


@pytest.mark.parametrize("upstream", ["php74", "php7.4-fpm", "php-fpm-7.4"])
def test_near_miss_an_upstreams_name_tells_another_php(upstream: str) -> None:
    assert not repoints(asks("unix:/run/php/php.sock", upstream=upstream))


def test_near_miss_a_php_of_unknown_version_is_not_the_one_that_the_name_tells() -> None:
    snapshot = asks("unix:/run/php/php8.2-www.sock")
    hosts.master(snapshot)["version"] = None
    assert not repoints(snapshot) and repoints(asks("unix:/run/php/php8.2-www.sock"))


@pytest.mark.parametrize(
    "name", ["unix:/run/php/php-fpm2.sock", "unix:/run/php-fpm-9001.sock", "unix:/run/php/web3.sock"]
)
def test_decoy_the_number_of_a_port_or_a_pool_tells_no_version_but_another_pool(name: str) -> None:
    assert not repoints(asks(name)) and "nothing tells" in hosts.only(asks(name))["summary"]


@pytest.mark.parametrize(
    "name",
    [
        "unix:/run/php/bob.sock",
        "unix:/home/bob/run/php.sock",
        "unix:/var/www/vhosts/system/shop.example/php-fpm.sock",
    ],
)
def test_near_miss_a_name_that_tells_of_another_pool_is_not_given_to_the_last_one(name: str) -> None:
    assert not repoints(asks(name))


def test_hit_the_pool_has_the_name_that_is_dialled() -> None:
    snapshot = asks("unix:/run/php/bob.sock", ["bob"])
    hosts.pool(snapshot).update(name="bob", user="bob", endpoint="unix:/run/php/php8.2-bob.sock")
    assert repoints(snapshot)


@pytest.mark.parametrize("dialled", ["shop", "shop3", "client1", "admin"])
def test_near_miss_a_name_that_only_resembles_the_pools(dialled: str) -> None:
    snapshot = asks("unix:/run/php/%s.sock" % dialled)
    hosts.pool(snapshot).update(name="shop-admin", endpoint="unix:/run/php/shop-admin-client3.sock")
    assert not repoints(snapshot)


@pytest.mark.parametrize("name, planned", [("shop", True), ("blog", False), ("shop2", False)])
def test_a_pool_with_a_name_of_its_own_serves_the_site_of_that_name_alone(name: str, planned: bool) -> None:
    snapshot = asks("127.0.0.1:9000")
    hosts.pool(snapshot).update(name=name, endpoint="unix:/run/php/%s.sock" % name)
    assert repoints(snapshot) is planned


@pytest.mark.parametrize(
    "owners, user, planned",
    [
        ([], "www-data", True),
        (["www-data"], "www-data", True),
        (["bob"], "bob", True),
        (["bob"], "www-data", False),
        ([], "bob", False),
        (["bob", "www-data"], "www-data", False),
        (None, "www-data", False),
        (None, "bob", False),
        (["shop"], "www-data", False),
    ],
)
def test_a_pool_serves_the_code_of_its_own_user_and_the_distributions_that_of_root(
    owners: Any, user: str, planned: bool
) -> None:
    snapshot = asks("127.0.0.1:9000", owners)
    hosts.pool(snapshot)["user"] = user
    assert repoints(snapshot) is planned


def test_near_miss_two_sites_of_two_owners_on_one_address_are_given_to_nobody() -> None:
    snapshot = asks("127.0.0.1:9000")
    other = dict(
        snapshot["nginx"]["routes"][0],
        site="blog.example",
        owners=["bob"],
        file="/etc/nginx/sites-enabled/blog",
    )
    snapshot["nginx"]["routes"].append(other)
    assert not repoints(snapshot)


def test_hit_each_line_that_dials_the_address_is_changed() -> None:
    snapshot = asks("127.0.0.1:9000")
    target = dict(snapshot["nginx"]["routes"][0]["endpoints"][0], line=40)
    snapshot["nginx"]["routes"].append(
        dict(snapshot["nginx"]["routes"][0], location="/b", line=40, endpoints=[target])
    )
    assert sorted(action["arguments"]["line"] for action in hosts.verdict(snapshot)["plan"]) == [13, 40]


@pytest.mark.parametrize("more", [{"down": False}, {"down": True}, {"backup": True}])
def test_near_miss_one_of_several_servers_is_never_rewritten(more: Dict[str, bool]) -> None:
    """Whether the others answer or not, and however their addresses are written."""
    snapshot = asks("127.0.0.1:9000", upstream="php")
    route = snapshot["nginx"]["routes"][0]
    name = "unix:/run/php/php8.2-fpm.sock"
    route["endpoints"].append(
        dict(route["endpoints"][0], endpoint=name, written="unix:/var/run/php/php8.2-fpm.sock", **more)
    )
    snapshot["endpoints"][name] = dict(hosts.place(seen("plain")))
    assert hosts.actions(snapshot) == []


def test_near_miss_an_address_out_of_a_variable_is_other_sites_too() -> None:
    assert not repoints(asks("127.0.0.1:9000", variable=True))


def test_another_port_is_a_slip_only_where_nobody_else_dials_that_pool() -> None:
    assert repoints(asks("127.0.0.1:9001"))
    snapshot = asks("127.0.0.1:9001")
    route = snapshot["nginx"]["routes"][0]
    taken = dict(
        route["endpoints"][0],
        endpoint="unix:/run/php/php8.2-fpm.sock",
        written="unix:/run/php/php8.2-fpm.sock",
    )
    snapshot["nginx"]["routes"].append(dict(route, site="blog.example", endpoints=[taken]))
    snapshot["endpoints"]["unix:/run/php/php8.2-fpm.sock"] = dict(hosts.place(seen("plain")))
    assert not repoints(snapshot)
