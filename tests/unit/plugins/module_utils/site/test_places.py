# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the files of a site go, on hosts of several layouts."""

from typing import Any, Dict, List

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.site import places
from ansible_collections.webmedic.php_fpm.plugins.module_utils.site.places import Wanted
from ansible_collections.webmedic.php_fpm.plugins.module_utils.work.step import Refusal

DEBIAN = ["/etc/nginx/modules-enabled/*.conf", "/etc/nginx/conf.d/*.conf", "/etc/nginx/sites-enabled/*"]
NGINX: Any = {"config": "/etc/nginx/nginx.conf", "user": "www-data"}
SHOP = Wanted("shop", "shop", False, "", "")


def pool(name: str, **more: Any) -> Dict[str, Any]:
    there = {"name": name, "user": "www-data", "file": "/etc/%s.conf" % name, "acl_users": []}
    return {**there, "endpoint": "unix:/run/php/%s.sock" % name, **more}


def master(version: Any = "8.2", *pools: Dict[str, Any], **more: Any) -> Any:
    return {
        "config": "/etc/php/%s/fpm/php-fpm.conf" % version,
        "version": version,
        "binary": "/usr/sbin/php-fpm",
        "unit": "php-fpm.service",
        "account": None,
        "layout": "debian",
        "pid_file": "/run/php/php.pid",
        "pools": list(pools),
        **more,
    }


class TestVhost:
    @pytest.mark.parametrize(
        "patterns, folder",
        [
            (DEBIAN, "/etc/nginx/sites-enabled"),
            (DEBIAN[:2], "/etc/nginx/conf.d"),
            (["/etc/nginx/http.d/*.conf"], "/etc/nginx/http.d"),
        ],
    )
    def test_it_goes_where_nginx_includes_sites(self, patterns: List[str], folder: str) -> None:
        assert places.vhost_path(NGINX, patterns, SHOP, []) == folder + "/shop.conf"

    def test_a_site_stays_where_it_is(self) -> None:
        assert places.vhost_path(NGINX, DEBIAN, SHOP, ["/etc/nginx/conf.d/x.conf"]).endswith("x.conf")

    def test_a_directory_that_is_asked_for_must_be_included(self) -> None:
        wanted = SHOP._replace(vhost_dir="/etc/nginx/conf.d/")
        assert places.vhost_path(NGINX, DEBIAN, wanted, []) == "/etc/nginx/conf.d/shop.conf"
        with pytest.raises(Refusal, match="includes no shop.conf in /srv"):
            places.vhost_path(NGINX, DEBIAN, SHOP._replace(vhost_dir="/srv"), [])

    def test_modules_and_patterns_of_directories_are_no_place(self) -> None:
        with pytest.raises(Refusal, match="includes no directory of sites"):
            places.vhost_path(NGINX, [DEBIAN[0], "/etc/nginx/*/conf.d/*.conf"], SHOP, [])


class TestPhp:
    def test_the_newest_is_by_number_and_not_by_letter(self) -> None:
        masters = [master("8.9"), master("8.10"), master("7.4")]
        assert places.master_for(masters, SHOP, {}, [])["version"] == "8.10"

    def test_that_of_the_site_stays(self) -> None:
        masters = [master("8.2"), master("7.4")]
        assert places.master_for(masters, SHOP, {}, [masters[1]["config"]])["version"] == "7.4"

    def test_the_one_that_is_asked_for_counts(self) -> None:
        masters = [master("8.2"), master("7.4")]
        chosen = places.master_for(masters, SHOP._replace(php_version="7.4"), {}, [masters[0]["config"]])
        assert chosen["version"] == "7.4"

    def test_a_path_without_a_version_is_told_by_the_program(self) -> None:
        fpm = master(None)
        wanted = SHOP._replace(php_version="8.1")
        assert places.master_for([fpm], wanted, {fpm["config"]: (8, 1)}, []) is fpm

    def test_what_is_installed_is_named(self) -> None:
        with pytest.raises(Refusal, match=r"no php-fpm 8.4 .*installed: 8.2 \("):
            places.master_for([master()], SHOP._replace(php_version="8.4"), {}, [])

    @pytest.mark.parametrize("lacks", [{"unit": None}, {"binary": None}, {"account": "joe"}])
    def test_one_that_cannot_be_used_is_none(self, lacks: Dict[str, Any]) -> None:
        with pytest.raises(Refusal, match="installed: none"):
            places.master_for([master("8.2", **lacks)], SHOP, {}, [])


class TestSocket:
    def test_two_versions_have_two_sockets(self) -> None:
        assert places.sockets(master("8.2"), "shop", True) == (
            "/run/php/php8.2-shop.sock",
            "/run/php/php8.2-shop.status.sock",
        )

    def test_an_old_php_has_none_for_the_status(self) -> None:
        assert places.sockets(master(None), "shop", False) == ("/run/php/shop.sock", None)

    def test_without_a_pid_file_another_pool_tells_the_directory(self) -> None:
        assert places.run_folder(master("8.2", pool("www"), pid_file=None)) == "/run/php"

    def test_run_itself_is_no_directory_for_sockets(self) -> None:
        with pytest.raises(Refusal, match="names no directory for sockets"):
            places.run_folder(master(pid_file="/run/php-fpm.pid"))

    @pytest.mark.parametrize(
        "fpm, by_acl",
        [
            (master("8.2", pool("www")), False),
            (master(None, pool("www", acl_users=["nginx"])), True),
            (master("8.2", pool("www", acl_users=["nginx"]), pool("shop")), False),
            (master(None, layout="el"), True),
            (master("8.2"), False),
        ],
    )
    def test_nginx_is_let_in_as_the_host_does_it(self, fpm: Any, by_acl: bool) -> None:
        assert places.by_acl(fpm, "shop") is by_acl


class TestAccount:
    @pytest.mark.parametrize(
        "user, uid, why",
        [
            ("root", None, "must not run as root"),
            ("toor", 0, "must not run as root"),
            ("www-data", 33, "nginx's own account"),
            ("tenant", 1000, "runs pool www already"),
        ],
    )
    def test_it_must_be_the_sites_own(self, user: str, uid: Any, why: str) -> None:
        masters = [master("8.2", pool("www", user="tenant"))]
        refusal = places.user_refusal(NGINX, masters, SHOP._replace(user=user), uid)
        assert refusal and why in refusal

    def test_the_sites_own_pool_is_no_other(self) -> None:
        assert places.user_refusal(NGINX, [master("8.2", pool("shop", user="shop"))], SHOP, 1001) is None

    def test_shared_is_allowed_where_it_is_asked_for_but_not_root(self) -> None:
        shared = SHOP._replace(user="www-data", shared_user=True)
        assert places.user_refusal(NGINX, [], shared, 33) is None
        assert places.user_refusal(NGINX, [], shared._replace(user="root"), 0)


class TestHttp2:
    @pytest.mark.parametrize(
        "listens, may",
        [
            ([], True),
            ([["80"]], True),
            ([["443", "ssl", "http2"]], True),
            ([["443", "ssl"]], False),
            ([["443", "ssl", "http2"], ["8443", "ssl"]], False),
        ],
    )
    def test_no_other_server_gets_it(self, listens: List[List[str]], may: bool) -> None:
        assert places.http2_for_all([[["80"]], listens]) is may
