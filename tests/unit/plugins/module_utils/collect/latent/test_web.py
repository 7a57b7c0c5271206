# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""nginx's configuration once more: names that are shared, files that are put aside, pages that are open."""

from typing import Any, Dict

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.latent.web import collect
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.nginx.conf import parse_conf
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.nginx.routes import routes
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.collect.hosts.built import Built
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.hosts import a_host

MAIN = "/etc/nginx/nginx.conf"
FOLDER = "/etc/nginx/sites-enabled/"
SHOP = "server {\n listen 80; server_name shop.example;\n location ~ \\.php$ { fastcgi_pass unix:%s; }\n}\n"


def look(main: str = "include sites-enabled/*;", **sites: str) -> Any:
    """sites: texts by the names of files in sites-enabled, with - for _dash_ and . for _dot_."""
    host = a_host()
    key = host["nginx"]["routes"][0]["endpoints"][0]["endpoint"]
    files: Dict[str, str] = {MAIN: "http { %s }" % main}
    for name, text in sites.items():
        path = FOLDER + name.replace("_dash_", "-").replace("_dot_", ".")
        files[path] = text.replace("%s", key[len("unix:") :])
    machine = Built(files)
    conf = parse_conf(MAIN, files.get, machine.glob)
    host.with_nginx(config=MAIN, prefix="/etc/nginx", options={}, account=None, routes=routes(conf, "/"))
    return collect(machine, host)


class TestShadowed:
    def test_hit_a_backup(self) -> None:
        (pair,) = look(shop=SHOP, shop_dot_bak=SHOP)["shadowed"]
        assert (pair["winner"]["file"], pair["loser"]["file"]) == (FOLDER + "shop", FOLDER + "shop.bak")
        assert (pair["winner"]["aside"], pair["loser"]["aside"]) == (False, True)
        assert (pair["same"], pair["alone"], pair["names"]) == (True, True, ["shop.example"])

    def test_hit_the_backup_comes_first(self) -> None:
        (pair,) = look(shop_dot_conf=SHOP, shop_dot_bak=SHOP.replace("80", "0.0.0.0:80"))["shadowed"]
        assert pair["winner"]["file"] == FOLDER + "shop.bak" and not pair["same"]

    def test_near_miss_it_has_another_name(self) -> None:
        assert look(shop=SHOP, blog=SHOP.replace("shop", "blog"))["shadowed"] == []


class TestAside:
    def test_hit_a_site_of_its_own(self) -> None:
        (file,) = look(shop=SHOP, shop_dot_old=SHOP.replace("shop.", "old."))["aside"]
        assert (file["path"], file["names"], file["php"]) == (FOLDER + "shop.old", ["old.example"], True)
        assert file["original"] == FOLDER + "shop"

    @pytest.mark.parametrize(
        "main",
        ["include sites-enabled/shop; include sites-enabled/shop.old;", "include sites-enabled/*.conf;"],
    )
    def test_near_miss_no_pattern_takes_it(self, main: str) -> None:
        assert look(main, shop=SHOP, shop_dot_old=SHOP.replace("shop.", "old."))["aside"] == []


class TestPages:
    def test_hit(self) -> None:
        text = (
            "server { server_name a; location = /status { fastcgi_param SCRIPT_NAME $uri; fastcgi_param"
            " SCRIPT_FILENAME x; fastcgi_pass unix:%s; } }"
        )
        host = a_host().with_pool(status_path="/status")
        assert host["fpm"]["masters"][0]["running"]
        machine = Built(
            {MAIN: "http { %s }" % text.replace("%s", host["fpm"]["masters"][0]["pools"][0]["listen"])}
        )
        conf = parse_conf(MAIN, machine.read, machine.glob)
        host.with_nginx(config=MAIN, prefix="/etc/nginx", options={}, routes=routes(conf, "/"))
        (page,) = collect(machine, host)["pages"]
        assert (page["pool"], page["kind"], page["guard"]) == ("www", "status", None)
