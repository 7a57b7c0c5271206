# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fixes that the words of a program tell, in the evidence of a finding."""

from typing import Any

import pytest
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.catalogue import (
    CATALOGUE,
    steps_for,
    words_for,
)
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.placeholders import FIELDS

READ_IT = CATALOGUE[("php_error", None)].fix
CORRECT_IT = "correct "
MAIN = "/etc/php/8.2/fpm/php-fpm.conf"
HITS = {
    ': Composer detected issues: dependencies require a PHP version ">= 9.1.0". You are running 8.4': (
        "pool of PHP >= 9.1.0, which its code needs"
    ),
    "PHP message: PHP Parse error:  syntax error, unexpected token in /a.php on line 1": "compare the PHP",
    ": Uncaught Error: Call to undefined function each() in /a.php:3": "this one has no each() any more",
    ": Uncaught Error: Call to undefined function mysql_connect() in /a.php:3": "no mysql_connect() any",
    ": session_start(): Cannot find session save handler &quot;redis&quot; - session startup failed": (
        "the extension redis for this PHP, which session.save_handler names; systemctl restart php.service"
    ),
    ": session_start(): Cannot find save handler 'memcached' - session startup failed": "extension memcached",
    ': Uncaught E: Environment variable not found: "DATABASE_URL". in /a.php:2': "env[DATABASE_URL], or",
    ": Uncaught PDOException: SQLSTATE[HY000] [1040] Too many connections in /a.php:2": "(max_connections)",
    ": FATAL: sorry, too many clients already in /a.php:2": "(max_connections)",
    ": Allowed memory size of 2097152 bytes exhausted (tried to allocate 9 bytes)": "256Mb is 256 bytes",
    ": failed loading cafile stream: `/etc/pki/ca.crt' in /a.php on line 2": "in place of /etc/pki/ca.crt",
}
DECOYS = [
    ": Uncaught Error: Call to undefined function each_item() in /a.php:3",
    ": Uncaught Error: Call to undefined function mysqli_connect() in /a.php:3",
    ": Uncaught PDOException: SQLSTATE[HY000] [2002] Connection refused in /a.php:2",
    ": Allowed memory size of 134217728 bytes exhausted (tried to allocate 9 bytes) in /a.php",
    ": session_start(): Failed to read session data: redis (path: tcp://127.0.0.1:6379) in /a.php",
    ": Uncaught Error: the environment is not variable in /a.php:2",
]
# A page may log what a visitor sent.
HOSTILE = [
    ': require a PHP version "9\n systemctl stop nginx"',
    ': require a PHP version "{unit}"',
    ": failed loading cafile stream: `/x`reboot`'",
]


def finding(text: str, reason: str = "every_page", cause: str = "php_error", **piece: Any) -> Any:
    proof = {"source": "nginx_log", "path": "/var/log/nginx/error.log", "text": text, **piece}
    facts = {"file": piece["path"], "line": piece["line"]} if "line" in piece else {}
    whole = {"cause": cause, "reason": reason, "state": "active", "unit": "php.service"}
    return {**whole, "facts": facts, "evidence": [proof]}


def fix(*args: Any, **more: Any) -> str:
    return str(words_for(finding(*args, **more))["fix"])


class TestPhp:
    @pytest.mark.parametrize("text", sorted(HITS))
    @pytest.mark.parametrize("reason", ["every_page", "shown_errors"])
    def test_hit_what_the_error_is_about(self, text: str, reason: str) -> None:
        assert HITS[text] in fix(text, reason)

    @pytest.mark.parametrize("text", DECOYS)
    def test_decoy_an_error_that_sounds_alike(self, text: str) -> None:
        assert fix(text) == READ_IT

    @pytest.mark.parametrize("text", HOSTILE)
    def test_decoy_what_a_visitor_sent_is_not_pasted(self, text: str) -> None:
        steps = steps_for(finding(text))
        assert not any(step.command or "reboot" in step.text or "stop" in step.text for step in steps)

    @pytest.mark.parametrize("text", sorted(HITS))
    def test_decoy_it_stands_in_a_request(self, text: str) -> None:
        line = ': Failed", client: 192.0.2.1, server: shop.example, request: "GET /%s HTTP/1.1"' % text
        assert fix(line, source="nginx_log") == READ_IT
        assert fix(text, source="nginx_access") == READ_IT

    def test_near_miss_another_reason(self) -> None:
        assert "max_connections" not in fix(": Too many connections in /a.php", "no_body")

    def test_what_can_be_pasted_is_a_command_of_ours(self) -> None:
        commands = [step.text for text in HITS for step in steps_for(finding(text)) if step.command]
        assert set(commands) == {"systemctl restart php.service", "systemctl reload php.service"}
        assert "unit" in FIELDS


class TestMainFile:
    TEXT = "failed to open configuration file '%s': No such file or directory (2)" % MAIN

    def fix(self, path: str) -> str:
        return fix(self.TEXT, "config_invalid", "fpm_not_running", source="php-fpm", path=path, line=3)

    def test_hit_php_fpm_has_no_main_file(self) -> None:
        assert self.fix(MAIN).startswith("put back %s, from a backup" % MAIN)

    def test_near_miss_a_file_that_another_one_includes(self) -> None:
        assert self.fix("/etc/php-fpm.conf").startswith(CORRECT_IT)

    @pytest.mark.parametrize("name", ["pm.max_spawn_rate", "listen.acl_users", "access.suppress_path[]"])
    def test_hit_a_directive_of_another_php(self, name: str) -> None:
        text = "ERROR: [%s:3] unknown entry '%s'" % (MAIN, name)
        words = fix(text, "config_invalid", "fpm_not_running", path=MAIN, line=3)
        assert words.startswith("take %s:3 out: this php-fpm has no %s," % (MAIN, name))

    def test_near_miss_a_misspelt_directive(self) -> None:
        text = "ERROR: [%s:3] unknown entry 'pm.max_spawn_rates'" % MAIN
        assert fix(text, "config_invalid", "fpm_not_running", path=MAIN, line=3).startswith(CORRECT_IT)

    def test_decoy_a_fault_in_the_main_file(self) -> None:
        text = "[%s:3] unknown entry 'x'" % MAIN
        assert fix(text, "config_invalid", "fpm_not_running", path=MAIN, line=3).startswith(CORRECT_IT)
