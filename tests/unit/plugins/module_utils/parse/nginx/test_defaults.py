# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which server answers for names that none has."""

from typing import Dict

from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.nginx.conf import parse_conf
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.nginx.defaults import default_files

MAIN = "http { include /a; include /b; }"


def found(first: str, second: str) -> Dict[str, str]:
    texts = {"/etc/nginx.conf": MAIN, "/a": first, "/b": second}
    return default_files(parse_conf("/etc/nginx.conf", texts.get, lambda pattern: [pattern]))


class TestDefaults:
    def test_the_first_of_an_address(self) -> None:
        assert found("server { listen 80; }", "server { listen 80; listen 443 ssl; }") == {
            "*:80": "/a",
            "*:443": "/b",
        }

    def test_the_one_that_is_marked(self) -> None:
        assert found("server { listen 80; }", "server { listen 0.0.0.0:80 default_server; }") == {
            "*:80": "/b"
        }

    def test_an_address_without_a_port_has_80(self) -> None:
        assert found("server { listen 10.0.0.1; }", "server { listen 10.0.0.1:80; }") == {"10.0.0.1:80": "/a"}

    def test_sockets_do_not_count(self) -> None:
        assert found("server { listen unix:/run/x; }", "") == {}

    def test_no_listen_is_port_80(self) -> None:
        assert found("server { }", "server { listen 80; }") == {"*:80": "/a"}

    def test_near_miss_stream_and_udp(self) -> None:
        stream = "stream { server { listen 80 default_server; } }"
        texts = {"/etc/nginx.conf": stream + " http { include /a; }", "/a": "server { listen 443 quic; }"}
        conf = parse_conf("/etc/nginx.conf", texts.get, lambda pattern: [pattern])
        assert default_files(conf) == {"443": "/a"}
