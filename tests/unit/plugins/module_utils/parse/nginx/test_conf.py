# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Includes, faults and the main level. The default configurations are Debian's own files."""

import fnmatch
import os
import time
from typing import Any, Dict, List, Optional

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.files import NotOpened
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.nginx import conf as nginx_conf
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.nginx.conf import (
    Conf,
    error_logs,
    every,
    parse_conf,
    repeated_logs,
    user_directive,
)
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.nginx.served import servers
from ansible_collections.webmedic.php_fpm.tests.unit.places import fixtures

FIXTURES = fixtures("nginx")
MAIN = "/etc/nginx/nginx.conf"


def read_all(files: Dict[str, str], extra: str = "", read: Optional[List[str]] = None) -> Conf:
    def reader(path: str) -> str:
        if read is not None:
            read.append(path)
        if path not in files:
            raise NotOpened('open() "%s" failed (2: No such file or directory)' % path)
        return files[path]

    def expand(pattern: str) -> List[str]:
        return sorted(
            name
            for name in files
            if fnmatch.fnmatchcase(name, pattern) and name.count("/") == pattern.count("/")
        )

    return parse_conf(MAIN, reader, expand, extra)


def names(conf: Conf) -> List[str]:
    return [directive.name for directive in every(conf.directives)]


class TestMainLevel:
    @pytest.mark.parametrize("version", ["1.18.0-debian11", "1.22.1-debian12", "1.26.3-debian13"])
    def test_default_configuration_of_debian_is_read_whole(self, version: str) -> None:
        files = {}
        top = os.path.join(FIXTURES, version + "-default")
        for directory, _directories, file_names in os.walk(top):
            for name in file_names:
                with open(os.path.join(directory, name), encoding="utf-8") as stream:
                    files["/etc/nginx/" + os.path.relpath(os.path.join(directory, name), top)] = stream.read()
        files["/etc/nginx/sites-enabled/default"] = files["/etc/nginx/sites-available/default"]
        conf = read_all(files)
        assert conf.errors == []
        listen = [directive for directive in every(conf.directives) if directive.name == "listen"]
        assert [(directive.args, directive.file, directive.line) for directive in listen] == [
            (["80", "default_server"], "/etc/nginx/sites-enabled/default", 22),
            (["[::]:80", "default_server"], "/etc/nginx/sites-enabled/default", 23),
        ]
        user = user_directive(conf)
        assert user and user.args == ["www-data"]
        assert error_logs(conf, "/usr/share/nginx", "/var/log/nginx/error.log") == (
            ["/var/log/nginx/error.log"],
            [],
        )

    def test_tabs_or_dos_line_ends_are_space(self) -> None:
        conf = read_all({MAIN: "http\r\n{\r\n\tserver\t{\r\n\t\tlisten\t80;\r\n\t}\r\n}\r\n"})
        assert (names(conf), conf.errors) == (["http", "server", "listen"], [])

    def test_directives_of_the_command_line_come_first(self) -> None:
        conf = read_all({MAIN: "user file;"}, extra="daemon off; user line;")
        user = user_directive(conf)
        assert user and user.args == ["line"]


class TestIncludes:
    def test_path_is_relative_to_the_main_file(self) -> None:
        conf = read_all(
            {
                MAIN: "include conf.d/a.conf;",
                "/etc/nginx/conf.d/a.conf": "include b.conf;",
                "/etc/nginx/b.conf": "right 1;",
                "/etc/nginx/conf.d/b.conf": "wrong 1;",
            }
        )
        assert names(conf) == ["right"]

    def test_pattern_loads_in_order_or_matches_nothing(self) -> None:
        conf = read_all(
            {
                MAIN: "include sites/*; include none/*.conf; include [x]y;",
                "/etc/nginx/sites/b": "second;",
                "/etc/nginx/sites/a": "first;",
            }
        )
        assert (names(conf), conf.errors) == (["first", "second"], [])

    def test_missing_file_is_an_error_at_the_line_of_the_include(self) -> None:
        conf = read_all({MAIN: "a;\nhttp {\n include snippets/absent.conf;\n b;\n}"})
        assert conf.errors == [
            {
                "kind": "not_opened",
                "file": MAIN,
                "line": 3,
                "text": 'open() "/etc/nginx/snippets/absent.conf" failed (2: No such file or directory)',
            }
        ]
        assert names(conf) == ["a", "http", "b"]

    def test_near_miss_file_that_only_we_cannot_read(self) -> None:
        conf = parse_conf(MAIN, lambda path: "include a;" if path == MAIN else None, lambda pattern: [])
        assert conf.errors == []
        assert conf.unread == [("/etc/nginx/a", MAIN, 1)]

    def test_loop_ends_in_an_error(self) -> None:
        conf = read_all(
            {MAIN: "include a;", "/etc/nginx/a": "one;\ninclude b;", "/etc/nginx/b": "two;\n\ninclude a;"}
        )
        assert names(conf) == ["one", "two"]
        assert [(error["file"], error["line"]) for error in conf.errors] == [("/etc/nginx/b", 3)]
        assert "comes back to itself" in conf.errors[0]["text"]

    def test_near_miss_file_that_is_included_twice(self) -> None:
        read: List[str] = []
        conf = read_all({MAIN: "a { include p; } b { include p; }", "/etc/nginx/p": "x;"}, read=read)
        assert (names(conf), conf.errors) == (["a", "x", "b", "x"], [])
        assert read == [MAIN, "/etc/nginx/p"]

    def test_files_that_double_each_other_do_not_fill_the_memory(self) -> None:
        files = {
            "/etc/nginx/%d" % index: "include %d; include %d;" % (index + 1, index + 1) for index in range(40)
        }
        conf = read_all(dict(files, **{MAIN: "include 0;", "/etc/nginx/40": "x;"}))
        assert len(names(conf)) <= nginx_conf.MOST_DIRECTIVES
        assert any("left out" in error["text"] for error in conf.errors)

    def test_chain_of_many_files_ends_without_a_stack_overflow(self) -> None:
        files = {"/etc/nginx/%d" % index: "x%d; include %d;" % (index, index + 1) for index in range(3000)}
        conf = read_all(dict(files, **{MAIN: "include 0;"}))
        assert "files include each other" in conf.errors[0]["text"]


