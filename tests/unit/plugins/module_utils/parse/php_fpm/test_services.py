# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Errors about what a page asks, whose words sound alike: who refuses, and why. The words are those of
mysqlnd and libpq as PHP 7.4 to 8.4 hand them on, of phpredis, Predis and of applications.
"""

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.php_fpm.faults import fault_of
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.redact import redact

MY, PG = "PDOException: SQLSTATE[HY000] ", "PDOException: SQLSTATE[08006] [7] "
PORT = PG + 'connection to server at "10.0.0.5", port 5432 failed: '
SOCKET = PG + 'connection to server on socket "/var/run/postgresql/.s.PGSQL.5432" failed: '
SIX = (
    PG
    + 'connection to server at "localhost" (::1), port 5432 failed: Connection refused\n\tIs the server run'
)
FOUR = SIX + 'ning?\nconnection to server at "localhost" (127.0.0.1), port 5432 failed: '
MYSQLI = "mysqli_sql_exception: "
PREDIS = "Predis\\Connection\\ConnectionException: "
CALLED = "Error: Call to undefined function "
KINDS = {
    "service_denied": [
        MY + "[2002] Permission denied",
        MY + "[2002] Operation not permitted",
        MY + "[2002] Address family not supported by protocol",
        MYSQLI + "Permission denied",
        PORT + "Permission denied\n\tIs the server running on that host and accepting TCP/IP connections?",
        SOCKET + "Permission denied\n\tIs the server running locally",
        PG + "could not connect to server: Permission denied\n\tIs the server running on host",
        "RedisException: Permission denied",
        PREDIS + "Permission denied [tcp://127.0.0.1:6379]",
    ],
    "service_silent": [
        MY + "[2002] Connection timed out",
        MY + "[2002] Operation timed out",
        MY + "[2002] No route to host",
        MYSQLI + "Network is unreachable",
        PG + "timeout expired",
        PORT + "timeout expired",
        PORT + "No route to host\n\tIs the server running",
        "RedisException: Connection timed out",
        PREDIS + "Connection timed out [tcp://10.0.0.5:6379]",
    ],
    "database_unreached": [
        MY + "[2002] Connection refused",
        MY + "[2002] No such file or directory",
        MYSQLI + "No such file or directory",
        PORT + "Connection refused\n\tIs the server running",
        PG + "could not connect to server: Connection refused\n\tIs the server running",
        SOCKET + "No such file or directory\n\tIs the server running locally",
        FOUR + "Connection refused\n\tIs the server running",
    ],
    "redis_unreached": [
        "RedisException: No such file or directory",
        PREDIS + "Connection refused [tcp://127.0.0.1:6379]",
    ],
    "database_method": [
        PG + "SCRAM authentication requires libpq version 10 or above",
        PORT + "SCRAM authentication requires libpq version 10 or above",
        PG + "authentication method 10 not supported",
        "PDOException: PDO::__construct(): The server requested authentication method unknown to the client",
    ],
    "database_host": [
        PORT
        + 'FATAL:  no pg_hba.conf entry for host "10.0.0.9", user "shop", database "shop", no encryption',
        PG + 'FATAL:  no pg_hba.conf entry for host "10.0.0.9", user "shop", database "shop", SSL off',
        PG + 'FATAL:  pg_hba.conf rejects connection for host "10.0.0.9", user "shop"',
        FOUR + 'FATAL:  no pg_hba.conf entry for host "127.0.0.1", user "shop"',
        MY + "[1130] Host '10.0.0.9' is not allowed to connect to this MySQL server",
        MYSQLI + "Host '10.0.0.9' is not allowed to connect to this MariaDB server",
    ],
    "database_login": [
        MY + "[1698] Access denied for user 'root'@'localhost'",
        MY + "[1049] Unknown database 'shop'",
        PG + 'FATAL:  role "shop" does not exist',
        PORT + 'FATAL:  database "shop" does not exist',
        PORT + "fe_sendauth: no password supplied",
        PORT + 'FATAL:  permission denied for database "shop"',
        SOCKET + 'FATAL:  Peer authentication failed for user "shop"',
        PG + 'FATAL:  Ident authentication failed for user "shop"',
        # Encrypted it is the password, and then pg_hba.conf refuses the attempt without encryption.
        PORT + 'FATAL:  password authentication failed for user "shop"\nconnection to server at "10.0.0.5", '
        "port 5432 failed: FATAL:  no pg_hba.conf entry for host",
    ],
    "database_blocked": [
        MY + "[1129] Host '10.0.0.9' is blocked because of many connection errors; unblock with 'mysqladmin",
        MYSQLI + "Host '10.0.0.9' is blocked because of many connection errors; unblock with 'mariadb-admin",
    ],
    "database_connections": [
        "PDOException: SQLSTATE[08004] [1040] Too many connections",
        MYSQLI + "Too many connections",
        "PDOException: SQLSTATE[42000] [1226] User 'shop' has exceeded the 'max_user_connections' resource",
        PORT + "FATAL:  sorry, too many clients already",
        PORT + "FATAL:  remaining connection slots are reserved for roles with the SUPERUSER attribute",
        PG + 'FATAL:  too many connections for role "shop"',
        PG + "FATAL:  no more connections allowed (max_client_conn)",
        "RedisException: ERR max number of clients reached",
    ],
    "database_gone": [
        MY + "[2006] MySQL server has gone away",
        "PDOException: SQLSTATE[HY000]: General error: 2006 MySQL server has gone away",
        "PDOException: SQLSTATE[HY000]: General error: 2013 Lost connection to MySQL server during query",
        MYSQLI + "MySQL server has gone away",
        PORT + "server closed the connection unexpectedly\n\tThis probably means",
        "PDOException: SQLSTATE[HY000]: General error: 7 no connection to the server",
        "PDOException: SQLSTATE[57P01]: Admin shutdown: 7 FATAL:  terminating connection due to",
    ],
    "database_starting": [
        PG + "FATAL:  the database system is starting up",
        PORT + "FATAL:  the database system is in recovery mode",
        PORT + "FATAL:  the database system is not yet accepting connections\nDETAIL:  Consistent",
    ],
    "database_tls": [
        PORT + "server does not support SSL, but SSL was required",
        MY
        + "[3159] Connections using insecure transport are prohibited while --require_secure_transport=ON.",
        MYSQLI + "Connections using insecure transport are prohibited while --require_secure_transport=ON.",
    ],
    "certificate_refused": [
        PORT + "SSL error: certificate verify failed",
        PORT + 'server certificate for "db" does not match host name "10.0.0.5"',
        PORT + 'root certificate file "/var/www/.postgresql/root.crt" does not exist',
    ],
    "open_files": [MY + "[2002] Too many open files", "RedisException: Too many open files"],
    "redis_login": [
        "RedisException: ERR AUTH <password> called without any password configured for the default user.",
        "RedisException: ERR Client sent AUTH, but no password is set",
        "RedisException: NOPERM User shop has no permissions to run the 'keys' command",
    ],
    "redis_protected": [
        "RedisException: DENIED Redis is running in protected mode because protected mode is enabled and no"
    ],
    "disk_full": [
        "ErrorException: file_put_contents(): Write of 9 bytes failed with errno=28 No space left on device",
        "ErrorException: file_put_contents(/srv/a/x): Failed to open stream: No space left on device",
        "ErrorException: Warning: session_start(): open(/srv/s/sess_1, 2) failed: No space left on device",
    ],
    "generated": [
        'ReflectionException: Class "Magento\\Framework\\App\\Http\\Interceptor" does not exist',
        "ReflectionException: Class Shop\\Cart\\Model\\Cart\\Interceptor does not exist",
        'Error: Class "Magento\\Framework\\App\\ResourceConnection\\Proxy" not found',
        "RuntimeException: Can't create directory /srv/a/generated/code/Magento/Framework/App/.",
    ],
    "development": [
        'Error: Class "Symfony\\Bundle\\DebugBundle\\DebugBundle" not found',
        "Error: Class 'Laravel\\Telescope\\TelescopeApplicationServiceProvider' not found",
        'ClassNotFoundError: Attempted to load class "Maker" from namespace "Symfony\\Bundle\\MakerBundle"',
    ],
    "database_driver": [
        "Error: Undefined constant PDO::MYSQL_ATTR_INIT_COMMAND",
        "Error: Undefined class constant 'MYSQL_ATTR_INIT_COMMAND'",
    ],
    "application_key": [
        "Illuminate\\Encryption\\MissingAppKeyException: No application encryption key has been specified."
    ],
}
NAMED = {
    CALLED + "str_contains()": ("newer_function", "str_contains"),
    CALLED + "Shop\\Cart\\array_find()": ("newer_function", "array_find"),
    CALLED + "mb_str_pad()": ("newer_function", "mb_str_pad"),
    CALLED + "Shop\\mb_strlen()": ("extension", "mbstring"),
    CALLED + "GuzzleHttp\\curl_init()": ("extension", "curl"),
    CALLED + "json_encode()": ("extension", "json"),
    CALLED + "Shop\\each()": ("removed_function", "each"),
    CALLED + "Shop\\exec()": ("disabled_function", "exec"),
    "OCP\\HintException: [0]: Memcache \\OC\\Memcache\\APCu not available for local cache (Is the": (
        "memcache",
        "APCu",
    ),
    "OC\\HintException: [0]: Memcache OC\\Memcache\\Redis not available for distributed cache (Is the": (
        "memcache",
        "Redis",
    ),
    "ErrorException: is_dir(): open_basedir restriction in effect. File(/srv/x) is not within the": (
        "open_basedir",
        "/srv/x",
    ),
}
CASES = sorted((text, kind) for kind, texts in KINDS.items() for text in texts)
NONE = [
    MY + "[2002] Resource temporarily unavailable",
    MY + "[2013] Lost connection",
    PG + "FATAL:  unsupported frontend protocol",
    MYSQLI + "Duplicate entry 'Permission denied' for key 'a'",
    "ShopException: Permission denied",
    "ShopException: Connection timed out",
    "ShopException: the database system is starting up",
    'Swift_TransportException: Expected response code 250, with message "421 Too many connections',
    PREDIS + "Error while reading line from the server. [tcp://127.0.0.1:6379]",
    "RedisException: read error on connection to 127.0.0.1:6379",
    "ShopException: Redis is running in protected mode",
    "ErrorException: No space left on device",
    CALLED + "array_first()",
    CALLED + "str_contains_all()",
    CALLED + "Shop\\curl()",
    'Error: Class "Shop\\Redis" not found',
    'Error: Class "Shop\\Proxy" not found',
    'Error: Class "Laravel\\Cart" not found',
    "ShopException: Memcache \\OC\\Memcache\\APCu not available for local cache",
    "Error: Undefined constant PDO::SQLITE_DETERMINISTIC",
]


def ended(text: str) -> str:
    return (
        "PHP Fatal error:  Uncaught %s in /srv/a.php:2\nStack trace:\n#0 {main}\n  thrown in /srv/a.php on"
        % text
    )


class TestServices:
    @pytest.mark.parametrize("text,kind", CASES)
    def test_hit_who_refuses_and_why(self, text: str, kind: str) -> None:
        assert fault_of('FastCGI sent in stderr: "PHP message: ' + ended(text)) == {"fault": kind}

    @pytest.mark.parametrize("text,kind", [each for each in CASES if "\n" not in each[0]])
    def test_hit_in_a_log_of_phps_own(self, text: str, kind: str) -> None:
        """It has been redacted, and has the first line."""
        assert fault_of(redact(ended(text).partition("\n")[0])) == {"fault": kind}

    @pytest.mark.parametrize("text", sorted(NAMED))
    def test_hit_what_it_is_about(self, text: str) -> None:
        fault, name = NAMED[text]
        assert fault_of(ended(text)) == {"fault": fault, "name": name}

    @pytest.mark.parametrize("text", NONE)
    def test_near_miss_another_error(self, text: str) -> None:
        assert fault_of(ended(text)) == {}

    @pytest.mark.parametrize("text,kind", CASES)
    def test_decoy_a_visitor_words_the_message(self, text: str, kind: str) -> None:
        for form in ("RuntimeException: no page %s", "RuntimeException: no page\nNext %s", "E: Uncaught %s"):
            if "password authentication failed" in text:  # by these words alone
                continue
            found = fault_of(ended("RuntimeException: no page: " + form % text))
            assert found.get("fault") not in ("service_denied", "redis_protected", kind)

    def test_a_file_that_a_worker_may_not_open(self) -> None:
        """vendor/ is there: composer install would not help."""
        lost = "Failed opening required '/srv/a/vendor/autoload.php' (include_path='.')"
        warning = (
            "PHP Warning:  require(/srv/a/vendor/autoload.php): Failed to open stream: %s in /srv/a.php on"
        )
        many = warning % "Too many open files"
        assert fault_of(many + "; PHP message: PHP Fatal error:  Uncaught Error: " + lost) == {
            "fault": "open_files"
        }
        gone = warning % "No such file or directory"
        assert fault_of(gone + "; PHP message: PHP Fatal error:  " + lost) == {"fault": "vendor"}
