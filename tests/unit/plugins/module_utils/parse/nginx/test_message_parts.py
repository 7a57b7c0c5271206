# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The parts of nginx's messages, as fields of their events."""

from typing import Any, Dict, List

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.nginx import message_parts
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.nginx.log import NginxLog
from ansible_collections.webmedic.php_fpm.plugins.module_utils.signatures.nginx import FATAL, HAVE_PARTS

HEAD = "2026/04/02 14:23:17 [%s] 9#9: %s"
CLIENT = ', client: 203.0.113.5, server: shop.example, request: "%s HTTP/1.1"'
OF_PHP = ' while reading response header from upstream%s, upstream: "fastcgi://unix:/run/php.sock:"'
PAGE = "/var/www/shop/index.php"
BASEDIR = (
    "PHP message: PHP Warning:  Unknown: open_basedir restriction in effect. File(%s) is not within the "
    "allowed path(s): (/srv/) in Unknown on line 0; " % PAGE
)
LOADED = "PHP Fatal error:  Failed opening required '/srv/waf.php' (include_path='.') in Unknown on line 0"
MD5 = "4e/da8bc7449787e0ebc3697c3647d0e4ea"


def of_nginx(text: str, level: str = "error", request: str = "GET /a.php?token=geheim") -> str:
    return HEAD % (level, "*4 " + text + CLIENT % request)


def of_php(text: str, request: str = "GET /a.php?token=geheim") -> str:
    return HEAD % ("error", '*4 FastCGI sent in stderr: "%s"' % text + OF_PHP % (CLIENT % request))


def events(*lines: str) -> List[Any]:
    log, start = NginxLog("/e.log", 0, 9e9, 0, (9,)), 0
    for line in lines:
        log.feed(line.encode(), start)
        start += len(line) + 1
    return log.finish().list()


def detail(line: str) -> Dict[str, Any]:
    (event,) = events(line)
    return dict(event["detail"])


PARTS: Dict[str, Any] = {
    of_nginx('limiting requests, excess: 0.9 by zone "one"'): {"zone": "one"},
    of_nginx('limiting connections by zone "site"'): {"zone": "site"},
    of_nginx('could not find named location "@php"'): {"location": "@php"},
    of_nginx('rewrite or internal redirection cycle while internally redirecting to "/x.php"'): {
        "target": "/x.php"
    },
    of_nginx('rewrite or internal redirection cycle while processing "/y"'): {"target": "/y"},
    of_nginx("auth request unexpected status: 302"): {"value": 302},
    of_nginx('open() "/etc/x.htpasswd" failed (13: Permission denied)', "crit"): {"path": "/etc/x.htpasswd"},
    of_nginx('open() "/body/03" failed (13: Permission denied)', "crit"): {"path": "/body/03"},
    of_nginx('open() "/c/%s" failed (13: Permission denied)' % MD5, "crit"): {"cached": True},
    of_nginx('pwritev() "/b/0000000003" has written only 1 of 2', "crit"): {"path": "/b/0000000003"},
    of_nginx('stat() "%s" failed (13: Permission denied)' % PAGE, "crit"): {"path": PAGE},
    of_nginx('directory index of "/var/www/shop/" is forbidden'): {"path": "/var/www/shop/"},
    HEAD % ("alert", "worker process 80 exited on signal 11 (core dumped)"): {"signal": 11},
    HEAD % ("crit", "*3 bind(10.1.1.3) failed (99: x) while connecting to upstream" + CLIENT % "GET /"): {
        "address": "10.1.1.3",
        "errno": 99,
    },
    HEAD
    % ("error", "*4 upstream timed out (110: Connection timed out)" + OF_PHP % CLIENT % "GET /a.php?b=c"): {
        "uri": "/a.php"
    },
    of_php("Primary script unknown"): {"uri": "/a.php"},
    of_php("Unable to open primary script: %s (Permission denied)" % PAGE): {
        "script": PAGE,
        "error": "Permission denied",
    },
    of_php(BASEDIR + "Unable to open primary script: %s (Operation not permitted)" % PAGE): {
        "script": PAGE,
        "error": "Operation not permitted",
        "allowed": "/srv/",
    },
    of_php("Access to the script '/var/www/shop' has been denied (see security.limit_extensions)"): {
        "script": "/var/www/shop",
    },
    of_php("PHP message: " + LOADED): {
        "script": "/srv/waf.php",
        "uri": "/a.php",
        "error": "Failed opening required '/srv/waf.php'",
    },
    of_php("PHP message: PHP Fatal error:  fwrite(/srv/l): x: Read-only file system in /a.php:3"): {
        "read_only": ["/srv/l"]
    },
}


class TestParts:
    @pytest.mark.parametrize("line", PARTS)
    def test_hit_each_is_a_field_of_its_event(self, line: str) -> None:
        seen = detail(line)
        assert {name: seen.get(name) for name in PARTS[line]} == PARTS[line]

    def test_near_miss_a_number_is_no_file_of_a_cache(self) -> None:
        assert "cached" not in detail(of_nginx('open() "/body/03" failed (13: x)', "crit"))

    def test_near_miss_an_error_of_the_script_is_none_before_it(self) -> None:
        assert "error" not in detail(of_php("PHP message: PHP Fatal error:  x in /a.php on line 3"))

    def test_decoy_an_application_says_the_words(self) -> None:
        seen = detail(of_php("PHP message: Unable to open primary script: /x.php (Permission denied)"))
        assert "script" not in seen

    def test_decoy_a_visitor_says_them(self) -> None:
        request = 'GET /; Unable to open primary script: /x.php (Permission denied) by zone "x"'
        assert "script" not in detail(of_php("PHP message: Unable to open primary script: x", request))

    def test_they_are_of_the_newest_line(self) -> None:
        zones = [of_nginx('limiting connections by zone "%s"' % name) for name in ("old", "new")]
        (event,) = events(*zones)
        assert (event["count"], event["detail"]["zone"]) == (2, "new")

    def test_secrets_go_as_they_do_from_the_text(self) -> None:
        line = of_nginx('open() "/srv/password=geheim/x" failed (13: Permission denied)', "crit")
        assert "geheim" not in str(events(line)) and "[redacted]" in detail(line)["path"]
        assert "geheim" not in str(events(of_php("Primary script unknown")))

    def test_each_meaning_with_a_pattern_has_parts(self) -> None:
        assert {*message_parts._OF_MEANING, *FATAL} == HAVE_PARTS
