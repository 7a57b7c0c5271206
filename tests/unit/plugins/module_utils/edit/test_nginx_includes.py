# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A directive set in a configuration of several files."""

import os
from typing import Any, Callable, Dict, List, Tuple

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.edit.nginx_text import (
    Edited,
)
from ansible_collections.webmedic.php_fpm.plugins.module_utils.work.step import Refusal
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.edit.nginx_files import (
    FIXTURES,
    MAIN,
    edit,
    fixture,
    fixture_files,
)

FLEET = {
    MAIN: "http {\n  include sites/*.conf;\n  include mime.types;\n}\n",
    "/etc/nginx/mime.types": "types { a b; }\n",
    "/etc/nginx/sites/a.conf": "server { server_name a; include own.conf; location / { include snip.conf; "
    "include params; } }\n",
    "/etc/nginx/sites/b.conf": "server { server_name b c; include snip.conf; location / { include params; } "
    "}\n",
    "/etc/nginx/sites/c.conf": "server { server_name c; root /c; }\nserver { server_name d; root /d; }\n",
    "/etc/nginx/own.conf": "# mine\r\nroot /own;\r\nlocation /own {\r\n\tindex a;\r\n}",
    "/etc/nginx/snip.conf": "location ~ \\.php$ { fastcgi_pass x; }\n",
    "/etc/nginx/params": "fastcgi_param A 1;\nfastcgi_param B 2;\n",
}


class TestIncludes:
    @pytest.mark.parametrize(
        "selector, name, args, file, path, old, new",
        [
            ((("server", "a"),), "root", ["/new"], None, "own.conf", "root /own;", "root /new;"),
            ((("server", "a"),), "root", None, None, "own.conf", "root /own;\r\n", ""),
            (
                (("location", "/own"),),
                "expires",
                ["1d"],
                None,
                "own.conf",
                "\tindex a;\r\n",
                "\tindex a;\r\n\texpires 1d;\r\n",
            ),
            ((("server", "d"),), "root", ["/new"], None, "sites/c.conf", "root /d;", "root /new;"),
            (
                (("server", "c"),),
                "root",
                ["/new"],
                "/etc/nginx/sites/c.conf",
                "sites/c.conf",
                "root /c;",
                "root /new;",
            ),
            ((("server", "a"),), "index", ["x"], None, "sites/a.conf", "} }", "} index x; }"),
            ((("location", "~ \\.php$"),), "fastcgi_pass", ["y"], None, "snip.conf", "x", "y"),
            (
                (("location", "~ \\.php$"),),
                "fastcgi_index",
                ["y"],
                None,
                "snip.conf",
                "x;",
                "x; fastcgi_index y;",
            ),
            (
                (("server", "a"), ("location", "/")),
                "fastcgi_param",
                ["C", "3"],
                None,
                "sites/a.conf",
                "include params;",
                "include params; fastcgi_param C 3;",
            ),
            ((("http", ""),), "gzip", ["on"], None, "nginx.conf", "types;\n", "types;\n  gzip on;\n"),
        ],
    )
    def test_the_right_file_is_edited(
        self, selector: Any, name: str, args: Any, file: Any, path: str, old: str, new: str
    ) -> None:
        path = "/etc/nginx/" + path
        assert edit(FLEET, selector, name, args, file) == [
            Edited(path, FLEET[path], FLEET[path].replace(old, new))
        ]

    @pytest.mark.parametrize(
        "selector, name, args, file, why",
        [
            (
                (("server", "c"),),
                "root",
                ["/new"],
                None,
                "2 blocks match: /etc/nginx/sites/b.conf:1, /etc/nginx/sites/c.conf:1",
            ),
            (
                (("server", ""),),
                "root",
                ["/new"],
                "/etc/nginx/sites/c.conf",
                "2 blocks match: /etc/nginx/sites/c.conf:1, /etc/nginx/sites/c.conf:2",
            ),
            (
                (("server", "a"),),
                "root",
                ["/new"],
                "/etc/nginx/sites/b.conf",
                "no such block in /etc/nginx/sites/b.conf",
            ),
            (
                (("server", "a"), ("location", "~ \\.php$")),
                "fastcgi_pass",
                ["y"],
                None,
                "snip.conf: line 1 is included elsewhere too: .*sites/b.conf:1 > .*snip.conf:1",
            ),
            (
                (("server", "b"), ("location", "~ \\.php$")),
                "fastcgi_index",
                ["y"],
                None,
                "snip.conf: line 1 is included elsewhere too: .*sites/a.conf:1 > ",
            ),
            (
                (("server", "b"), ("location", "/")),
                "fastcgi_param",
                ["A", "2"],
                None,
                "params: line 1 is included elsewhere too: .*sites/a.conf:1 > .*sites/a.conf:1",
            ),
            (
                (("server", "b"), ("location", "/")),
                "fastcgi_param A",
                None,
                None,
                "params: line 1 is included elsewhere too",
            ),
        ],
    )
    def test_what_other_blocks_share_is_left_alone(
        self, selector: Any, name: str, args: Any, file: Any, why: str
    ) -> None:
        with pytest.raises(Refusal, match=why):
            edit(FLEET, selector, name, args, file)

    @pytest.mark.parametrize(
        "files, why",
        [
            (
                {
                    MAIN: "include a;",
                    "/etc/nginx/a": "http { include b; }",
                    "/etc/nginx/b": "server { include a; }",
                },
                '/etc/nginx/b: line 1: include "/etc/nginx/a" comes back to itself',
            ),
            (
                {MAIN: "http { }\ninclude a;"},
                "/etc/nginx/a cannot be read, which /etc/nginx/nginx.conf:2 includes",
            ),
            ({}, "/etc/nginx/nginx.conf cannot be read"),
            (
                {MAIN: "http { }\ninclude a;", "/etc/nginx/a": "b"},
                "/etc/nginx/a: line 1: unexpected end of file",
            ),
        ],
    )
    def test_a_configuration_that_cannot_be_read_whole_is_left_alone(
        self, files: Dict[str, str], why: str
    ) -> None:
        with pytest.raises(Refusal, match=why):
            edit(files, (("http", ""),), "gzip", ["on"])

    def test_more_directives_than_anybody_writes_are_not_followed(self) -> None:
        files = {"/etc/nginx/%d" % number: "include %d;" % (number + 1) * 10 for number in range(9)}
        files.update({MAIN: "include 0;", "/etc/nginx/9": "a;"})
        with pytest.raises(Refusal, match="more than 400000 directives"):
            edit(files, (), "pid", ["x"])


