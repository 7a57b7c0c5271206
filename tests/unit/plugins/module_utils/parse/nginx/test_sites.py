# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A site is its server block."""

from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.nginx.conf import parse_conf
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.nginx.routes import routes
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.nginx.sites import place, sites_of

CONF = """http {
  server { listen 80 default_server; server_name _; location / { fastcgi_pass unix:/a; } }
  server {
    listen 127.0.0.1:8081; server_name _;
    location / { fastcgi_pass unix:/b; }
    location /api { fastcgi_pass unix:/b; }
  }
  server { fastcgi_pass unix:/never; location / { fastcgi_pass unix:/a; } }
}
"""


class TestSites:
    def test_two_servers_of_a_name_are_two_sites(self) -> None:
        sites = sites_of(routes(parse_conf("/n.conf", lambda path: CONF, lambda pattern: []), "/etc/nginx"))
        assert sites[:2] == [
            {"name": "_", "listen": "80", "file": "/n.conf", "line": 2},
            {"name": "_", "listen": "127.0.0.1:8081", "file": "/n.conf", "line": 3},
        ]
        assert [site["name"] for site in sites] == ["_", "_", "default"] and len(
            {place(site) for site in sites}
        ) == 3

    def test_snapshot_without_lines_goes_by_name_with_address(self) -> None:
        old = [
            {"site": "_", "listen": ["80"]},
            {"site": "_", "listen": ["8081"]},
            {"site": "_", "listen": ["80 ipv6only=on"]},
            {"site": "x", "listen": []},
        ]
        assert [place(site) for site in sites_of(old)] == [("_", "80"), ("_", "8081"), ("x", "80")]
