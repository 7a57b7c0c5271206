# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The editor of php-fpm's configuration: which line it changes, and how it spells a value."""

from typing import Optional

import pytest
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.edit.fpm_files import (
    CHILDREN,
    LIMIT,
    alone,
    edit,
)


class TestValueInForce:
    @pytest.mark.parametrize(
        "before, after",
        [
            ("[www]\npm.max_children = 5\n", "[www]\npm.max_children = 20\n"),
            ("[WWW]\nPM.Max_Children=5\n", "[WWW]\nPM.Max_Children=20\n"),
            (
                "[www]\r\n\tpm.max_children\t=\t5\t; five\r\nuser = x\r\n",
                "[www]\r\n\tpm.max_children\t=\t20\t; five\r\nuser = x\r\n",
            ),
            ("[www]\npm.max_children = 5", "[www]\npm.max_children = 20"),
            ('[www]\npm.max_children =   "5" ;x', '[www]\npm.max_children =   "20" ;x'),
            ("[www]\npm.max_children = '5';x", "[www]\npm.max_children = '20';x"),
            ("[www]\npm.max_children = '5'0\n", "[www]\npm.max_children = 20\n"),
            ("[www]\npm.max_children = 10s; ten\n", "[www]\npm.max_children = 20; ten\n"),
            ("[www]\npm.max_children =\n", "[www]\npm.max_children = 20\n"),
            ("[www]\npm.max_children =  \r\n", "[www]\npm.max_children =  20\r\n"),
            ("[www]\npm.max_children=\n", "[www]\npm.max_children=20\n"),
            ("[www]\npm.max_children = ; none yet\n", "[www]\npm.max_children = 20 ; none yet\n"),
            # Decoys: a comment, another pool, a longer and a shorter name, an array key of that name, the
            # name in a value.
            (";[www]\n[www]\n;pm.max_children = 1\npm.max_children = 6\n; pm.max_children = 2\n", None),
            ("[a]\npm.max_children = 5\n[www]\npm.max_children = 6\n[b]\npm.max_children = 5\n", None),
            (
                (
                    "[www]\npm.max_children_x = 5\npm.max = 5\npm.max_children = 6\n"
                    "env[pm.max_children] = 5\nx = pm.max_children = 5\n"
                ),
                None,
            ),
            # The last of equal keys is in force, also where the section goes on further down.
            ("[www]\npm.max_children = 4\npm.max_children = 6 ;last\n", None),
            ("[www]\npm.max_children = 6\n[b]\nx = 1\n[Www]\nuser = y\n", None),
            ("[www]\npm.max_children = 4\n[b]\nx = 1\n[wWw]\npm.max_children = 6\n", None),
            ("\ufeffa = 1\n\n\n[www]\n\n pm.max_children = 6 \n\x0b\n\udcff = \udce4\n", None),
        ],
    )
    def test_it_alone_changes(self, before: str, after: Optional[str]) -> None:
        assert alone(before, [(CHILDREN, "20")]) == (
            before.replace("= 6", "= 20") if after is None else after
        )

    def test_the_first_of_equal_array_keys_changes(self) -> None:
        text = "[www]\nphp_value[memory_limit] = 1M\n%s = 2M\n%s = 3M\n" % (LIMIT, LIMIT)
        assert alone(text, [(LIMIT, "9M")]) == text.replace("2M", "9M")
        spaced = "[www]\nphp_admin_value [ memory_limit ]  =  2M ; x\n%s = 3M\n" % LIMIT
        assert alone(spaced, [(LIMIT, "9M")]) == spaced.replace("2M", "9M")
        quoted = '[www]\nphp_admin_value["memory_limit"] = 2M\n'
        assert alone(quoted, [(LIMIT, "9M")]) == quoted.replace("2M", "9M")
        case = "[www]\nenv[path] = 1\n"
        assert alone(case, [("env[PATH]", "2")]) == case + "env[PATH] = 2\n"

    @pytest.mark.parametrize(
        "line, key, value",
        [
            ("pm.max_children = 20", CHILDREN, "20"),
            ('pm.max_children = "20" ; x', CHILDREN, "20"),
            ("listen = /run/$pool.sock", "listen", "/run/$pool.sock"),
            ("listen = /run/$pool.sock", "listen", "/run/www.sock"),
            ("listen = /run/www.sock", "listen", "/run/$pool.sock"),
            ("clear_env = off", "clear_env", "no"),
            ("php_admin_flag[log_errors] = 1", "php_admin_flag[log_errors]", "on"),
            ('ping.response = "a; b"', "ping.response", "a; b"),
            ("pm.status_path =", "pm.status_path", ""),
            ("user = x", CHILDREN, None),
        ],
    )
    def test_what_is_so_already_is_not_rewritten(self, line: str, key: str, value: Optional[str]) -> None:
        assert edit({"/c": "[www]\n%s\n" % line}, "www", [(key, value)]) == []


