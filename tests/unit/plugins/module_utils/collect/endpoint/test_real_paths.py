# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The sockets behind symbolic links."""

from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.endpoint.real_paths import real_paths
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.nginx.nginx import collect_nginx
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.collect.hosts.nginx import (
    MAIN,
    a_host,
)


class TestRealPaths:
    def test_only_sockets_behind_links_are_named(self) -> None:
        host = (
            a_host()
            .link("/run/php/php-fpm.sock", "/run/php/php8.2-fpm.sock")
            .file(
                MAIN,
                "http { server { location /a { fastcgi_pass unix:/run/php/php-fpm.sock; } "
                "location /b { "
                "fastcgi_pass unix:/run/php/b.sock; } "
                "location /c { fastcgi_pass 127.0.0.1:9000; } } }",
            )
        )
        assert real_paths(host, collect_nginx(host, [])["routes"]) == {
            "unix:/run/php/php-fpm.sock": "unix:/run/php/php8.2-fpm.sock"
        }
