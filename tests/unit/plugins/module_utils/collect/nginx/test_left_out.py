# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sites beside a main file that includes none of them."""

import time
from typing import Any, Dict, List, Optional

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.nginx.nginx import collect_nginx
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.collect.hosts.nginx import (
    MAIN,
    SITE,
    a_host,
    folder,
    master,
    paths,
    worker,
)

ALONE = "user www-data; http { include conf.d/*.conf; }"
WELCOME = "server { listen 80; root /usr/share/nginx/html; }"
FPM = worker(50, "php-fpm: master process (/etc/php/8.2/fpm/php-fpm.conf)")


APACHE = worker(60, "/usr/sbin/apache2 -k start", uid=0)._replace(comm="apache2")


def left_out(
    files: Optional[Dict[str, Any]] = None,
    running: bool = True,
    procs: Any = (),
    socket: bool = True,
    **more: Any,
) -> List[Any]:
    host = a_host({MAIN: ALONE, "/etc/nginx/conf.d/default.conf": WELCOME, **(files or {})}, **more)
    if socket:
        host.stats["/run/php/a.sock"] = folder(33, kind="socket")
    collect_nginx(host, [master(), worker(), *procs] + ([FPM] if running else []))
    return paths(host.missing, "nginx_route")


def beside(name: str, text: str = SITE, main: str = "http { include sites-enabled/*.conf; }") -> List[Any]:
    """A site is included, and another file stands beside it."""
    files = {MAIN: main, "/etc/nginx/sites-enabled/shop.conf": SITE}
    files.update({"/etc/nginx/sites-enabled/a": "", "/etc/nginx/sites-enabled/" + name: text})
    host = a_host(files)
    host.stats["/run/php/a.sock"] = folder(33, kind="socket")
    collect_nginx(host, [master(), worker(), FPM])
    assert paths(host.missing, "nginx_route") == []
    return [entry["why"] for entry in host.missing if entry["what"] == "site_left_out"]


class TestBesideOthers:
    def test_hit_its_name_ends_otherwise(self) -> None:
        assert beside("blog") == ["nginx does not include blog there, which passes to php-fpm"]

    @pytest.mark.parametrize(
        "name", ["shop.conf.bak", "shop.conf~", ".blog.swp", "blog.off", "blog.dpkg-old"]
    )
    def test_near_miss_a_copy_or_put_aside(self, name: str) -> None:
        assert beside(name) == []

    def test_near_miss_it_passes_nothing_on(self) -> None:
        assert beside("blog", WELCOME) == []

    def test_decoy_it_is_included_as_well(self) -> None:
        assert beside("blog", main="http { include sites-enabled/*; }") == []


class TestLeftOut:
    def test_hit_a_site_that_passes_to_php_fpm(self) -> None:
        assert left_out() == ["/etc/nginx/sites-enabled/"]

    def test_hit_a_main_file_without_any_include(self) -> None:
        files = {
            MAIN: "http { %s }" % WELCOME,
            "/etc/nginx/sites-enabled/a": "",
            "/etc/nginx/conf.d/a.conf": SITE,
        }
        assert left_out(files) == ["/etc/nginx/conf.d/"]

    @pytest.mark.parametrize(
        "text",
        [WELCOME, SITE.replace("fastcgi_pass", "# fastcgi_pass"), SITE.replace("fastcgi_pass", "proxy_pass")],
    )
    def test_near_miss_it_passes_nothing_on(self, text: str) -> None:
        assert left_out({"/etc/nginx/sites-enabled/a": text}) == []

    def test_hit_by_a_port_or_an_upstream(self) -> None:
        for target in ("127.0.0.1:9000", "php"):
            text = SITE.replace("unix:/run/php/a.sock", target)
            assert left_out({"/etc/nginx/sites-enabled/a": text}, socket=False) == [
                "/etc/nginx/sites-enabled/"
            ]

    def test_near_miss_php_fpm_is_of_apache(self) -> None:
        assert left_out(procs=[APACHE]) == []
        assert left_out(procs=[APACHE._replace(foreign=True)]) != []

    def test_near_miss_its_socket_is_of_another_time(self) -> None:
        assert left_out(socket=False) == []

    def test_near_miss_no_more_than_the_begin_of_a_file(self) -> None:
        assert left_out({"/etc/nginx/sites-enabled/a": "#\n" * 40000 + SITE}) == []

    @pytest.mark.parametrize("text", [" " * 65536, "\n" * 65536, "fastcgi_pass " * 5000, "x;" * 32768])
    def test_a_file_of_nothing_takes_no_time(self, text: str) -> None:
        begun = time.process_time()
        left_out({"/etc/nginx/sites-enabled/a": text})
        assert time.process_time() - begun < 1

    def test_no_link_of_an_account_is_followed(self) -> None:
        """Others than root write the directory."""
        place = "/etc/nginx/sites-enabled"
        more: Dict[str, Any] = {"links": {place + "/b": "/etc/secret"}}
        files = {place + "/a": "", "/etc/secret": SITE}
        assert left_out(files, **more) == [place + "/"]
        assert left_out(files, stats={place: folder(1000)}, **more) == []

    def test_not_when_the_time_is_over(self) -> None:
        host = a_host({MAIN: ALONE}, stats={"/run/php/a.sock": folder(33, kind="socket")})
        host.deadline = host.monotonic()
        collect_nginx(host, [master(), worker(), FPM])
        assert paths(host.missing, "nginx_route") == []

    def test_near_miss_no_php_fpm_runs(self) -> None:
        assert left_out(running=False) == []

    def test_near_miss_a_file_that_its_name_leaves_out(self) -> None:
        off = {"/etc/nginx/sites-enabled/a": "", "/etc/nginx/conf.d/shop.conf.off": SITE}
        assert left_out(off) == []

    def test_decoy_the_sites_of_php_are_elsewhere(self) -> None:
        """What is left of another time beside them is no matter."""
        assert left_out({"/etc/nginx/conf.d/shop.conf": SITE}) == []
