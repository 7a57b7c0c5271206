# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The editor of php-fpm's configuration: which line it changes, what it leaves alone, where it writes a new
line, and what it refuses.
"""

import fnmatch
import glob
import os
from typing import Dict, List, Optional, Sequence, Tuple

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.edit.fpm_text import Edited, set_directives
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.php_fpm.conf import (
    FpmConf,
    parse_fpm_conf,
)
from ansible_collections.webmedic.php_fpm.plugins.module_utils.verdict.step import Refusal
from ansible_collections.webmedic.php_fpm.tests.unit.places import fixtures

FIXTURES = fixtures("fpm")
Settings = Sequence[Tuple[str, Optional[str]]]
CHILDREN = "pm.max_children"
LIMIT = "php_admin_value[memory_limit]"


def matching(files: Dict[str, str], pattern: str) -> List[str]:
    return sorted(path for path in files if fnmatch.fnmatchcase(path, pattern))


def edit(files: Dict[str, str], pool: Optional[str], settings: Settings) -> List[Edited]:
    """The first of files is the main one."""
    return set_directives(
        next(iter(files)), files.get, lambda pattern: matching(files, pattern), pool, settings
    )


def edited(files: Dict[str, str], pool: Optional[str], settings: Settings) -> Dict[str, str]:
    """{path: new text} of what changes; a second application must change nothing."""
    changes = edit(files, pool, settings)
    assert all(one.before == files[one.path] != one.after for one in changes)
    after = dict(files, **{one.path: one.after for one in changes})
    assert edit(after, pool, settings) == []
    return {one.path: one.after for one in changes}


def alone(text: str, settings: Settings, pool: Optional[str] = "www") -> str:
    return edited({"/c": text}, pool, settings).get("/c", text)


def parse(files: Dict[str, str]) -> FpmConf:
    return parse_fpm_conf(next(iter(files)), files.get, lambda pattern: matching(files, pattern))


def fixture(name: str) -> str:
    with open(os.path.join(FIXTURES, name), encoding="utf-8", newline="") as stream:
        return stream.read()


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
        # Decoys: a comment, another pool, a longer and a shorter name, an array key of that name, the name in
        # a value.
        (";[www]\n[www]\n;pm.max_children = 1\npm.max_children = 6\n; pm.max_children = 2\n", None),
        ("[a]\npm.max_children = 5\n[www]\npm.max_children = 6\n[b]\npm.max_children = 5\n", None),
        (
            (
                "[www]\npm.max_children_x = 5\npm.max = 5\npm.max_children = 6\nenv[pm.max_children] = 5\nx "
                "= "
                "pm.max_children = 5\n"
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
def test_only_the_value_in_force_changes(before: str, after: Optional[str]) -> None:
    assert alone(before, [(CHILDREN, "20")]) == (before.replace("= 6", "= 20") if after is None else after)


def test_the_first_of_equal_array_keys_changes() -> None:
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
def test_what_is_so_already_is_not_rewritten(line: str, key: str, value: Optional[str]) -> None:
    assert edit({"/c": "[www]\n%s\n" % line}, "www", [(key, value)]) == []


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
def test_a_new_value_is_quoted_only_where_the_scanner_needs_it(key: str, value: str, spelling: str) -> None:
    assert alone("[www]\nx = 1\n", [(key, value)]) == "[www]\nx = 1\n%s = %s\n" % (key, spelling)
    assert alone("[www]\n%s = 7 ; c\n" % key, [(key, value)]) == "[www]\n%s = %s ; c\n" % (key, spelling)


def test_quotes_that_are_there_stay_as_long_as_they_can() -> None:
    assert alone("[www]\nlisten.owner = 'a'\n", [("listen.owner", "b")]) == "[www]\nlisten.owner = 'b'\n"
    assert alone("[www]\nlisten.owner = 'a'\n", [("listen.owner", "b's")]) == '[www]\nlisten.owner = "b\'s"\n'
    assert alone('[www]\nclear_env = "yes"\n', [("clear_env", "no")]) == "[www]\nclear_env = no\n"


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
                "[www]\npm = static\n;   pm.max_children - so\n;   pm.max_children = 1\n;;pm.max_children = "
                "5\n;pm.max_children_x = 1\nuser = x\n"
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
        ("[www]\npm = static\n[b]\npm = static\n[WWW]\nuser = x\n[c]\n", "pm.max_children = 20\n", "[b]\n"),
    ],
)
def test_a_new_line_stands_where_a_person_would_write_it(before: str, line: str, after: str) -> None:
    place = before.index(after) if after else len(before)
    assert alone(before, [(CHILDREN, "20")]) == before[:place] + line + before[place:]


def test_an_array_key_joins_its_array_then_its_kind() -> None:
    text = "[www]\nphp_admin_value[x] = 1\nphp_flag[y] = on\nenv[A] = b\n"
    assert alone(text, [(LIMIT, "9M")]) == text.replace("= 1\n", "= 1\n%s = 9M\n" % LIMIT)
    assert alone(text, [("php_admin_flag[z]", "on")]) == text.replace(
        "= on\n", "= on\nphp_admin_flag[z] = on\n"
    )
    default = text.replace(
        "env", ";php_admin_value[memory_limit] = 32M\n;php_admin_value[Memory_limit] = 1\nenv"
    )
    assert alone(default, [(LIMIT, "9M")]) == default.replace("32M\n", "32M\n%s = 9M\n" % LIMIT)


def test_several_settings_make_one_edit_in_their_order() -> None:
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
        "[www]\npm = dynamic\npm.max_children = 5\npm.start_servers = 2\npm.min_spare_servers = 1\nuser = y\n"
    )


def test_every_occurrence_in_the_section_and_no_other_is_removed() -> None:
    text = "x = 1\n[www]\nx = 1 ; a\n;x = 1\nX=2\n[b]\nx = 1\n[WWW]\ny = 1\nx = 3"
    assert alone(text, [("x", None)]) == "x = 1\n[www]\n;x = 1\n[b]\nx = 1\n[WWW]\ny = 1\n"
    assert alone("[www]\nenv[A] = 1\nenv[B] = 1\nenv[A] = 2\n", [("env[A]", None)]) == "[www]\nenv[B] = 1\n"


def test_the_global_section_is_what_stands_before_any_other_too() -> None:
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


@pytest.mark.parametrize(
    "pool, key, value, path, old, new",
    [
        ("www", CHILDREN, "9", "/d/2", "children = 3", "children = 9"),
        ("api", CHILDREN, "9", "/e/1", "children = 4", "children = 9"),
        ("www", "pm.max_requests", "9", "/c", "requests = 1", "requests = 9"),
        ("www", "pm.start_servers", "9", "/d/2", "children = 3\n", "children = 3\npm.start_servers = 9\n"),
        ("api", "pm.start_servers", "9", "/d/1", "children = 3\n", "children = 3\npm.start_servers = 9\n"),
        ("api", "user", "y", "/d/2", "user = x", "user = y"),
        ("api", "env[A]", "y", "/d/1", "children = 3\n", "children = 3\nenv[A] = y\n"),
        (None, "log_level", "debug", "/c", "/run/p\n", "/run/p\nlog_level = debug\n"),
    ],
)
def test_the_right_file_of_several_changes(
    pool: Optional[str], key: str, value: str, path: str, old: str, new: str
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
def test_a_new_line_goes_to_the_file_that_makes_the_pool(first: str, second: str, home: str) -> None:
    files = {"/c": "include = /d/*\n", "/d/1": "[www]\n" + first, "/d/2": "[WWW]\n" + second}
    assert list(edited(files, "www", [("slowlog", "/s")])) == [home]


def test_changed_files_come_in_reading_order() -> None:
    assert [one.path for one in edit(MANY, "www", [("pm.max_requests", "7"), (CHILDREN, "7")])] == [
        "/c",
        "/d/2",
    ]
    assert [one.path for one in edit(MANY, "api", [(CHILDREN, None)])] == ["/d/1", "/e/1"]


SHARED = {
    "/c": "[a]\nuser = x\ninclude = /s\n[b]\nuser = x\ninclude = /s\n",
    "/s": "pm = static\npm.max_children = 3\n",
}


def test_a_line_that_two_pools_share_is_refused_and_a_new_one_goes_to_the_pools_own_file() -> None:
    with pytest.raises(Refusal, match=r"pm.max_children cannot be set in \[a\] alone"):
        edit(SHARED, "a", [(CHILDREN, "9")])
    with pytest.raises(Refusal, match="alone"):
        edit(SHARED, "a", [(CHILDREN, None)])
    assert edited(SHARED, "b", [("pm.max_requests", "9")]) == {
        "/c": SHARED["/c"][: -len("include = /s\n")] + "pm.max_requests = 9\ninclude = /s\n"
    }


def test_a_file_that_one_pool_includes_twice_is_changed() -> None:
    files = {"/c": "[a]\ninclude = /s\ninclude = /s\n", "/s": "pm.max_children = 3\n"}
    assert edited(files, "a", [(CHILDREN, "9")]) == {"/s": "pm.max_children = 9\n"}


@pytest.mark.parametrize(
    "files, pool, settings, why",
    [
        ({"/c": "[www]\nx = 1\n"}, "api", [("x", "1")], r"no pool \[api\] in /c"),
        ({"/c": ";[www]\n[global]\nx = 1\n"}, "www", [("x", "1")], r"no pool \[www\]"),
        ({"/c": "[global]\nx = 1\n"}, "global", [("x", "2")], r"no pool \[global\]"),
        ({"/c": "[www]\nx = 1\n"}, "www", [("x", "1\ny = 2")], "one line"),
        ({"/c": "[www]\nx = 1\n"}, "www", [("x", "1\r")], "one line"),
        ({"/c": "[www]\nx = 1\n"}, "www", [("x", "1\0")], "one line"),
        ({"/c": "[www]\nx = 1\n"}, "www", [("x\n", "1")], "no directive"),
        ({"/c": "[www]\nx = 1\n"}, "www", [("x = 1\ny", "1")], "no directive"),
        ({"/c": "[www]\nx = 1\n"}, "www", [("access.suppress_path[]", "/a")], "no directive"),
        ({"/c": "[www]\nx = 1\n"}, "www", [("env[a]b]", "/a")], "no directive"),
        ({"/c": "[www]\nx = 1\n"}, "www", [("Include", "/a")], "no directive"),
        ({"/c": "[www]\nx = 1\n"}, "www", [("", "/a")], "no directive"),
        ({"/c": "[www]\nx = 1\n"}, "www", [("x", "2"), ("X", "3")], "X is asked for twice"),
        (
            {"/c": "[www]\nx = 1\n"},
            "www",
            [("clear_env", "maybe")],
            "clear_env is yes or no, and not what is asked for",
        ),
        ({"/c": "[www]\nx = 1\n"}, "www", [("clear_env", "no ; x")], "clear_env is yes or no"),
        ({"/c": "[www]\nx = 1\n"}, "www", [("x", "${A}'\"")], "no spelling for the value of x"),
        ({"/c": "[www]\nx = ${X:-1}\n"}, "www", [("x", "1")], "x is set from the environment in /c, line 2"),
        (
            {"/c": "[www]\nx = 1\ninclude = ${D}/*\n"},
            "www",
            [("x", "2")],
            "an include of /c depends on the environment",
        ),
        ({"/c": "[www]\nx = 1\r; x\n"}, "www", [("x", "2")], "lone carriage return"),
        ({"/c": "[www]\nx = 1\0\n"}, "www", [("x", "2")], "NUL"),
    ],
)
def test_what_cannot_be_done_safely_is_refused(
    files: Dict[str, str], pool: str, settings: Settings, why: str
) -> None:
    with pytest.raises(Refusal, match=why):
        edit(files, pool, settings)


def test_a_file_that_cannot_be_read_is_refused_for_it_may_decide() -> None:
    with pytest.raises(Refusal, match="/s cannot be read"):
        set_directives(
            "/c", {"/c": "[www]\nx = 1\ninclude = /s\n"}.get, lambda pattern: [pattern], "www", [("x", "2")]
        )
    with pytest.raises(Refusal, match="/c cannot be read"):
        set_directives("/c", lambda path: None, lambda pattern: [], None, [("x", "2")])


@pytest.mark.parametrize("broken", ["[www\n", 'x = "1\n', "x\n", "= 5\n", "include = /c\n"])
def test_a_line_that_php_fpm_refuses_stays_as_it_is(broken: str) -> None:
    text = "[www]\nx = 1\n" + broken
    assert alone(text, [("x", "2")]) == text.replace("= 1", "= 2")


def test_an_include_that_goes_too_deep_is_no_part_of_the_reading() -> None:
    files = {"/c%d" % depth: "include = /c%d\n[p%d]\n" % (depth + 1, depth) for depth in range(5)}
    files["/c5"] = "[p5]\nx = 1\n"
    assert edited(files, "p0", [("x", "2")]) == {"/c0": "include = /c1\n[p0]\nx = 2\n"}


def test_a_value_that_would_break_its_line_is_refused() -> None:
    text = "[www]\nx = a' left open\n"
    assert alone(text, [("x", "b")]) == text.replace("= a", "= b")
    with pytest.raises(Refusal, match="x would not read back as asked"):
        edit({"/c": text}, "www", [("x", "")])


def test_a_relative_include_hangs_off_the_prefix() -> None:
    files = {"/c": "include = etc/*\n", "/opt/etc/a": "[www]\nx = 1\n"}
    changes = set_directives(
        "/c", files.get, lambda pattern: matching(files, pattern), "www", [("x", "2")], "/opt"
    )
    assert changes == [("/opt/etc/a", "[www]\nx = 1\n", "[www]\nx = 2\n")]


@pytest.mark.parametrize("host", ["7.4-debian11", "8.2-debian12", "8.4-debian13"])
def test_debians_own_file_changes_as_a_person_would_change_it(host: str) -> None:
    name = "/etc/php/%s/fpm/" % host.split("-")[0]
    files = {
        name + "php-fpm.conf": fixture(host + "-php-fpm.conf"),
        name + "pool.d/www.conf": fixture(host + "-www.conf"),
    }
    text = files[name + "pool.d/www.conf"]
    expected = text
    for old, new in [
        ("\npm.max_children = 5\n", "\npm.max_children = 12\n"),
        ("\nlisten.owner = www-data\n", "\nlisten.owner = nginx\n"),
        ("\n;listen.mode = 0660\n", "\n;listen.mode = 0660\nlisten.mode = 0600\n"),
        ("\n;pm.max_requests = 500\n", "\n;pm.max_requests = 500\npm.max_requests = 250\n"),
        (
            "\n;php_admin_value[memory_limit] = 32M\n",
            "\n;php_admin_value[memory_limit] = 32M\nphp_admin_value[memory_limit] = 96M\n",
        ),
    ]:
        assert expected.count(old) == 1
        expected = expected.replace(old, new)
    settings = [
        (CHILDREN, "12"),
        ("listen.owner", "nginx"),
        ("listen.mode", "0600"),
        ("pm.max_requests", "250"),
        (LIMIT, "96M"),
    ]
    assert edited(files, "www", settings) == {name + "pool.d/www.conf": expected}
    main = files[name + "php-fpm.conf"]
    default = "\n; process.max = 128\n"
    assert edited(files, None, [("process.max", "64")]) == {
        name + "php-fpm.conf": main.replace(default, default + "process.max = 64\n")
    }


def tricky() -> Dict[str, str]:
    base = os.path.join(FIXTURES, "tricky")
    names = ["php-fpm.conf"] + sorted(os.path.relpath(path, base) for path in glob.glob(base + "/*/*.conf"))
    files = {"/srv/fpm/" + name: fixture("tricky/" + name) for name in names}
    files["/srv/fpm/pool.d/10-alpha.conf"] = files["/srv/fpm/pool.d/10-alpha.conf"].replace("\n", "\r\n")
    return files


def test_every_directive_of_the_tricky_configuration_can_be_changed_alone() -> None:
    files = tricky()
    conf = parse(files)
    tried = 0
    for section in [conf.top] + conf.pools:
        pool = None if section is conf.top else section.name
        for key, setting in section.settings.items():
            value = (
                "no" if section.flag(key, False) else "yes" if key in ("daemonize", "clear_env") else "/other"
            )
            after = dict(files, **edited(files, pool, [(key, value)]))
            changed = [
                (path, number)
                for path in files
                for number, (old, new) in enumerate(zip(files[path].split("\n"), after[path].split("\n")), 1)
                if old != new
            ]
            assert changed == [(setting.file, setting.line)]
            assert [text.count("\n") for text in after.values()] == [
                text.count("\n") for text in files.values()
            ]
            tried += 1
    assert tried == 44


def test_where_the_tricky_configuration_goes_on_is_where_it_is_changed() -> None:
    files = tricky()
    main, alpha, more = "/srv/fpm/php-fpm.conf", "/srv/fpm/pool.d/10-alpha.conf", "/srv/fpm/more/10.conf"
    assert edited(files, "gamma", [("pm.max_requests", "5")]) == {main: files[main].replace("= 77", "= 5")}
    assert edited(files, "ALPHA", [("request_terminate_timeout", "30s")]) == {
        more: files[more].replace("= 90\n", "= 30s\n")
    }
    assert edited(files, "alpha", [(LIMIT, "80M")]) == {alpha: files[alpha].replace("64M", "80M")}
    assert edited(files, "alpha", [("pm.max_requests", "5")]) == {
        alpha: files[alpha].replace(
            "; the last one wins\r\n", "; the last one wins\r\npm.max_requests = 5\r\n"
        )
    }
