# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Of a change the hunks leave the host, no other line; each is judged by the grammar of its file."""

import random
from typing import Any, List, Optional

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.change.difference import difference, unified
from ansible_collections.webmedic.php_fpm.plugins.module_utils.work.step import FPM, NGINX, Change

FSTAB = (
    "UUID=5c7c8a5f-5a3d / ext4 errors=remount-ro 0 1\n"
    "//nas/web /srv cifs username=web,password=hunter2 0 0\n# hunter2\n"
)


def entry(before: Optional[bytes], after: Optional[bytes], grammar: str = FPM) -> Any:
    return difference([Change("/etc/x", before, after, 0o644, grammar)])[0]


def lines(text: str) -> List[str]:
    return text.splitlines()[3:]


class TestHunks:
    def test_they_are_those_of_diff_u(self) -> None:
        assert entry(b"pm = static\n", b"pm = dynamic\n") == {
            "before_header": "/etc/x",
            "after_header": "/etc/x",
            "prepared": "--- before: /etc/x\n+++ after: /etc/x\n@@ -1 +1 @@\n-pm = static\n+pm = dynamic\n",
        }

    def test_a_file_that_comes_or_goes_differs_from_nothing(self) -> None:
        came, went = entry(None, b"pm = static\n"), entry(b"pm = static\n", None)
        assert (came["before_header"], came["after_header"], lines(came["prepared"])) == (
            "/dev/null",
            "/etc/x",
            ["+pm = static"],
        )
        assert (went["before_header"], went["after_header"], lines(went["prepared"])) == (
            "/etc/x",
            "/dev/null",
            ["-pm = static"],
        )

    def test_only_three_lines_around_it_leave_the_host(self) -> None:
        before = ["user = u%d\n" % number for number in range(1000)]
        after = list(before)
        after[500] = "pm.max_children = 9\n"
        shown = unified(FPM, "".join(before), "".join(after)).splitlines()
        assert shown == [
            "@@ -498,7 +498,7 @@",
            " user = u497",
            " user = u498",
            " user = u499",
            "-user = u500",
            "+pm.max_children = 9",
            " user = u501",
            " user = u502",
            " user = u503",
        ]

    def test_applied_to_the_old_file_they_make_the_new(self) -> None:
        numbers = random.Random(7)
        for number in range(400):
            before = [
                "user = u%d\n" % numbers.randrange(1 + number % 5) for _line in range(numbers.randrange(40))
            ]
            after = list(before)
            for _edit in range(numbers.randrange(1, 4)):
                at = numbers.randrange(len(after) + 1)
                after[at : at + numbers.randrange(3)] = [
                    "group = g%d\n" % numbers.randrange(5)
                ] * numbers.randrange(3)
            shown = unified(FPM, "".join(before), "".join(after)).splitlines(True)
            assert [line for line in shown if line[0] == "@"] or before == after
            # Applied to the lines before, it makes the lines after.
            restored, at = [], 0
            for line in shown:
                if line[0] == "@":
                    first, count = [*line.split()[1][1:].split(","), "1"][:2]
                    begin = int(first) - (count != "0")
                    restored, at = restored + before[at:begin], begin
                elif line[0] != "+":
                    assert before[at] == line[1:]
                    at += 1
                if line[0] in " +":
                    restored.append(line[1:])
            assert restored + before[at:] == after

    def test_a_long_file_of_equal_lines_takes_no_time(self) -> None:
        before = "user = www-data\n" * 150 * 200
        assert (
            unified(FPM, before, before + "pm = static\n")
            == "@@ -29998,3 +29998,4 @@\n" + " user = www-data\n" * 3 + "+pm = static\n"
        )

    def test_a_last_line_without_an_end_is_marked(self) -> None:
        assert (
            unified(FPM, "pm = static", "pm = static\n")
            == "@@ -1 +1 @@\n-pm = static\n\\ No newline at end of file\n+pm = static\n"
        )


class TestSecrets:
    def test_what_a_terminal_would_obey_is_a_question_mark(self) -> None:
        assert lines(entry(b"pm = static\r\n", b"pm\x0b = static\r\n")["prepared"]) == [
            "-pm = static",
            "+pm? = static",
        ]
        assert lines(entry(b"pm = static\n", b"pm = \xff\x1b[31m\n")["prepared"]) == [
            "-pm = static",
            "+pm = [redacted]",
        ]

    def test_lines_around_the_change_are_redacted(self) -> None:
        before = (
            "env[DB_PASS] = hunter2\nphp_admin_value[memory_limit] = 128M\n"
            "php_admin_value[mysqli.default_pw] = hunter3\npm.max_children = 5\n"
        )
        shown = unified(FPM, before, before.replace("128M", "256M").replace("= 5", "= 9"))
        assert shown == (
            "@@ -1,4 +1,4 @@\n env[DB_PASS] = [redacted]\n-php_admin_value[memory_limit] = "
            "128M\n+php_admin_value[memory_limit] = 256M\n"
            " php_admin_value[mysqli.default_pw] = [redacted]\n-pm.max_children = 5\n+pm.max_children = 9\n"
        )

    @pytest.mark.parametrize(
        "grammar, line, shown",
        [
            (FPM, "env[DB_PASS] = %s\n", "env[DB_PASS] = [redacted]"),
            (FPM, "php_value[app.password] = %s\n", "php_value[app.password] = [redacted]"),
            (NGINX, "fastcgi_param DB_PASS %s;\n", "fastcgi_param DB_PASS [redacted];"),
            ("", "OOMScoreAdjust=%s\n", "[redacted]"),
        ],
    )
    def test_a_changed_secret_differs_without_being_shown(self, grammar: str, line: str, shown: str) -> None:
        assert unified(grammar, line % "hunter2", line % "hunter3") == "@@ -1 +1 @@\n-%s\n+%s\n" % (
            shown,
            shown,
        )

    def test_a_file_that_goes_shows_none(self) -> None:
        assert "hunter" not in entry(b"env[A] = hunter2\nphp_admin_value[x] = hunter3\n", None)["prepared"]

    def test_a_hunk_is_judged_by_the_block_around_it(self) -> None:
        within = "map $a $b {\n" + "    listen hunter2;\n" * 9 + "    default 1;\n}\n"
        assert "hunter" not in unified(NGINX, within, within.replace("default 1", "default 2"))

    def test_fstab_shows_the_new_line_without_passwords(self) -> None:
        shown = unified("", FSTAB, FSTAB + "/swapfile none swap sw 0 0\n")
        assert (
            shown == "@@ -1,3 +1,4 @@\n UUID=5c7c8a5f-5a3d / ext4 errors=remount-ro 0 1\n [redacted]\n "
            "[redacted]\n+/swapfile none swap sw 0 0\n"
        )

    def test_our_own_files_are_shown_whole(self) -> None:
        from ansible_collections.webmedic.php_fpm.plugins.module_utils.actions import (
            runtime_directory_create,
            unit_oom_policy,
        )

        for text in (unit_oom_policy.TEXT, runtime_directory_create.HEAD + "d /run/php 0755 root root -\n"):
            assert "[redacted]" not in unified("", "", text)