class TestDebian:
    """its own files"""

    @pytest.mark.parametrize("version", ["1.18.0-debian11", "1.22.1-debian12", "1.26.3-debian13"])
    def test_a_directive_gets_a_line_of_its_own(self, version: str) -> None:
        top = os.path.join(FIXTURES, version + "-default")
        files = {
            "/etc/nginx/" + os.path.relpath(path, top): fixture(path)
            for path in fixture_files()
            if path.startswith(top + os.sep)
        }
        files["/etc/nginx/sites-enabled/default"] = files["/etc/nginx/sites-available/default"]
        before = files["/etc/nginx/sites-enabled/default"]
        wanted: List[Tuple[Any, str, Any, Callable[[str], str]]] = [
            (
                (("server", "_"),),
                "root",
                ["/srv"],
                lambda text: text.replace("\n\troot /var/www/html;", "\n\troot /srv;"),
            ),
            (
                (("server", "_"),),
                "server_tokens",
                ["off"],
                lambda text: text.replace("\tserver_name _;\n", "\tserver_name _;\n\tserver_tokens off;\n"),
            ),
            (
                (("server", "_"), ("location", "/")),
                "expires",
                ["1h"],
                lambda text: text.replace(
                    "/ =404;\n\t}\n\n\t# pass", "/ =404;\n\t\texpires 1h;\n\t}\n\n\t# pass", 1
                ),
            ),
            (
                (("server", "_"),),
                "charset",
                ["utf-8"],
                lambda text: text.replace("#}\n}\n", "#}\n\tcharset utf-8;\n}\n", 1),
            ),
        ]
        for selector, name, args, expected in wanted:
            assert edit(files, selector, name, args) == [
                Edited("/etc/nginx/sites-enabled/default", before, expected(before))
            ]
            assert expected(before) != before
        assert (
            edit(files, (("http", ""),), "keepalive_timeout", ["5"])[0].after.count(
                "\n\tkeepalive_timeout 5;\n}"
            )
            == 1
        )
