# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Errors of PHP's that are about a version, a setting or a limit."""

from typing import Any, Dict

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.nginx.message_parts import shown_parts
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.php_fpm.error_parts import error_parts
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.php_fpm.faults import FAULTS, fault_of
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.parse.php_fpm.test_services import (
    KINDS,
    NAMED,
)

DATABASE = {"fault": "database_connections"}
METHOD, TABLES = {"fault": "database_method"}, {"fault": "database_schema"}
NAMES = {"fault": "unresolved_name"}
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
    ": Uncaught PDOException: SQLSTATE[08006] [7] FATAL:  sorry, too many clients already": DATABASE,
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
    "PHP Warning:  require(/srv/a/vendor/autoload.php): Failed to open stream: Permission denied in /a.php; "
    "PHP Fatal error: Failed opening required '/srv/a/vendor/autoload.php'": {
        "fault": "unreadable",
        "name": "/srv/a/vendor/autoload.php",
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
    ": Uncaught PDOException: SQLSTATE[08006] [7] could not connect to server: Connection refused": UNREACHED,
    ": Uncaught mysqli_sql_exception: Connection refused in /a.php:2": UNREACHED,
    ": Uncaught PDOException: SQLSTATE[HY000] [2054] The server requested authentication method": METHOD,
    ": Uncaught mysqli_sql_exception: The server requested authentication method unknown to the": METHOD,
    ": mysqli_connect(): (HY000/2054): The server requested authentication method unknown": METHOD,
    ": Uncaught PDOException: SQLSTATE[42S02]: Base table or view not found: 1146 Table 'a.b'": TABLES,
    ": Uncaught NotFoundException: An exception occurred while executing a query: SQLSTATE[42P01]": TABLES,
    ": Uncaught mysqli_sql_exception: Table 'shop.users' doesn't exist in /a.php:2": TABLES,
    ": Uncaught PDOException: SQLSTATE[HY000] [2002] php_network_getaddresses: getaddrinfo for a": NAMES,
    ": Uncaught RedisException: php_network_getaddresses: getaddrinfo failed: Name or service": NAMES,
    ': Uncaught PDOException: SQLSTATE[08006] [7] could not translate host name "db" to address': NAMES,
    ": Uncaught GuzzleHttp\\Exception\\ConnectException: cURL error 6: Could not resolve host: a": NAMES,
    ": Uncaught RedisException: OOM command not allowed when used memory > 'maxmemory'": {
        "fault": "redis_full"
    },
    ": Uncaught RedisException: NOAUTH Authentication required. in /a.php:2": {"fault": "redis_login"},
    ": Uncaught Predis\\Response\\ServerException: WRONGPASS invalid username-password pair": {
        "fault": "redis_login"
    },
    ": Uncaught Exception: The /srv/a/bootstrap/cache directory must be present and writable.": {
        "fault": "cache_directories"
    },
    ": Uncaught Exception: The bootstrap/cache directory must be present and writable.": {
        "fault": "cache_directories"
    },
    ": Composer detected issues in your platform: Your Composer dependencies require the following PHP "
    "extensions to be installed: intl, gd in /a.php": {"fault": "extensions", "name": "intl, gd"},
    ": Uncaught OpenSearch\\Common\\Exceptions\\NoNodesAvailableException: No alive nodes found in": {
        "fault": "search_unreached"
    },
    ": Uncaught UnexpectedValueException: The current host header value does not match the configured "
    "trusted hosts pattern!": {"fault": "trusted_hosts"},
    ': Uncaught SuspiciousOperationException: Untrusted Host "a.example". in': {"fault": "trusted_hosts"},
    ": Uncaught RedisException: Connection refused in /a.php:2": {"fault": "redis_unreached"},
    ": Uncaught Predis\\Connection\\ConnectionException: Connection refused [tcp://": {
        "fault": "redis_unreached"
    },
    ": Uncaught PDOException: SQLSTATE[HY000] [2002] php_network_getaddresses: getaddrinfo failed: Name or": {
        "fault": "unresolved_name"
    },
    ": Uncaught RedisException: php_network_getaddresses: getaddrinfo for cache failed: Name or": {
        "fault": "unresolved_name"
    },
    ': Uncaught PDOException: SQLSTATE[08006] [7] could not translate host name "db" to address:': {
        "fault": "unresolved_name"
    },
    ": Uncaught RedisException: OOM command not allowed when used memory > 'maxmemory'.": {
        "fault": "redis_full"
    },
    ": Uncaught mysqli_sql_exception: Plugin 'mysql_native_password' is not loaded in /a.php:2": {
        "fault": "database_plugin"
    },
    ": Uncaught PDOException: SQLSTATE[HY000] [1524] Plugin 'mysql_native_password' is not loaded": {
        "fault": "database_plugin"
    },
    ": Uncaught PDOException: SQLSTATE[HY000]: General error: 144 Table 'shop/a' is marked as crashed": {
        "fault": "database_table"
    },
    ": Uncaught mysqli_sql_exception: Table './shop/a' is marked as crashed and should be repaired": {
        "fault": "database_table"
    },
    ": Uncaught PDOException: SQLSTATE[HY000]: General error: 1030 Got error 28 from storage engine": {
        "fault": "database_full"
    },
    ": Uncaught PDOException: SQLSTATE[HY000]: General error: 1114 The table '/tmp/#sql_1' is full": {
        "fault": "database_full"
    },
    ": Uncaught ErrorException: session_start(): ps_files_cleanup_dir: opendir(/srv/a) failed: Permission": {
        "fault": "session_cleanup"
    },
    ": Uncaught ContextErrorException: Warning: SessionHandler::read(): Session data file is not "
    "created by your uid in /a.php:2": {"fault": "session_owner"},
    "PHP Fatal error:  Uncaught ErrorException: Cannot modify header information - headers already sent by "
    "(output started at /srv/a/config.php:1) in /a.php:2": {
        "fault": "headers_sent",
        "name": "/srv/a/config.php",
    },
    ": Uncaught ErrorException: file_put_contents(/srv/a/log): Failed to open: Read-only file system": {
        "fault": "read_only",
        "read_only": ["/srv/a/log"],
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
REFUSED = {"fault": "certificate_refused"}
# Of what PHP 8 takes for an error, by PHP 8.0 and 8.4.
OLDER = [
    ":  Unparenthesized `a ? b : c ? d : e` is not supported. Use either `(a ? b : c) ? d : e` or",
    ":  Array and string offset access syntax with curly braces is no longer supported in /a.php on line 1",
    ": Uncaught Error: Non-static method A::b() cannot be called statically in /a.php:1",
    ":  __autoload() is no longer supported, use spl_autoload_register() instead in /a.php on line 1",
    ':  Cannot use "Object" as a class name as it is reserved in /a.php on line 1',
    ":  Cannot use 'Object' as class name as it is reserved in /a.php on line 1",
    ":  The (unset) cast is no longer supported in /a.php on line 1",
]
SQL = ": Uncaught PDOException: SQLSTATE[%s in /a.php:2"
DATABASES = {
    "HY000]: General error: 1 no such table: posts": "database_schema",
    "42S22]: Column not found: 1054 Unknown column 'a' in 'field list'": "database_schema",
    '42P01]: Undefined table: 7 ERROR:  relation "posts" does not exist': "database_schema",
    "HY000]: General error: 1114 The table 'posts' is full": "database_full",
    "53100]: Disk full: 7 ERROR:  could not extend file": "database_full",
    "HY000]: General error: 13 database or disk is full": "database_full",
    "HY000]: General error: 1290 The MySQL server is running with": "database_read_only",
    "25006]: Read only sql transaction: 7 ERROR:  cannot execute INSERT": "database_read_only",
    "HY000]: General error: 2006 MySQL server has gone away": "database_gone",
    "HY000]: General error: 145 Table './a/posts' is marked as crashed and": "database_table",
    "HY000]: General error: 126 Incorrect key file for table './a/posts.MYI'; ": "database_table",
    "HY000]: General error: 5 database is locked": "database_locked",
    "HY000]: General error: 1205 Lock wait timeout exceeded; try restarting": "database_locked",
    "40001]: Serialization failure: 1213 Deadlock found when trying to get lock": "database_locked",
    "HY000] [2002] php_network_getaddresses: getaddrinfo for db failed: Name or service": "unresolved_name",
}
LATER: Dict[str, Dict[str, Any]] = {
    **{text: {"fault": "older_code"} for text in OLDER},
    **{SQL % words: {"fault": fault} for words, fault in DATABASES.items()},
    ": Uncaught mysqli_sql_exception: Table 'a.posts' doesn't exist in /a.php:2": {
        "fault": "database_schema"
    },
    "PHP Fatal error:  Uncaught Error: Call to undefined function putenv() in /a.php:1": {
        "fault": "disabled_function",
        "name": "putenv",
    },
    "PHP Fatal error:  Uncaught S\\LogicException: The Process class relies on proc_open, which is not": {
        "fault": "disabled_function",
        "name": "proc_open",
    },
    ': Uncaught PathException: Unable to read the "/srv/a/.env" environment file. in': {
        "fault": "environment_file"
    },
    ": Uncaught InvalidPathException: Unable to read any of the environment file(s) at [/srv/a/.env].": {
        "fault": "environment_file"
    },
    ": Uncaught ErrorException: fsockopen(): php_network_getaddresses: getaddrinfo for db.invalid failed": {
        "fault": "unresolved_name"
    },
    ": Uncaught GuzzleHttp\\Exception\\ConnectException: cURL error 6: Could not resolve host: a.invalid": {
        "fault": "unresolved_name"
    },
    ": Uncaught ErrorException: file_get_contents(): SSL operation failed with code 1. OpenSSL Error "
    "messages:\nerror:0A000086:SSL routines::certificate verify failed in /a.php:1": REFUSED,
    ": Uncaught GuzzleHttp\\Exception\\RequestException: cURL error 60: SSL certificate problem": REFUSED,
    "PHP Fatal error:  date(): Timezone database is corrupt. Please file a bug report as this should never": {
        "fault": "timezone_database"
    },
    ": Uncaught RedisException: OOM command not allowed when used memory > 'maxmemory'.": {
        "fault": "redis_full"
    },
    ": Uncaught RedisException: NOAUTH Authentication required. in /a.php:2": {"fault": "redis_login"},
    ": Uncaught RedisException: WRONGPASS invalid username-password pair or user is": {
        "fault": "redis_login"
    },
    ": Uncaught RedisException: READONLY You can't write against a read only replica.": {
        "fault": "redis_read_only"
    },
    ": Uncaught RedisException: LOADING Redis is loading the dataset in memory in": {
        "fault": "redis_loading"
    },
    ": Uncaught Elasticsearch\\Common\\Exceptions\\NoNodesAvailableException: No alive nodes found in your "
    "cluster in /a.php:2": {"fault": "search_unreached"},
    ': Uncaught RuntimeException: Unable to write in the "cache" directory (/srv/a/var/cache/prod). in': {
        "fault": "cache_unwritable",
        "unwritable": ["/srv/a/var/cache/prod"],
    },
    ': Uncaught UnexpectedValueException: The stream or file "/srv/a/storage/logs/laravel.log" could not be '
    "opened in append mode: Failed to open stream: Permission denied": {"fault": "log_file"},
    ": Uncaught RuntimeException: Unsupported cipher or incorrect key length. Supported": {
        "fault": "application_key"
    },
    "PHP Fatal error:  Out of memory (allocated 2097152 bytes) (tried to allocate 9 bytes) in": {
        "fault": "memory_of_system"
    },
    "PHP Fatal error:  Maximum execution time of 1 second exceeded in /a.php on line 1": {
        "fault": "execution_time"
    },
    ": Uncaught Error: Maximum function nesting level of '256' reached, aborting! in": {"fault": "debugger"},
    ': Uncaught Error: Class "PDO" not found in /a.php:1': {"fault": "extension", "name": "pdo"},
    ": Uncaught Error: Call to undefined function bcadd() in /a.php:1": {
        "fault": "extension",
        "name": "bcmath",
    },
    "PHP message: PHP Fatal error:  Uncaught RuntimeException: no cart in /srv/wp-content/plugins/shop-cart/"
    "cart.php:1": {"fault": "plugin"},
    "PHP Fatal error:  Uncaught Error: Call to undefined function nosuch() in /srv/wp-content/plugins/"
    "hello.php:1\nStack trace:\n#0 {main}\n  thrown in /srv/wp-content/plugins/hello.php on line 1": {
        "fault": "plugin"
    },
    "PHP Fatal error:  Cannot redeclare a() in /srv/wp-content/themes/dawn/functions.php on line 3": {
        "fault": "plugin"
    },
}
HITS.update(LATER)
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
    "PHP Warning:  fopen(): php_network_getaddresses: getaddrinfo failed: Name or service not known",
    "PHP Warning:  Cannot modify header information - headers already sent by (output started at /a.php:1)",
    "PHP Notice:  session_start(): ps_files_cleanup_dir: opendir(/srv/a) failed: Permission denied (13)",
    "PHP Warning:  session_start(): Session data file is not created by your uid in /a.php on line 2",
    "PHP Warning:  include(/srv/a/theme.php): Failed to open stream: Permission denied in /a.php on line 2",
    ": Uncaught ShopException: Plugin shop is not loaded in /a.php:2",
    ": Uncaught ShopException: this table is marked as crashed in /a.php:2",
    ": Uncaught Error: the environment is not variable in /a.php:2",
    ": Uncaught Error: Call to undefined function shop_exec() in /a.php:3",
    ": Uncaught Error: Call to undefined function iconv_strlen2x\u00e9() in /a.php:3",
    ": Uncaught TypeError: array_key_exists(): Argument #2 ($array) must be of type array, stdClass given in",
    "PHP Warning:  fsockopen(): php_network_getaddresses: getaddrinfo for a; PHP Fatal error:  Uncaught x",
    ": Uncaught PDOException: SQLSTATE[23000]: Integrity constraint violation: 1062 Duplicate",
    ": Uncaught PDOException: SQLSTATE[42000]: Syntax error or access violation: 1064 in /a.php:2",
    ": Uncaught RuntimeException: Unable to write the page (/srv/a/x). in /a.php:2",
    "PHP Fatal error:  Uncaught Error: x in /srv/wp-includes/plugin.php:1\n  thrown in /srv/a.php on line 1",
    ": Uncaught Exception: no /srv/wp-content/plugins/akismet in /srv/a.php:2",
    ": Uncaught PDOException: SQLSTATE[HY000] [2013] Lost connection in /a.php:2",
    ": Uncaught PDOException: SQLSTATE[42000]: Syntax error or access violation in /a.php:2",
    ": Uncaught Exception: The cache directory must be present and writable. in /a.php:2",
    ": Uncaught ConnectException: cURL error 28: Operation timed out in /a.php:2",
]
# A page may log what a visitor sent.
FORGED = "PHP Fatal error:  Uncaught E: %sPHP Fatal error:  Uncaught Error: Call to undefined function exec()"
HOSTILE = [
    FORGED % "",
    FORGED % "PHP message: ",
    'FastCGI sent in stderr: "PHP message: ' + FORGED % "PHP message: ",
    ': require a PHP version "9\n systemctl stop nginx"',
    ': require a PHP version "{unit}"',
    ': require a PHP version "9`reboot`"',
    ': require a PHP version "9 as root at night"',
    ": Cannot find save handler 'x\u00e9'",
    ": failed loading cafile stream: `relative.crt'",
    ": ErrorException: Cannot modify header information - headers already sent by (output started at /`x`:1)",
    "PHP Warning:  require(/srv/`reboot`.php): Failed to open stream: Permission denied in /a.php",
    ": Uncaught Exception: no page OOM command not allowed in /a.php:2",
    ": Uncaught Exception: no page php_network_getaddresses: getaddrinfo failed in /a.php:2",
    ": Uncaught Exception: no page Table 'a' is marked as crashed in /a.php:2",
    ": Uncaught Exception: no page MISCONF Redis in /a.php:2",
    ": Uncaught Exception: no page SQLSTATE[42S02] in /a.php:2",
    ": Uncaught Exception: no page [2054] authentication method unknown in /a.php:2",
    ": Uncaught Exception: no page NOAUTH Authentication required in /a.php:2",
    ": require the following PHP extensions to be installed: `reboot`",
    ": Uncaught Exception: no page OOM command not allowed in /a.php:2",
    ': Uncaught Exception: no page Untrusted Host "a" in /a.php:2',
    ": Uncaught Exception: no page: could not find driver in /a.php:2",
    ": Uncaught Exception: no page open(/tmp/x) failed: Permission denied in /a.php:2",
    ': Uncaught Exception: no page Class "Redis" not found in /a.php:2',
    ": Uncaught Exception: no page OOM command not allowed in /a.php:2",
]


class TestFaults:
    @pytest.mark.parametrize("text", sorted(HITS))
    def test_hit_what_the_error_is_about(self, text: str) -> None:
        assert error_parts(text) == HITS[text]

    def test_each_kind_has_a_hit(self) -> None:
        others = {fault for fault, _name in NAMED.values()}
        assert {parts["fault"] for parts in HITS.values()}.union(KINDS, others) == set(FAULTS)

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
