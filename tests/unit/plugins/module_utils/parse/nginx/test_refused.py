# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What keeps nginx from loading its files, and where a complaint of nginx's points."""

from typing import Dict, List, Optional, Set, Tuple

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.nginx.conf import Conf, parse_conf
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.nginx.refused import (
    kind_of,
    place_of,
    problems,
)

MAIN = "/etc/nginx/nginx.conf"


def read(*lines: str) -> Conf:
    return parse_conf(MAIN, lambda path: "\n".join(lines), lambda pattern: [])


def texts(*lines: str, absent: Optional[Set[str]] = None) -> List[Tuple[int, str]]:
    found = problems(read(*lines), MAIN, "/usr/share/nginx", lambda path: path in (absent or set()))
    return [(problem["line"], problem["text"]) for problem in found]


class TestDefaultServers:
    @pytest.mark.parametrize("other", ["80", "*:80", "0.0.0.0:80", "79-81"])
    def test_hit_two_of_one_address(self, other: str) -> None:
        server = "server { listen %s default_server; }"
        assert texts("http {", server % "80", server % other, "}") == [
            (3, "a duplicate default server for 0.0.0.0:80; the first is in %s:2" % MAIN)
        ]

    @pytest.mark.parametrize(
        "other",
        [
            "[::]:80 default_server",
            "8080 default_server",
            "80",
            "10.0.0.1 default_server",
            "80 quic default_server",
        ],
    )
    def test_near_miss_another_address_or_no_default(self, other: str) -> None:
        assert texts("http { server { listen 80 default_server; }", "server { listen %s; } }" % other) == []

    def test_near_miss_a_server_of_stream(self) -> None:
        stream = "stream { server { listen 80 default_server; } }"
        assert texts("http { server { listen 80 default_server; } }", stream) == []


class TestFiles:
    def test_hit_a_certificate_that_is_not_there(self) -> None:
        gone = "/etc/letsencrypt/live/gone/fullchain.pem"
        line = "http { server { ssl_certificate %s; } }" % gone
        assert texts(line, absent={gone}) == [
            (1, 'cannot load certificate "%s": No such file or directory' % gone)
        ]
        assert texts(line) == []

    def test_hit_it_is_relative_to_the_main_file(self) -> None:
        assert texts("http { ssl_dhparam dh.pem; }", absent={"/etc/nginx/dh.pem"}) != []

    def test_hit_a_log_in_a_directory_that_is_not_there(self) -> None:
        line = "http { access_log /var/log/nginx/gone/a.log; }"
        assert texts(line, absent={"/var/log/nginx/gone"}) == [
            (1, 'open() "/var/log/nginx/gone/a.log" failed (2: No such file or directory)')
        ]

    @pytest.mark.parametrize(
        "line",
        [
            "ssl_certificate $ssl_server_name.pem;",
            "ssl_certificate data:x;",
            "access_log off;",
            "error_log stderr;",
        ],
    )
    def test_decoy_what_is_no_file_at_the_start(self, line: str) -> None:
        found = problems(read("http { %s }" % line), MAIN, "/", lambda path: True)
        assert found == []

    def test_hit_what_cannot_be_read_at_all_stands_alone(self) -> None:
        assert len(texts("http { server { listen 80 default_server;")) == 1


class TestPlace:
    CASES: Dict[str, Tuple[str, int]] = {
        'host not found in upstream "db.gone" in /etc/nginx/conf.d/gone.conf:2': (
            "/etc/nginx/conf.d/gone.conf",
            2,
        ),
        'cannot load certificate "/c/gone.pem": BIO_new_file() failed (SSL: ...)': (MAIN, 2),
    }

    @pytest.mark.parametrize("text", sorted(CASES))
    def test_hit_by_nginxs_word_or_by_the_path(self, text: str) -> None:
        conf = read("http {", "ssl_certificate /c/gone.pem; }")
        assert place_of(text, conf, "/") == self.CASES[text]

    def test_near_miss_a_path_that_no_line_names(self) -> None:
        assert place_of('open() "/x" failed', read("http { }"), "/") is None


