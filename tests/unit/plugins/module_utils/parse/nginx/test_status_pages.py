# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ways to php-fpm's own pages. What is open here was asked for on real hosts, and answered."""

from typing import Any, List, Optional, Tuple

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.nginx.conf import parse_conf
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.nginx.routes import routes
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.nginx.status_pages import (
    Page,
    status_pages,
)

KEY = "unix:/run/php/a.sock"
PARAMS = "fastcgi_param SCRIPT_NAME $fastcgi_script_name; fastcgi_param SCRIPT_FILENAME $document_root/x;"
PASS = PARAMS + " fastcgi_pass unix:/run/php/a.sock;"
STATUS = Page("www", "/etc/php-fpm.conf", "status", "/status", "/pool", 3)
PING = STATUS._replace(kind="ping", path="/ping")


def found(server: str, *pages: Page, http: str = "") -> List[Any]:
    text = "http { %s server { listen 80; server_name a.example; %s } }" % (http, server)
    conf = parse_conf("/etc/nginx/nginx.conf", lambda _path: text, lambda pattern: [pattern])
    led = {
        (route["server"]["file"], route["server"]["line"], route["file"], route["line"]): [
            target["endpoint"] for target in route["endpoints"]
        ]
        for route in routes(conf, "/")
    }
    return list(status_pages(conf, led, {KEY: list(pages or (STATUS,))}))


def guards(*where: Any, **more: Any) -> List[Tuple[str, Optional[str]]]:
    return [(page["kind"], page["guard"]) for page in found(*where, **more)]


OPEN: List[Tuple[str, Optional[str]]] = [("status", None)]


class TestOpen:
    @pytest.mark.parametrize(
        "server",
        [
            "location = /status { %s }" % PASS,
            "location /status { %s access_log off; }" % PASS,
            "location ~ ^/(status|ping)$ { %s }" % PASS,
            "location / { %s }" % PASS,
            "location ~ \\.php$ { %s } location ~ /stat { %s }" % (PASS, PASS),
            "%s location = /status { fastcgi_pass unix:/run/php/a.sock; }" % PARAMS,
            "location /fpm { fastcgi_param SCRIPT_NAME /status; %s }" % PASS.partition(";")[2],
            "set $to unix:/run/php/a.sock; location = /status { %s fastcgi_pass $to; }" % PARAMS,
        ],
    )
    def test_hit(self, server: str) -> None:
        assert guards(server) == OPEN

    def test_hit_both_pages_at_one_location(self) -> None:
        pages = found("location ~ ^/(status|ping)$ { %s }" % PASS, STATUS, PING)
        assert [page["url"] for page in pages] == ["/status", "/ping"]
        assert (pages[0]["site"], pages[0]["location"]) == ("a.example", "~ ^/(status|ping)$")

    def test_hit_a_path_that_ends_as_php(self) -> None:
        page = STATUS._replace(path="/fpm.php")
        assert guards("location ~ \\.php$ { %s }" % PASS, page) == OPEN
        # No file has that name.
        assert guards("location ~ \\.php$ { try_files $uri =404; %s }" % PASS, page) == []


class TestNotAWay:
    @pytest.mark.parametrize(
        "server",
        [
            "location ~ \\.php$ { %s }" % PASS,
            "location = /status { return 404; } location ~ \\.php$ { %s }" % PASS,
            "location = /status { fastcgi_pass unix:/run/php/b.sock; }",
            # A level with a parameter of its own inherits none: php-fpm gets no SCRIPT_NAME.
            "location = /status { fastcgi_param A b; fastcgi_pass unix:/run/php/a.sock; }",
            "location / { fastcgi_param SCRIPT_NAME /index.php; fastcgi_pass unix:/run/php/a.sock; }",
            "location / { try_files $uri /index.php; %s }" % PASS,
        ],
    )
    def test_near_miss(self, server: str) -> None:
        assert guards(server) == []

    def test_near_miss_without_a_file_name_php_fpm_does_not_look(self) -> None:
        location = "location = /status { fastcgi_param SCRIPT_NAME $uri; fastcgi_pass unix:/run/php/a.sock; }"
        assert guards(location) == []


class TestGuarded:
    def test_near_miss_a_rule_keeps_strangers_out(self) -> None:
        ((_kind, why),) = guards("location = /status { allow 127.0.0.1; deny all; %s }" % PASS)
        assert why == "deny all"

    def test_near_miss_a_listener_of_this_host_alone(self) -> None:
        text = "location = /status { %s } listen 127.0.0.1:81;" % PASS
        assert guards(text) == OPEN  # it has listen 80 as well
        server = "http { server { listen 127.0.0.1:81; location = /status { %s } } }" % PASS
        conf = parse_conf("/etc/nginx/nginx.conf", lambda _path: server, lambda pattern: [pattern])
        led = {("/etc/nginx/nginx.conf", 1, "/etc/nginx/nginx.conf", 1): [KEY]}
        (page,) = status_pages(conf, led, {KEY: [STATUS]})
        assert page["guard"] == "it is served on this host alone"

    def test_what_python_cannot_read_is_not_certain(self) -> None:
        (page,) = found("location ~ ^/(?|status|x)$ { return 403; } location / { %s }" % PASS)
        assert page["certain"] is False