class TestFaults:
    @pytest.mark.parametrize(
        "text, line, words",
        [
            ("a {\n b;\n", 3, 'unexpected end of file, expecting "}"'),
            ("a { }\n}\nb;", 2, 'unexpected "}"'),
            ("a { b }", 1, 'unexpected "}"'),
            ("\n" + "a{" * 200, 2, "more than 100 nested blocks, the rest of this file was not read"),
            ("include a b;", 1, 'invalid number of arguments in "include" directive'),
        ],
    )
    def test_fault_is_an_error_with_its_line(self, text: str, line: int, words: str) -> None:
        errors = read_all({MAIN: text}).errors
        assert [(error["file"], error["line"], error["text"]) for error in errors] == [(MAIN, line, words)]

    def test_fault_ends_its_own_file_only(self) -> None:
        conf = read_all({MAIN: "http { include broken; after; }", "/etc/nginx/broken": "good; }\nnever;"})
        assert names(conf) == ["http", "good", "after"]
        assert conf.errors == [
            {"kind": "syntax", "file": "/etc/nginx/broken", "line": 1, "text": 'unexpected "}"'}
        ]

    def test_byte_order_mark_is_an_error_before_the_rest(self) -> None:
        conf = read_all({MAIN: "\ufeffuser a;\nb;"})
        assert conf.errors == [
            {"kind": "unknown_directive", "file": MAIN, "line": 1, "text": 'unknown directive "\ufeffuser"'}
        ]
        assert names(conf) == ["user", "b"]

    def test_garbage_of_all_bytes_gives_errors_only(self) -> None:
        garbage = bytes(bytearray((index * 7919) % 256 for index in range(65536))).decode("utf-8", "replace")
        conf = read_all({MAIN: garbage})
        assert conf.errors and isinstance(conf.errors[0]["line"], int)


class TestServers:
    def test_those_of_http_alone(self) -> None:
        """A server of an upstream is no block, and one of stream has no sites."""
        text = "stream { server { listen 443 ssl; } } http { gzip on; upstream a { server b; } %s }"
        conf = read_all({MAIN: text % "server { listen 80; } server { }"})
        found = list(servers(conf))
        assert [[each.name for each in server.block or []] for _http, server in found] == [["listen"], []]
        assert [each.name for each in found[0][0].block or []] == ["gzip"]


class TestErrorLogs:
    def test_each_file_of_all_levels_once_apart_from_no_files(self) -> None:
        conf = read_all(
            {
                MAIN: "error_log logs/main.log warn; http { error_log /a.log; server { error_log /a.log; "
                "error_log syslog:server=x; "
                "location / { error_log stderr; error_log memory:1m debug; error_log /dev/stdout; } } }"
            }
        )
        assert error_logs(conf, "/usr/share/nginx", "/never.log") == (
            ["/usr/share/nginx/logs/main.log", "/a.log"],
            ["syslog:server=x", "stderr", "memory:1m", "/dev/stdout"],
        )

    def test_logs_that_one_block_names_again(self) -> None:
        text = "error_log logs/e; error_log logs/e info; http { error_log /a; server { error_log /a; } }"
        assert repeated_logs(read_all({MAIN: text}), "/opt") == {"/opt/logs/e": ["error", "info"]}

    def test_built_in_log_counts_if_the_main_level_names_none(self) -> None:
        conf = read_all({MAIN: "http { error_log /a.log; }"})
        assert error_logs(conf, "/opt/nginx", "logs/error.log") == (
            ["/opt/nginx/logs/error.log", "/a.log"],
            [],
        )
        assert error_logs(conf, "/opt/nginx", None) == (["/a.log"], [])


class TestSpeed:
    def test_five_hundred_sites_are_read_quickly(self) -> None:
        files: Dict[str, Any] = {
            "/etc/nginx/sites/%d"
            % index: "server {\n listen 80;\n server_name s%d.example;\n root /var/www/%d;\n location "
            "~ \\.php$ "
            "{\n"
            "  include p;\n  fastcgi_pass unix:/run/php/%d.sock;\n }\n}\n" % (index, index, index)
            for index in range(500)
        }
        files.update({MAIN: "http { include sites/*; }", "/etc/nginx/p": "fastcgi_param A a;\n" * 30})
        before = time.process_time()
        conf = read_all(files)
        assert time.process_time() - before < 1.0, "the aim is 0.06 s on an idle machine"
        assert names(conf).count("fastcgi_pass") == 500