class TestKind:
    @pytest.mark.parametrize(
        "text, kind",
        [
            ('no port in upstream "php74" in /etc/nginx/x:3', "upstream"),
            ("bind() to 192.0.2.54:80 failed (99: Cannot assign requested address)", "no_address"),
            ('unknown directive "ssl" in /etc/nginx/x:3', "ssl_directive"),
            ('unknown directive "brotli" in /etc/nginx/x:3', "unknown_directive"),
            ('unknown log format "main" in /etc/nginx/x:3', "log_format"),
            ('"daemon" directive is duplicate in /etc/nginx/x:3', "daemon_twice"),
            (
                'the size 1 of shared memory zone "SSL" conflicts with already declared size 2 in /x:1',
                "zone_sizes",
            ),
            ('zero size shared memory zone "one"', "zone"),
            ('unknown "connection_upgrade" variable', "variable"),
            ('module "/a.so" is not binary compatible in /etc/nginx/x:3', "module_build"),
            ('module "/a.so" version 1022001 instead of 1024000 in /x:1', "module_version"),
            ('unknown directive "\u00a0" in /etc/nginx/x:3', "odd_character"),
            ('unknown directive "\ufeffserver" in /etc/nginx/x:3', "odd_character"),
            ('unknown directive "server_name\u200b" in /etc/nginx/x:3', "odd_character"),
            ('cannot load certificate "/a.pem": PEM_x() failed (SSL: x:no start line:x)', "no_pem"),
            ('SSL_CTX_use_PrivateKey("/a.pem") failed (SSL: x:key values mismatch)', "other_key"),
            ('SSL_CTX_use_certificate("/a.pem") failed (SSL: x:ee key too small)', "small_key"),
            ('cannot load certificate key "/a.key": PEM_x() failed (SSL: bad password read)', "passphrase"),
            ("Main process exited, code=killed, status=9/KILL", "killed"),
            ("Failed to set up mount namespacing: /srv/a: No such file or directory", "mount_namespace"),
            ("Service has more than one ExecStart= setting", "exec_starts"),
            ("bind() to 0.0.0.0:80 failed (13: Permission denied)", "privileged"),
            ('open() "/run/nginx.pid" failed (13: Permission denied)', "privileged"),
            ('chown("/var/lib/nginx/body", 33) failed (22: Invalid argument)', "account_hidden"),
            ("setgid(33) failed (22: Invalid argument)", "account_hidden"),
            ("setgid(33) failed (1: Operation not permitted)", "capabilities"),
            ('pread() "/etc/nginx/sites-enabled/env" failed (21: Is a directory)', "directory"),
            ('open() "/etc/nginx/sites-enabled/env" failed (22: not a regular file)', "directory"),
            ("socket() [::]:80 failed (97: Address family not supported by protocol)", "no_ipv6"),
            ("Failed at step CHDIR spawning /usr/sbin/nginx: No such file or directory", "unit_setting"),
            ("Failed at step EXEC spawning /usr/sbin/nginx: No such file or directory", "exec"),
            ('mkdir() "/srv/gone/sub/cache" failed (2: No such file or directory)', "parent_directory"),
            ('chown("/srv/body", 33) failed (1: Operation not permitted)', "chown"),
            (
                'SSL_CTX_set_cipher_list("A") failed (SSL: error:0A0000B9:SSL routines::no cipher match)',
                "cipher",
            ),
            ('invalid number of arguments in "proxy_set_header" directive in /etc/nginx/x:3', "arguments"),
            ('"location" directive is not allowed here in /etc/nginx/x:3', "context"),
            ('"root" directive is duplicate in /etc/nginx/x:3', "twice"),
            ('"pid" directive is duplicate in /etc/nginx/x:3', "twice"),
            ('unexpected end of file, expecting "}" in /etc/nginx/x:3', "unterminated"),
            ('unexpected end of file, expecting ";" or "}" in /etc/nginx/x:3', "unterminated"),
            ('unexpected "}" in /etc/nginx/x:3', "unterminated"),
            ('directive "rewrite" is not terminated by ";" in /etc/nginx/x:3', "unterminated"),
            ('host not found in upstream "php:9000" in /etc/nginx/x:3', "no_host"),
            ('host not found in "lan:80" of the "listen" directive in /etc/nginx/x:3', "no_host"),
        ],
    )
    def test_hit_what_the_words_do_not_tell(self, text: str, kind: str) -> None:
        assert kind_of(text) == kind

    @pytest.mark.parametrize(
        "text",
        [
            "bind() to 0.0.0.0:80 failed (98: Address already in use)",
            '"alias" directive is duplicate, "root" directive was specified earlier in /etc/nginx/x:3',
            'mkdir() "/srv/cache" failed (13: Permission denied)',
            'duplicate location "/" in /etc/nginx/x:3',
            'duplicate upstream "a" in /etc/nginx/x:3',
            'unexpected ";" in /etc/nginx/x:3',
            'the shared memory zone "SSL" is already declared for a different use in /etc/nginx/x:3',
            'invalid parameter "http3" in /etc/nginx/x:3',
            "socket() [::]:80 failed (24: Too many open files)",
        ],
    )
    def test_near_miss_another_complaint(self, text: str) -> None:
        assert kind_of(text) is None
