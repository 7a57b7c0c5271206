# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where nginx dials an address that no pool has, only the pool that is meant may be dialled instead."""

from typing import Any, Dict

import pytest
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules import hosts
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.hosts import Host, a_host

DEFAULT = "unix:/run/php/php8.2-fpm.sock"  # the one pool of these hosts, www, listens here


def asks(name: str, owners: Any = (), **route: Any) -> Host:
    """The site dials another place, and its code is these accounts'."""
    return (
        a_host("tcp_vs_unix").dials(name).with_route(owners=None if owners is None else list(owners), **route)
    )


def repoints(host: Host) -> bool:
    return hosts.actions(host) == ["fastcgi_pass_repoint"]


class TestName:
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
    def test_hit_one_that_the_distributions_own_pool_goes_by(self, name: str) -> None:
        assert repoints(asks(name))

    @pytest.mark.parametrize(
        "name",
        [
            "unix:/run/php/bob.sock",
            "unix:/home/bob/run/php.sock",
            "unix:/var/www/vhosts/system/shop.example/php-fpm.sock",
        ],
    )
    def test_near_miss_one_that_tells_of_another_pool(self, name: str) -> None:
        assert not repoints(asks(name))

    def test_hit_the_pool_has_the_name_that_is_dialled(self) -> None:
        host = asks("unix:/run/php/bob.sock", ["bob"])
        assert repoints(host.with_pool(name="bob", user="bob", endpoint="unix:/run/php/php8.2-bob.sock"))

    @pytest.mark.parametrize("dialled", ["shop", "shop3", "client1", "admin"])
    def test_near_miss_one_that_only_resembles_the_pools(self, dialled: str) -> None:
        host = asks("unix:/run/php/%s.sock" % dialled)
        host.with_pool(name="shop-admin", endpoint="unix:/run/php/shop-admin-client3.sock")
        assert not repoints(host)

    @pytest.mark.parametrize("name, planned", [("shop", True), ("blog", False), ("shop2", False)])
    def test_a_pool_with_a_name_serves_the_site_of_that_name(self, name: str, planned: bool) -> None:
        host = asks("127.0.0.1:9000").with_pool(name=name, endpoint="unix:/run/php/%s.sock" % name)
        assert repoints(host) is planned


class TestVersion:
    @pytest.mark.parametrize(
        "name, version",
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
    def test_near_miss_a_name_that_tells_another_php(self, name: str, version: str) -> None:
        host = asks(name)
        assert not repoints(host)
        assert "tells PHP %s, and that pool is PHP 8.2" % version in hosts.only(host)["summary"]

    @pytest.mark.parametrize("upstream", ["php74", "php7.4-fpm", "php-fpm-7.4"])
    def test_near_miss_an_upstreams_name_tells_another_php(self, upstream: str) -> None:
        assert not repoints(asks("unix:/run/php/php.sock", upstream=upstream))

    @pytest.mark.parametrize("version, planned", [("8.2", True), (None, False)])
    def test_near_miss_a_php_of_unknown_version(self, version: Any, planned: bool) -> None:
        """It is not the one that the name tells."""
        host = asks("unix:/run/php/php8.2-www.sock").with_master(version=version)
        assert repoints(host) is planned

    @pytest.mark.parametrize(
        "name",
        ["unix:/run/php/php-fpm2.sock", "unix:/run/php-fpm-9001.sock", "unix:/run/php/web3.sock"],
    )
    def test_decoy_the_number_of_a_port_or_of_a_pool(self, name: str) -> None:
        """It tells no version, but another pool."""
        assert not repoints(asks(name)) and "nothing tells" in hosts.only(asks(name))["summary"]


class TestOwner:
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
    def test_a_pool_serves_the_code_of_its_own_user(self, owners: Any, user: str, planned: bool) -> None:
        """And the distribution's that of root."""
        assert repoints(asks("127.0.0.1:9000", owners).with_pool(user=user)) is planned

    def test_near_miss_two_owners_on_one_address_get_nobody(self) -> None:
        host = asks("127.0.0.1:9000")
        host.another_route(site="blog.example", owners=["bob"], file="/etc/nginx/sites-enabled/blog")
        assert not repoints(host)


class TestPlacesThatDialIt:
    def test_hit_each_line_that_dials_the_address_is_changed(self) -> None:
        host = asks("127.0.0.1:9000")
        target = dict(hosts.route(host)["endpoints"][0], line=40)
        host.another_route(location="/b", line=40, endpoints=[target])
        assert sorted(action["arguments"]["line"] for action in hosts.verdict(host)["plan"]) == [13, 40]

    @pytest.mark.parametrize("more", [{"down": False}, {"down": True}, {"backup": True}])
    def test_near_miss_one_of_several_servers_is_never_rewritten(self, more: Dict[str, bool]) -> None:
        """Whether the others answer or not, and however their addresses are written."""
        host = asks("127.0.0.1:9000", upstream="php")
        host.another_server(DEFAULT, written="unix:/var/run/php/php8.2-fpm.sock", **more)
        assert hosts.actions(host.with_endpoint_of(DEFAULT, hosts.place(a_host()))) == []

    def test_near_miss_an_address_out_of_a_variable(self) -> None:
        """It is other sites' too."""
        assert not repoints(asks("127.0.0.1:9000", variable=True))

    def test_hit_another_port_may_be_a_slip(self) -> None:
        assert repoints(asks("127.0.0.1:9001"))

    def test_near_miss_another_port_where_others_dial_that_pool(self) -> None:
        host = asks("127.0.0.1:9001")
        taken = dict(hosts.route(host)["endpoints"][0], endpoint=DEFAULT, written=DEFAULT)
        host.another_route(site="blog.example", endpoints=[taken])
        assert not repoints(host.with_endpoint_of(DEFAULT, hosts.place(a_host())))
