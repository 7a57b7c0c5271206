# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is shown of a configuration to somebody else, and what is said of the rest."""

from ansible_collections.webmedic.php_fpm.plugins.module_utils.bundle import texts
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.configuration import Text

POOL = "[www]\n; the old one: s3cret-0ld\nlisten = /run/x.sock\nenv[A_KEY] = s3cret-1\nenv[B] = s3cret-1\n"


class TestShown:
    def test_lines_that_say_something_have_their_numbers(self) -> None:
        files, left_out, _scrubber = texts.shown([Text("php-fpm", "/etc/x.conf", POOL)])
        lines = ["    1  [www]", "    3  listen = /run/x.sock", "    4  env[A_KEY] = [redacted]"]
        assert files[0]["text"].splitlines()[:3] == lines
        assert files[0]["hidden"] == 2
        assert left_out == []

    def test_a_secret_in_a_path_is_taken_out(self) -> None:
        files, _left_out, _scrubber = texts.shown([Text("php-fpm", "/etc/s3cret-1.conf", POOL)])
        assert files[0]["path"] == "/etc/[redacted:1].conf"

    def test_an_environment_is_never_shown(self) -> None:
        files, _left_out, scrubber = texts.shown([Text("process", "1", "A_KEY=s3cret-2\0")])
        assert files == []
        assert scrubber.text("s3cret-2") == "[redacted:1]"

    def test_a_text_without_a_grammar_is_left_out(self) -> None:
        files, left_out, _scrubber = texts.shown([Text("perl", "/etc/x", "s3cret")])
        assert files == []
        assert left_out[0]["why"] == "it could not be redacted: KeyError"

    def test_what_is_too_much_is_named(self) -> None:
        many = [Text("php-fpm", "/%d" % number, "[www]\n" + " " * 700000) for number in range(8)]
        files, left_out, _scrubber = texts.shown(many)
        assert (len(files), len(left_out)) == (2, 6)
        assert {entry["why"] for entry in left_out} == {"there is too much configuration"}

    def test_a_file_that_was_cut_is_named(self) -> None:
        _files, left_out, _scrubber = texts.shown([Text("php", "/php.ini", "engine = On", True)])
        assert left_out[0]["path"] == "/php.ini"
