# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A directive set in the block that a selector names."""

from typing import Any

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.nginx.conf import BOM
from ansible_collections.webmedic.php_fpm.plugins.module_utils.work.step import Refusal
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.edit.nginx_files import edit_main

SITE = (("server", "shop.example"), ("location", "~ \\.php$"))


SERVER = (
    "server { server_name o.example; location ~ \\.php$ { root /o; } }\n"
    "server {\n  server_name a.example shop.example;\n  location ~ \\.php$ {%s}\n}\n"
)


BODIES = [
    (
        "changed where it stands",
        "root",
        ["/y"],
        "\n    root /x; # root /x;\n    index a;\n  ",
        "\n    root /y; # root /x;\n    index a;\n  ",
    ),
    ("quotes stay", "root", ["/y"], " root '/x'; ", " root '/y'; "),
    ("quotes come where they are needed", "root", ["/y z"], " root /x; ", ' root "/y z"; '),
    ("more arguments", "index", ["a", "b", "c"], " index  a\tx; ", " index  a\tb c; "),
    ("fewer arguments", "index", ["a"], " index a  b\n  c ; ", " index a ; "),
    (
        "fewer arguments, the comments between them stay",
        "index",
        ["a"],
        "\n index a # one\n  b # two\n  c; ",
        "\n index a # one\n   # two\n  ; ",
    ),
    ("no argument at all", "internal", [], " internal; ", " internal; "),
    (
        "behind its family",
        "fastcgi_read_timeout",
        ["9s"],
        "\n    fastcgi_pass a;\n    fastcgi_index b; # c\n    root /x;\n  ",
        "\n    fastcgi_pass a;\n    fastcgi_index b; # c\n    fastcgi_read_timeout 9s;\n    root /x;\n  ",
    ),
    (
        "a name that only begins like the family is none",
        "fastcgi_read_timeout",
        ["9s"],
        "\n    fastcgix_a 1;\n    root /x;\n  ",
        "\n    fastcgix_a 1;\n    root /x;\n    fastcgi_read_timeout 9s;\n  ",
    ),
    (
        "a family inside an inner block is none",
        "fastcgi_read_timeout",
        ["9s"],
        "\n    if ($a) { fastcgi_pass a; }\n    root /x;\n  ",
        "\n    if ($a) { fastcgi_pass a; }\n    root /x;\n    fastcgi_read_timeout 9s;\n  ",
    ),
    (
        "at the end of the block, below its comments",
        "root",
        ["/x"],
        "\n\tindex a;\n\n\t# last\n  ",
        "\n\tindex a;\n\n\t# last\n\troot /x;\n  ",
    ),
    ("at the end of a one-line block", "root", ["/x"], " index a; ", " index a; root /x; "),
    ("at the end of a one-line block without spaces", "root", ["/x"], "index a;", "index a; root /x;"),
    ("in a block with nothing inside", "root", ["/x"], "", " root /x; "),
    ("in a block with a space inside", "root", ["/x"], " ", " root /x; "),
    ("in an empty block over two lines", "root", ["/x"], "\n  ", "\n    root /x;\n  "),
    (
        "in a block of comments only",
        "root",
        ["/x"],
        " # a }\n  # root /x;\n  ",
        " # a }\n  # root /x;\n    root /x;\n  ",
    ),
    (
        "behind an inner block",
        "root",
        ["/x"],
        " if ($a) { return 403; } ",
        " if ($a) { return 403; } root /x; ",
    ),
    (
        "behind Lua",
        "root",
        ["/x"],
        " a_by_lua_block { root = '}' } ",
        " a_by_lua_block { root = '}' } root /x; ",
    ),
    (
        "the one with the same first argument",
        "fastcgi_param",
        ["B", "3"],
        " fastcgi_param A 1; fastcgi_param B 2; ",
        " fastcgi_param A 1; fastcgi_param B 3; ",
    ),
    (
        "another first argument is another directive",
        "fastcgi_param",
        ["C", "3"],
        "\n    fastcgi_param A 1;\n    root /x;\n  ",
        "\n    fastcgi_param A 1;\n    fastcgi_param C 3;\n    root /x;\n  ",
    ),
    (
        "a header of another name",
        "add_header",
        ["X-B", "b c", "always"],
        " add_header X-A a; ",
        ' add_header X-A a; add_header X-B "b c" always; ',
    ),
    (
        "an entry without a key that is there",
        "deny",
        ["all"],
        " deny 192.0.2.1; deny all; ",
        " deny 192.0.2.1; deny all; ",
    ),
    (
        "the words in a comment, a string and Lua are none",
        "root",
        ["/y"],
        "\n    # root /x;\n    set $a 'root /x;';\n    a_by_lua_block { root = 1 }\n  ",
        "\n    # root /x;\n    set $a 'root /x;';\n    a_by_lua_block { root = 1 }\n    root /y;\n  ",
    ),
    ("removed with its line", "root", None, "\n    root /x;\n    index a;\n  ", "\n    index a;\n  "),
    ("removed, its comment stays", "root", None, "\n    root /x; # why\n  ", "\n    # why\n  "),
    ("removed from within a line", "root", None, " index a; root /x; internal; ", " index a; internal; "),
    ("removed from the start of a line", "root", None, "\n    root /x;  index a;\n  ", "\n    index a;\n  "),
    ("removed from the end of a line", "root", None, "\n    index a;  root /x;\n  ", "\n    index a;\n  "),
    ("removed from a line without spaces", "root", None, "index a;root /x;internal;", "index a;internal;"),
    (
        "removed over several lines",
        "root",
        None,
        "\n    index a;\n    root\n\n  /x\n  ;\n  ",
        "\n    index a;\n  ",
    ),
    (
        "removed, the comments between its words stay",
        "root",
        None,
        "\n    root # one\n  /x # two\n  ; # three\n  ",
        "\n     # one\n   # two\n   # three\n  ",
    ),
    ("the last one removed", "root", None, " root /x; ", " "),
    (
        "one of several removed by its first argument",
        "add_header B",
        None,
        " add_header A 1; add_header B 2; ",
        " add_header A 1; ",
    ),
    ("what is not there is not removed", "root", None, " # root /x;\n rootx 1; ", " # root /x;\n rootx 1; "),
]


