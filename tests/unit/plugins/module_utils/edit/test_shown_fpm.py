# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Of php-fpm's configuration only what is known to be harmless is shown."""

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.edit.shown_fpm import shown, value_shown


def whole(text: str) -> str:
    return shown(text, [(0, len(text))])[0]


class TestText:
    @pytest.mark.parametrize(
        "line, expected",
        [
            ("env[STRIPE_SK] = s3cret", "env[STRIPE_SK] = [redacted]"),
            ("env[stripe-sk]\t=\t's3cret'", "env[stripe-sk]\t=\t[redacted]"),
            ("  Env [ X ]=s3cret", "  Env [ X ]= [redacted]"),
            ("ENV[PATH] = $PATH:/s3cret", "ENV[PATH] = [redacted]"),
            ("php_value[mysqli.default_pw] = s3cret", "php_value[mysqli.default_pw] = [redacted]"),
            (
                'php_admin_value[session.save_path] = "tcp://h?auth=s3cret"',
                "php_admin_value[session.save_path] = [redacted]",
            ),
            ("php_flag[s3cret] = on", "php_flag[s3cret] = [redacted]"),
            ('access.format = "s3cret %R"', "access.format = [redacted]"),
            ("ping.response = s3cret", "ping.response = [redacted]"),
            ("my.secret = s3cret", "[redacted]"),
            ("s3cret", "[redacted]"),
            ("= s3cret", "[redacted]"),
            ("; the password is s3cret", "; [redacted]"),
            (";env[X] = s3cret", ";env[X] = [redacted]"),
            ("; user = root, password s3cret", "; user = [redacted]"),
            ("# s3cret", "[redacted]"),
            ("pm = static ; s3cret", "pm = static ; [redacted]"),
            ('user = "a";s3cret', 'user = "a"; [redacted]'),
            ("user = \"a\" 's3cret'", "user = [redacted]"),
            ('user = "a\\";s3cret"', "user = [redacted]"),
            ("[www] ; s3cret", "[redacted]"),
            ("[s3 cret]", "[redacted]"),
            ("pid = mysql://u:s3cret@h/d", "pid = [redacted]"),
            ('s3cret"', "[redacted]"),
            ("env[X = s3cret", "[redacted]"),
            ("env[a]b] = s3cret", "[redacted]"),
            (
                "php_admin_value[memory_limit] = 64M; s3cret",
                "php_admin_value[memory_limit] = 64M; [redacted]",
            ),
        ],
    )
    def test_what_may_be_secret_is_hidden(self, line: str, expected: str) -> None:
        assert whole("[www]\n%s\n" % line) == "[www]\n%s\n" % expected

    @pytest.mark.parametrize(
        "line",
        [
            "",
            "[www]",
            "pm.max_children = 5",
            "pm.max_children=5",
            "listen = /run/php/$pool.sock",
            "listen.allowed_clients = 127.0.0.1,::1",
            ";;;;;;;;",
            ";pm.max_children = 5",
            "; pm.max_children = 5",
            ";listen.acl_groups =",
            "include = /etc/php/8.2/fpm/pool.d/*.conf",
            "php_admin_value[memory_limit] = 128M",
            "php_admin_value[error_log] = /var/log/php-fpm/www-error.log",
            "php_admin_flag[log_errors] = on",
            "slowlog = log/$pool.log.slow",
            "catch_workers_output = yes",
            "user = www-data",
            "  LISTEN.OWNER = 'www-data'",
        ],
    )
    def test_what_is_known_to_be_harmless_stays(self, line: str) -> None:
        assert whole(line + "\n") == line + "\n"

    def test_a_part_is_judged_line_by_line_wherever_it_begins(self) -> None:
        text = 'env[A] = "s3cret\npm = static\ns3cret"\n'
        assert shown(text, [(text.index("pm"), len(text))]) == ["pm = static\n[redacted]\n"]


class TestValue:
    @pytest.mark.parametrize(
        "key, value, expected",
        [
            ("pm.max_children", "5", "5"),
            ("env[X]", "s3cret", "[redacted]"),
            ("php_value[memory_limit]", "1G", "1G"),
            ("env", "s3cret", "[redacted]"),
            ("access.format", "%R", "[redacted]"),
            ("no key", "s3cret", "[redacted]"),
            ("listen", "/run/x.sock", "/run/x.sock"),
        ],
    )
    def test_by_itself(self, key: str, value: str, expected: str) -> None:
        assert value_shown(key, value) == expected
