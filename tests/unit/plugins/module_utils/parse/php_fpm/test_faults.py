# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Errors of PHP's that are about a version, a setting or a limit."""

from typing import Any, Dict

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.nginx.message_parts import shown_parts
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.php_fpm.error_parts import error_parts
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.php_fpm.faults import FAULTS, fault_of

DATABASE = {"fault": "database_connections"}
HITS: Dict[str, Dict[str, Any]] = {
    ': Composer detected issues: dependencies require a PHP version ">= 9.1.0". You are running 8.4': {
        "fault": "other_version",
        "name": ">= 9.1.0",
    },
    "PHP message: PHP Parse error:  syntax error, unexpected token in /a.php on line 1": {
        "fault": "parse_error"
    },
    ": Uncaught Error: Call to undefined function each() in /a.php:3": {
        "fault": "removed_function",
        "name": "each",
    },
    ": Uncaught Error: Call to undefined function mysql_connect() in /a.php:3": {
        "fault": "removed_function",
        "name": "mysql_connect",
    },
    ": session_start(): Cannot find session save handler &quot;redis&quot; - session startup failed": {
        "fault": "save_handler",
        "name": "redis",
    },
    ": session_start(): Cannot find save handler 'memcached' - session startup failed": {
        "fault": "save_handler",
        "name": "memcached",
    },
    ': Uncaught E: Environment variable not found: "DATABASE_URL". in /a.php:2': {
        "fault": "environment_variable",
        "name": "DATABASE_URL",
    },
    ": Uncaught PDOException: SQLSTATE[HY000] [1040] Too many connections in /a.php:2": DATABASE,
    ": FATAL: sorry, too many clients already in /a.php:2": DATABASE,
    ": Allowed memory size of 2097152 bytes exhausted (tried to allocate 9 bytes)": {"fault": "memory_unit"},
    ": failed loading cafile stream: `/etc/pki/ca.crt' in /a.php on line 2": {
        "fault": "certificate_file",
        "name": "/etc/pki/ca.crt",
    },
}
NEAR_MISSES = [
    ": Uncaught Error: Call to undefined function each_item() in /a.php:3",
    ": Uncaught Error: Call to undefined function mysqli_connect() in /a.php:3",
    ": Uncaught PDOException: SQLSTATE[HY000] [2002] Connection refused in /a.php:2",
    ": Allowed memory size of 134217728 bytes exhausted (tried to allocate 9 bytes) in /a.php",
    ": Allowed memory size of 20971520 bytes exhausted (tried to allocate 9 bytes) in /a.php",
    ": session_start(): Failed to read session data: redis (path: tcp://127.0.0.1:6379) in /a.php",
    ": Uncaught Error: the environment is not variable in /a.php:2",
]
# A page may log what a visitor sent.
HOSTILE = [
    ': require a PHP version "9\n systemctl stop nginx"',
    ': require a PHP version "{unit}"',
    ': require a PHP version "9`reboot`"',
    ': require a PHP version "9 as root at night"',
    ": Cannot find save handler 'x\u00e9'",
    ": failed loading cafile stream: `relative.crt'",
]


class TestFaults:
    @pytest.mark.parametrize("text", sorted(HITS))
    def test_hit_what_the_error_is_about(self, text: str) -> None:
        assert error_parts(text) == HITS[text]

    def test_each_kind_has_a_hit(self) -> None:
        assert {parts["fault"] for parts in HITS.values()} == set(FAULTS)

    @pytest.mark.parametrize("text", NEAR_MISSES)
    def test_near_miss_an_error_that_sounds_alike(self, text: str) -> None:
        assert fault_of(text) == {}

    @pytest.mark.parametrize("text", HOSTILE)
    def test_decoy_what_a_visitor_sent_is_no_name(self, text: str) -> None:
        assert fault_of(text) == {}

    def test_a_name_ends_where_an_odd_letter_stands(self) -> None:
        found = fault_of(": failed loading cafile stream: `/x`reboot`'")
        assert found == {"fault": "certificate_file", "name": "/x"}

    @pytest.mark.parametrize("text", sorted(HITS))
    def test_decoy_it_stands_in_a_request(self, text: str) -> None:
        line = ': Failed", client: 192.0.2.1, server: shop.example, request: "GET /%s HTTP/1.1"' % text
        assert fault_of(line) == {}
        assert "fault" not in shown_parts("php_fatal", line)

    def test_hit_it_is_a_part_of_nginxs_line(self) -> None:
        line = 'FastCGI sent in stderr: "PHP message: PHP Parse error:  x", client: 192.0.2.1, request: "x"'
        assert shown_parts("php_fatal", line) == {"fault": "parse_error"}
