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
LOGIN, UNREACHED = {"fault": "database_login"}, {"fault": "database_unreached"}
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
    ": Failed opening required '/srv/a/vendor/autoload.php' (include_path='.')": {"fault": "vendor"},
    ": Uncaught RedisException: MISCONF Redis is configured to save RDB snapshots, but": {
        "fault": "redis_files"
    },
    ": Uncaught Predis\\Response\\ServerException: MISCONF Errors writing to the AOF file": {
        "fault": "redis_files"
    },
    ": Uncaught PDOException: could not find driver in /a.php:1": {"fault": "database_driver"},
    ": Uncaught PDOException: could not find driver\nStack trace:": {"fault": "database_driver"},
    ": Uncaught Doctrine\\DBAL\\Exception\\DriverException: An exception occurred in the driver: could not "
    "find driver in /a.php:1": {"fault": "database_driver"},
    ": Uncaught PDOException: SQLSTATE[HY000]: General error: 8 attempt to write a readonly database": {
        "fault": "database_file"
    },
    ": Uncaught PDOException: SQLSTATE[HY000] [14] unable to open database file in /a.php:2": {
        "fault": "database_file"
    },
    "PHP Warning: session_start(): open(/tmp/sess_[redacted], O_RDWR) failed: Permission denied (13)": {
        "fault": "temporary_directory",
        "name": "/tmp",
    },
    "PHP Warning: session_start(): open(/var/tmp/sess_1, O_RDWR) failed: Permission denied (13)": {
        "fault": "temporary_directory",
        "name": "/var/tmp",
    },
    "PHP Warning:  require(): open_basedir restriction in effect. File(/srv/a/vendor/autoload.php) is not "
    "within; PHP Fatal error: Failed opening required '/srv/a/vendor/autoload.php' (include_path='.')": {
        "fault": "open_basedir",
        "name": "/srv/a/vendor/autoload.php",
    },
    ":  The file /a.php was encoded by the ionCube Encoder for PHP 5.6 and cannot run under PHP 7.1": {
        "fault": "encoded",
        "name": "5.6",
    },
    ": Uncaught PDOException: SQLSTATE[HY000] [1045] Access denied for user 'shop'@'localhost'": LOGIN,
    ": Uncaught mysqli_sql_exception: Unknown database 'shop' in /a.php:2": LOGIN,
    ': FATAL:  password authentication failed for user "shop" in /a.php:2': LOGIN,
    ": Uncaught PDOException: SQLSTATE[HY000] [2002] Connection refused in /a.php:2": UNREACHED,
    ": Uncaught PDOException: SQLSTATE[08006] [7] connection to server at": UNREACHED,
    ": Uncaught mysqli_sql_exception: Connection refused in /a.php:2": UNREACHED,
    ": Uncaught RedisException: Connection refused in /a.php:2": {"fault": "redis_unreached"},
    ": Uncaught Predis\\Connection\\ConnectionException: Connection refused [tcp://": {
        "fault": "redis_unreached"
    },
    ": Uncaught E: Vite manifest not found at: /srv/a/public/build/manifest.json": {"fault": "assets"},
    ": Uncaught Exception: The Mix manifest does not exist. in /a.php:2": {"fault": "assets"},
    ": Uncaught InvalidArgumentException: Please provide a valid cache path. in": {
        "fault": "cache_directories"
    },
    ": Uncaught MissingAppKeyException: No application encryption key has been specified.": {
        "fault": "application_key"
    },
    ': Uncaught ErrorException: Undefined array key "HTTP_HOST" in /a.php:2': {"fault": "host_header"},
    ": Uncaught ErrorException: Undefined index: HTTP_HOST in /a.php:2": {"fault": "host_header"},
    ": Uncaught ErrorException: file_put_contents(): Write of 9 bytes failed with errno=122 Disk quota "
    "exceeded": {"fault": "quota"},
    ': fopen(/srv/a.mo): failed to open stream: "Quota exceeded" in /a.php': {"fault": "quota"},
    ": Allowed memory size of 134217728 bytes exhausted (tried to allocate 9 bytes)": {
        "fault": "memory_limit"
    },
    ': Uncaught Error: Class "Redis" not found in /a.php:1': {"fault": "extension", "name": "redis"},
    ': Uncaught Error: Class "MongoDB\\Driver\\Manager" not found in /a.php:1': {
        "fault": "extension",
        "name": "mongodb",
    },
    ": Uncaught Error: Class 'DOMDocument' not found in /a.php:1": {"fault": "extension", "name": "xml"},
    ": Uncaught Error: Call to undefined function mysqli_connect() in /a.php:3": {
        "fault": "extension",
        "name": "mysqli",
    },
    ": Uncaught Error: Call to undefined function mb_strlen() in /a.php:3": {
        "fault": "extension",
        "name": "mbstring",
    },
}
NEAR_MISSES = [
    ": Uncaught Error: Call to undefined function each_item() in /a.php:3",
    ": Uncaught Error: Call to undefined function shop_mb_strlen() in /a.php:3",
    ': Uncaught Error: Class "Shop\\Redis" not found in /a.php:1',
    ': Uncaught Error: Class "RedisShop" not found in /a.php:1',
    ": Failed opening required '/srv/releases/7/vendor/autoload.php' (include_path='.') in /a.php",
    ": Failed opening required '/srv/a/config.php' (include_path='.') in /a.php",
    ": session_start(): open(/srv/tmp/sess_1, O_RDWR) failed: Permission denied (13) in /a.php",
    ": session_start(): open(/tmp/sess_1, O_RDWR) failed: No space left on device (28) in /a.php",
    ": session_start(): open(/tmp/shop/sess_1, O_RDWR) failed: Permission denied (13) in /a.php",
    ": Uncaught RuntimeException: could not find driver Smith in /a.php:2",
    ": file_exists(): open_basedir restriction in effect. File(/usr/bin/convert) is not within",
    ": include(): open_basedir restriction in effect. File(/srv/a/theme.php) is not within",
    ": Uncaught ApiException: Quota exceeded for quota metric 'Requests' in /a.php:2",
    ": Uncaught PDOException: SQLSTATE[HY000]: General error: 2006 gone away in /a.php:2",
    ": Uncaught ShopException: Connection refused in /a.php:2",
    ': Uncaught ErrorException: Undefined array key "HTTP_HOSTS" in /a.php:2',
    ": Uncaught InvalidArgumentException: Please provide a valid path. in /a.php:2",
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
    ": Uncaught Exception: no page MISCONF Redis in /a.php:2",
    ": Uncaught Exception: no page: could not find driver in /a.php:2",
    ": Uncaught Exception: no page open(/tmp/x) failed: Permission denied in /a.php:2",
    ': Uncaught Exception: no page Class "Redis" not found in /a.php:2',
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

    @pytest.mark.parametrize(
        "text",
        [
            ": failed loading cafile stream: `%s' in /a.php on line 2",
            ": Uncaught E: error setting certificate file: %s in /a.php:3",
            ": Uncaught E: error setting certificate verify locations:  CAfile: %s CApath: none in /a.php:3",
        ],
    )
    def test_a_files_name_is_whole_or_none(self, text: str) -> None:
        for name in ("/x", "/etc/pki/Shop Sons CA.crt", "/home/a/app_v2.1+b@c/ca.pem"):
            assert fault_of(text % name) == {"fault": "certificate_file", "name": name}
        for name in ("/x`reboot`", "/etc/pki/caf\u00e9.crt", "/etc/pki/(new) ca.crt", "/" + 300 * "x"):
            assert fault_of(text % name) == {"fault": "certificate_file", "name": None}

    def test_the_name_of_an_extension_is_our_own(self) -> None:
        found = fault_of(': Uncaught Error: Class "Imagick`reboot`" not found')
        assert found == {}
        found = fault_of(': Uncaught Error: Class "ImagickPixel" not found')
        assert found == {"fault": "extension", "name": "imagick"}

    @pytest.mark.parametrize("text", sorted(HITS))
    def test_decoy_it_stands_in_a_request(self, text: str) -> None:
        line = ': Failed", client: 192.0.2.1, server: shop.example, request: "GET /%s HTTP/1.1"' % text
        assert fault_of(line) == {}
        assert "fault" not in shown_parts("php_fatal", line)

    def test_hit_it_is_a_part_of_nginxs_line(self) -> None:
        line = 'FastCGI sent in stderr: "PHP message: PHP Parse error:  x", client: 192.0.2.1, request: "x"'
        assert shown_parts("php_fatal", line) == {"fault": "parse_error"}
