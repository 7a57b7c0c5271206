# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Of php.ini only what is known to be harmless is shown."""

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.edit.shown_ini import shown


class TestText:
    @pytest.mark.parametrize(
        "text, expected",
        [
            ("mysqli.default_pw = s3cret", "mysqli.default_pw = [redacted]"),
            ('session.save_path = "tcp://h?auth=s3cret"', "session.save_path = [redacted]"),
            ("sendmail_path = /usr/sbin/sendmail -aps3cret", "sendmail_path = [redacted]"),
            ("my.own = s3cret", "my.own = [redacted]"),
            ("; the password is s3cret", ""),
            ("# s3cret", ""),
            ("s3cret phrase", "[redacted]"),
            ("[HOST=s3cret.example]", "[redacted]"),
            ("memory_limit = 128M ; s3cret", "memory_limit = 128M"),
            ("memory_limit = mysql://u:s3cret@h", "memory_limit = [redacted]"),
            ('include_path = "a" "s3cret"', "include_path = [redacted]"),
            ('x = "one\ns3cret = two\nmemory_limit"', "x = [redacted]\n[redacted]\n[redacted]"),
            ("x = 'one\nmemory_limit = s3cret'\nengine = On", "x = [redacted]\n[redacted]\nengine = On"),
        ],
    )
    def test_what_may_be_secret_is_hidden(self, text: str, expected: str) -> None:
        assert shown(text) == expected

    @pytest.mark.parametrize(
        "line",
        [
            "[PHP]",
            "[opcache]",
            "memory_limit = 128M",
            "extension = redis.so",
            "opcache.preload = /srv/app/preload.php",
            "disable_functions = exec,passthru",
            "doc_root =",
        ],
    )
    def test_what_is_known_to_be_harmless_stays(self, line: str) -> None:
        assert shown(line) == line

    def test_each_line_keeps_its_number(self) -> None:
        text = "; a\n\nengine = On\nx = 'a\nb'\n"
        assert shown(text).count("\n") == text.count("\n")
        assert shown(text).split("\n")[2] == "engine = On"
