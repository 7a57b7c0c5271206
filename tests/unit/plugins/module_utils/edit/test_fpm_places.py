# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The editor of php-fpm's configuration: where it writes a new line, and into which file."""

from typing import Optional

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.edit.fpm_text import set_directives
from ansible_collections.webmedic.php_fpm.plugins.module_utils.work.step import Refusal
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.edit.fpm_files import (
    CHILDREN,
    LIMIT,
    alone,
    edit,
    edited,
    matching,
)


class TestNewLine:
    @pytest.mark.parametrize(
        "before, line, after",
        [
            # Below its commented default, the last one, spelled as that one is.
            (
                "[www]\npm = static\n;pm.max_children = 5\n;pm.max_children=6\n;x\n",
                "pm.max_children=20\n",
                ";x\n",
            ),
            ("[www]\n\t; PM.max_children\t= 5\nuser = x\n", "\tpm.max_children\t= 20\n", "user = x\n"),
            ("[www]\n; pm.max_children =\nuser = x\n", "pm.max_children = 20\n", "user = x\n"),
            # Prose, another section's default, and a longer name are no default.
            (
                (
                    "[www]\npm = static\n;   pm.max_children - so\n;   pm.max_children = 1\n"
                    ";;pm.max_children = 5\n;pm.max_children_x = 1\nuser = x\n"
                ),
                "pm.max_children = 20\n",
                ";   pm.max_children -",
            ),
            (
                ";pm.max_children = 5\n[www]\nuser = x\npm = static\n[b]\n;pm.max_children = 5\n",
                "pm.max_children = 20\n",
                "[b]\n",
            ),
            # Below its family, the last of it.
            (
                "[www]\nlisten = /a\n  pm=static\n  pm.max_requests=5\nuser = x\n",
                "  pm.max_children=20\n",
                "user = x\n",
            ),
            ("[www]\nlisten = /a\npmx = 1\nuser = x\n;end\n", "pm.max_children = 20\n", ";end\n"),
            # Below the section's last directive, with its way of writing; below its head.
            ("[www]\r\nuser = x\r\ngroup  =  x ; c\r\n\r\n[b]\r\n", "pm.max_children  =  20\r\n", "\r\n[b]"),
            ("[www]\r\ngroup  =  x", "\r\npm.max_children  =  20", ""),
            ("[www]", "\npm.max_children = 20", ""),
            (" [www] ; c\n\n[b]\npm = static\n", "pm.max_children = 20\n", "\n[b]\n"),
            # Where the section goes on, beside what makes it.
            (
                "[www]\npm = static\n[b]\npm = static\n[WWW]\nuser = x\n[c]\n",
                "pm.max_children = 20\n",
                "[b]\n",
            ),
        ],
    )
    def test_it_stands_where_a_person_would_write_it(self, before: str, line: str, after: str) -> None:
        place = before.index(after) if after else len(before)
        assert alone(before, [(CHILDREN, "20")]) == before[:place] + line + before[place:]

    def test_an_array_key_joins_its_array_then_its_kind(self) -> None:
        text = "[www]\nphp_admin_value[x] = 1\nphp_flag[y] = on\nenv[A] = b\n"
        assert alone(text, [(LIMIT, "9M")]) == text.replace("= 1\n", "= 1\n%s = 9M\n" % LIMIT)
        assert alone(text, [("php_admin_flag[z]", "on")]) == text.replace(
            "= on\n", "= on\nphp_admin_flag[z] = on\n"
        )
        default = text.replace(
            "env", ";php_admin_value[memory_limit] = 32M\n;php_admin_value[Memory_limit] = 1\nenv"
        )
        assert alone(default, [(LIMIT, "9M")]) == default.replace("32M\n", "32M\n%s = 9M\n" % LIMIT)

    def test_global_is_also_what_stands_before_any_section(self) -> None:
        assert (
            alone("process.max = 1\n[www]\nprocess.max = 1\n", [("process.max", "9")], None)
            == "process.max = 9\n[www]\nprocess.max = 1\n"
        )
        assert (
            alone("include = /p/*\n[www]\nx = 1\n", [("process.max", "9")], None)
            == "process.max = 9\ninclude = /p/*\n[www]\nx = 1\n"
        )
        files = {"/c": "[global]\nerror_log = /a\ninclude = /d/*\n", "/d/a": "[www]\nprocess.max = 1\n"}
        assert edited(files, None, [("process.max", "9")]) == {
            "/c": files["/c"].replace("/a\n", "/a\nprocess.max = 9\n")
        }