class TestDirective:
    @pytest.mark.parametrize("newline", ["\n", "\r\n"], ids=["LF", "CRLF"])
    @pytest.mark.parametrize(
        "name, args, body, expected", [case[1:] for case in BODIES], ids=[case[0] for case in BODIES]
    )
    def test_it_is_set_in_the_block_that_is_meant(
        self, name: str, args: Any, body: str, expected: str, newline: str
    ) -> None:
        text, wanted = ((SERVER % content).replace("\n", newline) for content in (body, expected))
        assert edit_main(text, SITE, name, args) == wanted

    @pytest.mark.parametrize(
        "name, args, body, why",
        [
            ("root", ["/x"], " root /a;\n root /b; ", "several times: lines 4, 5"),
            ("root", None, " root /a; root /b; ", "several times"),
            ("add_header", ["A", "3"], " add_header A 1; add_header A 2; ", "several times"),
            ("add_header", None, " add_header A 1; add_header B 2; ", "several times"),
            ("root /x", None, " root /x; ", "not told apart"),
            ("error_page", ["404", "/b"], " error_page 500 /a; ", "which one is meant is not certain"),
            ("if", ["a"], " if ($a) { } ", "is a block"),
            ("include", ["a"], "", "no simple directive"),
            ("root", ["/x\n}"], "", "is not written"),
        ],
    )
    def test_near_miss_one_of_several_is_refused(self, name: str, args: Any, body: str, why: str) -> None:
        with pytest.raises(Refusal, match=why):
            edit_main(SERVER % body, SITE, name, args)


MANY = """http {
 upstream PHP { server a; }
 server { server_name _ Shop.Example .b.example;
  location / { } location ~ "\\.php$" { } location = /x { if ($a) { } } }
 server { server_name ~^(?<x>.+)$; location / { location /deep { } } }
 map $a $b { default 1; }
}
"""