class TestSpelling:
    @pytest.mark.parametrize(
        "key, value, spelling",
        [
            ("listen", "/run/$pool-a.sock", "/run/$pool-a.sock"),
            ("listen", "[::1]:9000", '"[::1]:9000"'),
            ("security.limit_extensions", ".php .phar", ".php .phar"),
            ("ping.response", "a;b", '"a;b"'),
            ("ping.response", "a=b", '"a=b"'),
            ("ping.response", " a", '" a"'),
            ("ping.response", "a ", '"a "'),
            ("ping.response", "a  b", '"a  b"'),
            ("ping.response", "(a)", '"(a)"'),
            ("ping.response", "a|b", '"a|b"'),
            ("ping.response", "!a", '"!a"'),
            ("ping.response", "on", '"on"'),
            ("ping.response", "None", '"None"'),
            ("ping.response", "E_ALL", '"E_ALL"'),
            ("ping.response", "a E_ALL", '"a E_ALL"'),
            ("ping.response", "", '""'),
            ("ping.response", 'say "a\\b"', '"say \\"a\\\\b\\""'),
            ("ping.response", "it's", '"it\'s"'),
            ("ping.response", "${HOME}", "'${HOME}'"),
            ("ping.response", "h\u00e4\udcff", '"h\u00e4\udcff"'),
            ("php_admin_value[display_errors]", "off", '"off"'),
            ("php_admin_flag[display_errors]", "off", "off"),
            ("catch_workers_output", "Yes", "Yes"),
        ],
    )
    def test_a_new_value_is_quoted_only_where_needed(self, key: str, value: str, spelling: str) -> None:
        assert alone("[www]\nx = 1\n", [(key, value)]) == "[www]\nx = 1\n%s = %s\n" % (key, spelling)
        assert alone("[www]\n%s = 7 ; c\n" % key, [(key, value)]) == "[www]\n%s = %s ; c\n" % (key, spelling)

    def test_quotes_stay_as_long_as_they_can(self) -> None:
        assert alone("[www]\nlisten.owner = 'a'\n", [("listen.owner", "b")]) == "[www]\nlisten.owner = 'b'\n"
        assert (
            alone("[www]\nlisten.owner = 'a'\n", [("listen.owner", "b's")])
            == '[www]\nlisten.owner = "b\'s"\n'
        )
        assert alone('[www]\nclear_env = "yes"\n', [("clear_env", "no")]) == "[www]\nclear_env = no\n"


class TestSeveralSettings:
    def test_they_make_one_edit_in_their_order(self) -> None:
        text = "[www]\npm = static\npm.max_children = 5\npm.max_requests = 1\nuser = x\n"
        assert alone(
            text,
            [
                ("pm", "dynamic"),
                ("pm.max_requests", None),
                ("pm.start_servers", "2"),
                ("pm.min_spare_servers", "1"),
                ("user", "y"),
            ],
        ) == (
            "[www]\npm = dynamic\npm.max_children = 5\n"
            "pm.start_servers = 2\npm.min_spare_servers = 1\nuser = y\n"
        )

    def test_each_occurrence_in_the_section_alone_is_removed(self) -> None:
        text = "x = 1\n[www]\nx = 1 ; a\n;x = 1\nX=2\n[b]\nx = 1\n[WWW]\ny = 1\nx = 3"
        assert alone(text, [("x", None)]) == "x = 1\n[www]\n;x = 1\n[b]\nx = 1\n[WWW]\ny = 1\n"
        assert (
            alone("[www]\nenv[A] = 1\nenv[B] = 1\nenv[A] = 2\n", [("env[A]", None)]) == "[www]\nenv[B] = 1\n"
        )