MANY = {
    "/c": "[global]\npid = /run/p\ninclude = /d/*\n; still [www]\npm.max_requests = 1\n[global]\ninclude = "
    "/e/*\n",
    "/d/1": "[api]\npm = static\npm.max_children = 3\n",
    "/d/2": "[www]\nlisten = /a\npm = static\npm.max_children = 3\n[Api]\nuser = x\n[WWW]\n",
    "/e/1": "[API]\npm.max_children = 4\nphp_value[a] = 2\n[other]\npm.max_children = 3\n",
}


class TestFile:
    @pytest.mark.parametrize(
        "pool, key, value, path, old, new",
        [
            ("www", CHILDREN, "9", "/d/2", "children = 3", "children = 9"),
            ("api", CHILDREN, "9", "/e/1", "children = 4", "children = 9"),
            ("www", "pm.max_requests", "9", "/c", "requests = 1", "requests = 9"),
            (
                "www",
                "pm.start_servers",
                "9",
                "/d/2",
                "children = 3\n",
                "children = 3\npm.start_servers = 9\n",
            ),
            (
                "api",
                "pm.start_servers",
                "9",
                "/d/1",
                "children = 3\n",
                "children = 3\npm.start_servers = 9\n",
            ),
            ("api", "user", "y", "/d/2", "user = x", "user = y"),
            ("api", "env[A]", "y", "/d/1", "children = 3\n", "children = 3\nenv[A] = y\n"),
            (None, "log_level", "debug", "/c", "/run/p\n", "/run/p\nlog_level = debug\n"),
        ],
    )
    def test_the_right_one_of_several_changes(
        self, pool: Optional[str], key: str, value: str, path: str, old: str, new: str
    ) -> None:
        assert MANY[path].count(old) == 1
        assert edited(MANY, pool, [(key, value)]) == {path: MANY[path].replace(old, new)}

    @pytest.mark.parametrize(
        "first, second, home",
        [
            ("user = x\ngroup = x\nchdir = /\n", "listen = /a\npm = static\n", "/d/2"),
            ("listen = /a\npm = static\n", "user = x\ngroup = x\nchdir = /\n", "/d/1"),
            ("user = x\n", "group = x\nchdir = /\n", "/d/2"),
            ("user = x\n", "group = x\n", "/d/1"),
            ("", "", "/d/1"),
        ],
    )
    def test_a_new_line_goes_to_the_file_that_makes_the_pool(
        self, first: str, second: str, home: str
    ) -> None:
        files = {"/c": "include = /d/*\n", "/d/1": "[www]\n" + first, "/d/2": "[WWW]\n" + second}
        assert list(edited(files, "www", [("slowlog", "/s")])) == [home]

    def test_changed_files_come_in_reading_order(self) -> None:
        assert [change.path for change in edit(MANY, "www", [("pm.max_requests", "7"), (CHILDREN, "7")])] == [
            "/c",
            "/d/2",
        ]
        assert [change.path for change in edit(MANY, "api", [(CHILDREN, None)])] == ["/d/1", "/e/1"]

    def test_a_file_that_one_pool_includes_twice_is_changed(self) -> None:
        files = {"/c": "[a]\ninclude = /s\ninclude = /s\n", "/s": "pm.max_children = 3\n"}
        assert edited(files, "a", [(CHILDREN, "9")]) == {"/s": "pm.max_children = 9\n"}

    def test_a_relative_include_is_below_the_prefix(self) -> None:
        files = {"/c": "include = etc/*\n", "/opt/etc/a": "[www]\nx = 1\n"}
        changes = set_directives(
            "/c", files.get, lambda pattern: matching(files, pattern), "www", [("x", "2")], "/opt"
        )
        assert changes == [("/opt/etc/a", "[www]\nx = 1\n", "[www]\nx = 2\n")]


SHARED = {
    "/c": "[a]\nuser = x\ninclude = /s\n[b]\nuser = x\ninclude = /s\n",
    "/s": "pm = static\npm.max_children = 3\n",
}


class TestSharedFile:
    def test_its_line_stays_and_a_new_one_is_the_pools_own(self) -> None:
        with pytest.raises(Refusal, match=r"pm.max_children cannot be set in \[a\] alone"):
            edit(SHARED, "a", [(CHILDREN, "9")])
        with pytest.raises(Refusal, match="alone"):
            edit(SHARED, "a", [(CHILDREN, None)])
        assert edited(SHARED, "b", [("pm.max_requests", "9")]) == {
            "/c": SHARED["/c"][: -len("include = /s\n")] + "pm.max_requests = 9\ninclude = /s\n"
        }