class TestSelector:
    @pytest.mark.parametrize(
        "selector, before",
        [
            ((("http", ""),), "default 1; }\n"),
            ((("upstream", "php"),), "PHP { server a;"),
            ((("server", "shop.example"),), "{ if ($a) { } }"),
            ((("server", "_"),), "{ if ($a) { } }"),
            ((("http", ""), ("server", ".b.example"), ("location", "~ \\.php$")), '~ "\\.php$" {'),
            ((("location", "~ \\.php$"),), '~ "\\.php$" {'),
            ((("server", "_"), ("if", "")), "if ($a) {"),
            ((("if", "($a)"),), "if ($a) {"),
            ((("server", "~^(?<x>.+)$"), ("location", "/")), "location / { location /deep { }"),
            ((("server", "~^(?<x>.+)$"), ("location", ""), ("location", "")), "/deep {"),
            ((("map", "$a $b"),), "default 1;"),
        ],
    )
    def test_it_finds_its_block(self, selector: Any, before: str) -> None:
        start, _new, end = edit_main(MANY, selector, "zz", ["1"]).partition(" zz 1;")
        assert start.endswith(before)
        assert start + end.lstrip("\n") == MANY or start + end == MANY

    @pytest.mark.parametrize(
        "selector, why",
        [
            ((("server", ""),), r"2 blocks match: /etc/nginx/nginx.conf:3, /etc/nginx/nginx.conf:5\Z"),
            ((("location", "/"),), "2 blocks match"),
            ((("server", "shop"),), "no such block"),
            ((("server", "~^(?<X>.+)$"),), "no such block"),
            ((("location", "~ \\.PHP$"),), "no such block"),
            ((("location", "/x"),), "no such block"),
            ((("location", ""), ("server", "shop.example")), "no such block"),
            ((("map", "$a $b"), ("location", "/deep")), "no such block"),
            ((("upstream", "a"),), "no such block"),
            ((("stream", ""),), "no such block"),
            ((("default", ""),), "no such block"),
            ((("location", "$a $b"),), "no such block"),
        ],
    )
    def test_near_miss_no_block_or_several_are_refused(self, selector: Any, why: str) -> None:
        with pytest.raises(Refusal, match=why):
            edit_main(MANY, selector, "zz", ["1"])


class TestMainLevel:
    @pytest.mark.parametrize(
        "text, name, args, expected",
        [
            (
                "user a;\npid b;\n\nevents { }\nhttp { }\n",
                "worker_processes",
                ["2"],
                "user a;\npid b;\nworker_processes 2;\n\nevents { }\nhttp { }\n",
            ),
            ("user a;", "worker_processes", ["2"], "user a;\nworker_processes 2;"),
            ("user b;\r\nuser_x a;", "user_y", ["2"], "user b;\r\nuser_x a;\r\nuser_y 2;"),
            ("events { }\n", "pid", ["x"], "pid x;\nevents { }\n"),
            ("", "pid", ["x"], "pid x;\n"),
            (BOM + "user a;\n", "user", ["b"], BOM + "user b;\n"),
            (BOM + "user a;\n", "user_x", ["b"], BOM + "user a;\nuser_x b;\n"),
            ("user a;\npid b;", "pid", None, "user a;"),
            ("user a;\r\npid b;", "pid", None, "user a;"),
            ("pid b;", "pid", None, ""),
            ("pid b;\nuser a;\nhttp { pid b; }", "pid", None, "user a;\nhttp { pid b; }"),
        ],
    )
    def test_an_empty_selector_is_the_main_level(
        self, text: str, name: str, args: Any, expected: str
    ) -> None:
        assert edit_main(text, (), name, args) == expected

    def test_a_byte_order_mark_is_not_removed(self) -> None:
        with pytest.raises(Refusal):
            edit_main(BOM + "user a;\npid b;\n", (), "user", None)
