# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Of a systemd unit only what is known to be harmless is shown."""

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.edit.shown_unit import logical, shown


class TestText:
    @pytest.mark.parametrize(
        "text, expected",
        [
            ('Environment=A=s3cret "B=s3cret"', "Environment=[redacted]"),
            ("PassEnvironment=S3CRET", "PassEnvironment=[redacted]"),
            ("Description=the password is s3cret", "Description=[redacted]"),
            ("X-Own=s3cret", "[redacted]"),
            ("s3cret", "[redacted]"),
            ("# s3cret", ""),
            ("; s3cret", ""),
            ("SetCredential=pw:s3cret", "SetCredential=[redacted]"),
            ("ExecStart=/usr/sbin/php-fpm8.2 -d x.pw=s3cret", "ExecStart=/usr/sbin/php-fpm8.2 [redacted]"),
            ("ExecStart=/bin/sh -c 'echo s3cret | x'", "ExecStart=/bin/sh -c [redacted]"),
            ("ExecStart=/usr/sbin/nginx -g 'env A=s3cret;'", "ExecStart=/usr/sbin/nginx [redacted]"),
            ("ExecStartPre=curl https://u:s3cret@h", "ExecStartPre=[redacted]"),
            ("User=www-data\\\n s3cret://u:p@h", "User=[redacted]\n"),
            ("Environment=A=1 \\\n# s3cret\nB=s3cret", "Environment=[redacted]\n\n"),
            ("ReadWritePaths=/srv?token=s3cret", "ReadWritePaths=[redacted]"),
        ],
    )
    def test_what_may_be_secret_is_hidden(self, text: str, expected: str) -> None:
        assert shown(text) == expected

    @pytest.mark.parametrize(
        "line",
        [
            "[Service]",
            "Type=notify",
            "Restart=on-failure",
            "OOMPolicy=continue",
            "RuntimeDirectory=php",
            "EnvironmentFile=-/etc/default/php-fpm",
            "ExecStart=",
            "ExecStart=/usr/sbin/php-fpm8.2 --nodaemonize --fpm-config /etc/php/8.2/fpm/php-fpm.conf",
            "ExecReload=/bin/kill -USR2 $MAINPID",
            "ExecStop=-/sbin/start-stop-daemon [redacted]",
        ],
    )
    def test_what_is_known_to_be_harmless_stays(self, line: str) -> None:
        assert shown(line) == line

    def test_a_line_that_goes_on_is_one_setting(self) -> None:
        assert logical("A=1 \\\n; no\n  2\nB=3") == [(3, "A=1  2"), (1, "B=3")]
