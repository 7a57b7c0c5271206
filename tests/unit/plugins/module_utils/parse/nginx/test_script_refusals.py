# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What php-fpm says of scripts that it does not open, and which scripts nginx names."""

from typing import Any, List

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.nginx.log import NginxLog
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.nginx.message_parts import parts_of
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.nginx.script_refusals import (
    is_check,
    is_front,
    opening,
    script_of,
    scripts_of,
)

ROOT = "/var/www/shop"
BY_ROOT = "$document_root$fastcgi_script_name"
TAIL = (
    '" while reading response header from upstream, client: 203.0.113.5, server: shop.example, request: '
    '"GET / HTTP/1.1", upstream: "fastcgi://unix:/run/php.sock:", host: "shop.example"'
)


def route(script: str = BY_ROOT, root: Any = ROOT) -> Any:
    return {"root": root, "params": {"SCRIPT_FILENAME": script}}


def real(path: str) -> str:
    return path.replace("shop", "releases/7")


SCRIPTS = scripts_of(
    [route(), route("$realpath_root$fastcgi_script_name"), route("/srv/app/front.php")], real
)


def meaning_in(text: str) -> str:
    """Of a text of php-fpm's, else of nginx's own."""
    words = {
        "stat()": "root_denied",
        "directory": "index_forbidden",
        "Access": "script_denied",
        "Primary": "script_missing",
    }
    begins = next((word for word in words if text.lstrip('"').startswith(word)), "")
    return words.get(begins, "script_gone" if "No such" in text else "script_closed")


class TestFront:
    @pytest.mark.parametrize(
        "text",
        [
            '"Unable to open primary script: /var/www/shop/index.php (Permission denied)',
            '"Unable to open primary script: /var/www/releases/7/index.php (Permission denied)',
            '"Unable to open primary script: /srv/app/front.php (Permission denied)',
            '"Unable to open primary script: /var/www/shop/cart.php (Operation not permitted)',
            "\"Access to the script '/var/www/shop' has been denied (see security.limit_extensions)",
            '"Unable to open primary script: /var/www/shop/index.php (No such file or directory)',
            '"Primary script unknown' + TAIL,
            '"Primary script unknown' + TAIL.replace("GET /", "GET /index.php?id=1"),
            'stat() "/var/www/shop/index.php" failed (13: Permission denied)',
            'directory index of "/var/www/shop/" is forbidden, client: 10.0.0.9',
        ],
    )
    def test_hit_each_page_of_the_site(self, text: str) -> None:
        assert is_front(meaning_in(text), text, SCRIPTS)

    @pytest.mark.parametrize(
        "text",
        [
            '"Unable to open primary script: /var/www/shop/private.php (Permission denied)',
            '"Unable to open primary script: /var/www/blog/cart.php (Operation not permitted)',
            "\"Access to the script '/var/www/shop/upload/x.jpg' has been denied",
            "x Unable to open primary script: /var/www/shop/index.php (Permission denied)",
            '"Primary script unknown',
            '"Primary script unknown' + TAIL.replace("GET /", "GET /wp-login.php"),
            '"Unable to open primary script: /var/www/shop/old.php (No such file or directory)',
            'stat() "/var/www/shop/private/x.php" failed (13: Permission denied)',
            'directory index of "/var/www/shop/uploads/" is forbidden, client: 10.0.0.9',
        ],
    )
    def test_near_miss_and_decoy_one_page(self, text: str) -> None:
        assert not is_front(meaning_in(text), text, SCRIPTS)

    def test_the_log_keeps_them_apart(self) -> None:
        log = NginxLog("x", 0, 9e9, 0, (9,), scripts={"shop.example": SCRIPTS}.__getitem__)
        texts: List[str] = [
            "Unable to open primary script: /var/www/shop/index.php (Permission denied)",
            "Unable to open primary script: /var/www/shop/private.php (Permission denied)",
            "Primary script unknown",
        ]
        start = 0
        for text in texts:
            line = '2026/04/02 14:23:17 [error] 9#9: *4 FastCGI sent in stderr: "' + text + TAIL
            log.feed(line.encode(), start)
            start += len(line) + 1
        events = log.finish().list()
        assert [(event["signature"], event.get("front", False)) for event in events] == [
            ("ng-stderr-primary", True),
            ("ng-stderr-primary-open", True),
            ("ng-stderr-primary-open", False),
        ]


class TestOpening:
    FATAL = (
        "PHP message: PHP Fatal error:  Failed opening required '%s' (include_path='.') in Unknown on line 0"
    )

    @pytest.mark.parametrize(
        "path, target, found",
        [
            ("/var/www/shop/index.php", "/", True),
            ("/var/www/shop/index.php", "/product/1", True),
            ("/var/www/shop/old.php", "/old.php?x=1", True),
            ("/var/www/shop/prepend.php", "/old.php", False),
            ("/srv/prepend/index.php", "/index.php", False),
        ],
    )
    def test_the_script_itself_and_another_file(self, path: str, target: str, found: bool) -> None:
        line = self.FATAL % path + TAIL.replace("GET /", "GET " + target)
        parts = parts_of("fatal_before_script", line)
        assert opening(parts, [ROOT + "/"]) == (path if found else "")


class TestScript:
    @pytest.mark.parametrize(
        "written, script",
        [
            (BY_ROOT, ROOT + "/"),
            ("$document_root/index.php", ROOT + "/index.php"),
            ("$realpath_root$fastcgi_script_name", "/var/www/releases/7/"),
            ("$request_filename", ROOT + "/"),
            ("/shop$fastcgi_script_name", "/shop/"),
            ("$fastcgi_script_name", "/"),
            ("/srv/front.php", "/srv/front.php"),
            ("/srv/site_$host$fastcgi_script_name", "/srv/"),
        ],
    )
    def test_what_nginx_names(self, written: str, script: str) -> None:
        assert script_of(route(written), real) == script

    @pytest.mark.parametrize("written, root", [(BY_ROOT, None), (BY_ROOT, "$sites/a"), ("$host.php", ROOT)])
    def test_decoy_it_is_decided_at_run_time(self, written: str, root: Any) -> None:
        assert script_of(route(written, root), real) == ""


class TestCheck:
    @pytest.mark.parametrize("location", ["= /fpm-ping", "~ ^/(status|ping)$"])
    def test_hit_a_location_of_no_script(self, location: str) -> None:
        assert is_check(dict(route(), location=location))

    @pytest.mark.parametrize("location", ["~ \\.php$", "/", "= /", "~ /", "= /index.php"])
    def test_near_miss_a_location_of_pages(self, location: str) -> None:
        assert not is_check(dict(route(), location=location))

    def test_decoy_its_script_is_a_file(self) -> None:
        assert not is_check(dict(route("/srv/app/front.php"), location="~ ^/app"))
