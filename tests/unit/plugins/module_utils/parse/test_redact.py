# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Secrets that must not leave a host, and evidence that must stay."""

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.redact import redact


@pytest.mark.parametrize(
    "text",
    [
        'request: "GET /a?token=s3cret&x=1 HTTP/1.1"',
        "Cookie: PHPSESSID=s3cret; a=b",
        "Authorization: Bearer s3crets3cret",
        "authorization: Basic s3crets3cret==",
        "env[DB_PASSWORD] = s3cret",
        "php_admin_value[auto_prepend_file] = /srv/s3cret",
        "php_value[x]=s3cret and more s3cret",
        "password=s3cret",
        "DB_PASS=>'s3cret'",
        '{"api_key": "s3cret"}',
        "redis://user:s3cret@10.0.0.1/0",
        "#0 /srv/a.php(3): PDO->__construct('mysql:host=db', 'root', 's3cret')",
        "secret: s3cret",
        "_token: s3cret",
        "?s3cretWithoutAName",
        "PHPSESSID=s3cret",
        "access_token=s3cret,",
        "eyJhbGciOiJIUzI1NiJ9.s3crets3cret.s3cret",
    ],
)
def test_secrets_go(text: str) -> None:
    assert "s3cret" not in redact(text) and "[redacted]" in redact(text)


@pytest.mark.parametrize(
    "text",
    [
        "connect() to unix:/run/php/php8.2-fpm.sock failed (2: No such file or directory) while connecting to upstream",
        "[pool www] child 2140 exited on signal 11 (SIGSEGV) after 3.118402 seconds from start",
        "Memory cgroup out of memory: Killed process 7765 (php-fpm8.2) total-vm:472236kB",
        "task_memcg=/libpod_parent/libpod-b97a02c22b0adb1460085e924c875bf2439167c28ec4fcd67e8026376c962959,task=php-fpm8.2",
        "PHP Fatal error:  Uncaught Exception: boom? really in /srv/shop/a.php:1",
        "unable to bind listening socket for address '127.0.0.1:9000': Address already in use (98)",
    ],
)
def test_evidence_stays(text: str) -> None:
    assert redact(text) == text


def test_a_text_is_one_line_of_at_most_500_printable_characters() -> None:
    text = redact("a\nb\x1b[31m\x85" + "x y " * 500)
    assert text.startswith("a b?[31m?") and len(text) == 500 and text.endswith("...")


def test_hostile_text_does_not_cost_more_than_time_for_a_cup() -> None:
    for text in ("?" * 5000, "password" * 700, "a-" * 3000, "env[" * 1500, "#1 " * 2000, "://:" * 1500, "cookie:" * 900):
        assert len(redact(text)) <= 500
