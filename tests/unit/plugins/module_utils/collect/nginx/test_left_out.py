# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sites beside a main file that includes none of them."""

from typing import Any, Dict, List, Optional

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.nginx.nginx import collect_nginx
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.collect.hosts.nginx import (
    MAIN,
    SITE,
    a_host,
    master,
    paths,
    worker,
)

ALONE = "user www-data; http { include conf.d/*.conf; }"
WELCOME = "server { listen 80; root /usr/share/nginx/html; }"
FPM = worker(50, "php-fpm: master process (/etc/php/8.2/fpm/php-fpm.conf)")


def left_out(files: Optional[Dict[str, Any]] = None, running: bool = True) -> List[Any]:
    host = a_host({MAIN: ALONE, "/etc/nginx/conf.d/default.conf": WELCOME, **(files or {})})
    collect_nginx(host, [master(), worker()] + ([FPM] if running else []))
    return paths(host.missing, "nginx_route")


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

    def test_near_miss_no_php_fpm_runs(self) -> None:
        assert left_out(running=False) == []

    def test_near_miss_a_file_that_its_name_leaves_out(self) -> None:
        off = {"/etc/nginx/sites-enabled/a": "", "/etc/nginx/conf.d/shop.conf.off": SITE}
        assert left_out(off) == []

    def test_decoy_the_sites_of_php_are_elsewhere(self) -> None:
        """What is left of another time beside them is no matter."""
        assert left_out({"/etc/nginx/conf.d/shop.conf": SITE}) == []
