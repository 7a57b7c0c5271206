# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Secrets that must not leave a host, and evidence that must stay."""

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.redact import clean, redact

SPELLINGS = [
    's:8:"password";s:6:"s3cret";',
    's:3:"pin_code_token";i:1;s:5:"token";s:6:"s3cret";',
    '["password"]=> string(6) "s3cret"',
    '["password":"App\\Db":private]=> string(6) "s3cret"',
    "[password:protected] => s3cret",
    "[password:s3cret-protected]",
    "[password:App\\Db:private] => s3cret",
    '"auth":["bob","s3cret"]',
    "credentials: {user: bob, key: s3cret}",
    "eyJhbGciOiJIUzI1NiJ9%2Es3cret%2Eabcdefgh",
    "next%3DeyJhbGciOiJIUzs3cret",
    "fastcgi_param DB_PASSWORD s3cret;",
    "set $api_key s3cret;",
    "proxy_set_header X-Api-Key s3cret;",
    'proxy_set_header Authorization "Bearer s3cret"',
    "auth_basic_user_file /etc/s3cret",
    'fastcgi_param DSN "mysql://u:s3cret@h/d"',
    "env[STRIPE_SK] = s3cret",
    "php_value[mysqli.default_pw] = s3cret",
    "php_value[mysqli.default_pw]\t=\ts3cret",
    "env [ X ]=s3cret",
    "db_password s3cret",
    "Db-Password: s3cret",
    'dbPassword="s3cret"',
    "DBPASSWORD=s3cret cmd",
    "DB_PASS='s3cret x' cmd",
    "mysqli.default_pw=s3cret",
    '{"password":"s3cret"}',
    '{"password": "a\\"s3cret"}',
    '{\\"password\\":\\"s3cret\\"}',
    "{'api-key': 's3cret'}",
    '{"clientSecret":"s3cret"}',
    '{"token" : "s3cret"}',
    "mysql://u:s3cret@h/d",
    "redis://:s3cret@h",
    "amqp://u:s3cret@h",
    "mongodb+srv://u:s3cret/x@h",
    "https://s3cret@github.com/x",
    "u:s3cret@tcp(db:3306)/x",
    "mysql -u root -p's3cret' db",
    "mysqldump -ps3cret db",
    'mysql -u root -p"s3cret x" db',
    "sshpass -p s3cret ssh h",
    "curl -u me:s3cret http://h",
    "tool --password s3cret",
    "tool --api-key=s3cret",
    "redis-cli --pass s3cret",
    "Set-Cookie: a=s3cret; Path=/",
    "set-cookie: s3cret",
    "Authorization: Digest s3cret, x",
    "X-Auth-Token: s3cret",
    "x-amz-security-token: s3cret",
    "GET /x?a=1&s3cret HTTP/1.1",
    "Location: https://h/p?s3cret=1",
    "-----BEGIN RSA PRIVATE KEY----- s3cret",
    "PDO->__construct('a(b', 's3cret') #1",
    "#3 /a.php(3): connect(Object(X), 's3cret')",
    'unknown directive "s3cret"',
    'invalid parameter "s3cret" in /etc',
    'too long parameter "s3cret..." started',
    'invalid condition "s3cret"',
    "sess_s3cret1234567890",
    "STRIPE_SK=s3cret",
    "stripe.sk: s3cret",
    "APP_KEY=base64:s3cret",
    "PGPASSWORD=s3cret psql",
    '$dsn = "s3cret"',
    "DATABASE_DSN s3cret",
    '"secret" => "s3cret"',
    "password, 's3cret'",
    "X-API-KEY\ts3cret",
    '["password"]=>s3cret',
    "--header 'X-Api-Key: s3cret'",
    "passwort: s3cret",
    "csrf_token=s3cret",
    "jwt=s3cret",
    "map $http_x s3cret",
    'set\t$pw\t"s3cret"',
    'add_header X-K "s3cret";',
    "SetEnv DB_PASS s3cret",
    "export TOKEN=s3cret",
    "IDENTIFIED BY 's3cret'",
    'secure_link_md5 "$x s3cret"',
]
TELLING = [
    "fastcgi_pass unix:/run/php/x.sock",
    "proxy_pass http://backend",
    "pm.max_children = 5",
    "listen = /run/php/www.sock",
    'unknown directive "lissen" in /etc/x:3',
    'open() "/var/lib/nginx/tokens/x" failed (13: Permission denied)',
    "session_start(): Failed to read session data: files (path: /var/lib/php/sessions)",
    "user@1000.service: Main process exited",
    (
        'client: 127.0.0.1, server: shop.example, request: "GET /index.php HTTP/1.1", upstream: '
        '"fastcgi://unix:/run/php/x.sock:", host: "shop.example"'
    ),
    'host not found in upstream "db.internal:9000" in /etc/nginx/x:5',
    "/etc/php/8.2/fpm/pool.d/www.conf",
    "php-fpm: master process (/etc/php/8.2/fpm/php-fpm.conf)",
    "/usr/sbin/php-fpm8.2 --nodaemonize --fpm-config /etc/php/8.2/fpm/php-fpm.conf -p /srv",
    "php-fpm8.2.service is inactive (dead), result success, enabled",
    "author: bob",
    "compass",
    (
        "2026/11/22 22:48:15 [error] 105#105: *63 upstream timed out (110: Connection timed out) while "
        "reading "
        "response header from upstream"
    ),
    "unable to bind listening socket for address '127.0.0.1:9000': Address already in use (98)",
    "[pool www] server reached pm.max_children setting (5), consider raising it",
    'unexpected ";" in /etc/nginx',
    "cannot get uid for user 'ghost'",
    "[::1]:9000",
    "unix:/run/php/php8.2-fpm.sock is held by pid 3",
    "Uncaught PDOException: SQLSTATE[HY000] [2002] Connection refused in /srv/db.php:12",
    "/sys/fs/cgroup/system.slice/php8.2-fpm.service/memory.max",
    (
        'AVC apparmor="DENIED" operation="connect" profile="nginx" name="/run/php/x.sock" pid=3 comm="nginx" '
        'requested_mask="wr"'
    ),
    "http://unix:/run/x.sock:/status",
    "http://[::1]:80/x",
    "/srv/shop/public/index.php:12",
    "fastcgi_read_timeout 60s",
    "listen.acl_users = www-data",
    "key 1: y",
    "user 'root'@'localhost'",
]

# What went wrong, behind a word that a secret may follow.
FAULTS = [
    "php8.2-fpm.service: Failed to determine user credentials: No such process",
    "Failed to determine group credentials: No such process",
    "php8.2-fpm.service: Failed to set up credentials: Protocol error",
    "Failed to load credentials: Permission denied",
    "Failed to set user credentials: Operation not permitted, ignoring",
    "Failed to get credentials: Operation not supported",
    "Failed to acquire credentials: Cannot allocate memory",
    "Failed to add credential: Invalid argument",
    "Failed to decrypt credential: Bad message",
    "Failed to read token: Input/output error",
    "credential: No such file or directory",
    "unable to read session: No space left on device",
    "auth: Connection refused",
    "ERROR 1045 (28000): Access denied for user 'root'@'localhost' (using password: YES)",
    "mysqli_connect(): (HY000/1045): Access denied for user 'x'@'y' (using password: NO) in /srv/a.php",
    'FATAL:  password authentication failed for user "shop"',
    "SQLSTATE[08006] [7] fe_sendauth: no password supplied",
    "ERR AUTH <password> called without any password configured for the default user.",
    "NOAUTH Authentication required.",
    "WRONGPASS invalid username-password pair or user is disabled.",
    'PHP Warning:  Undefined array key "password" in /srv/login.php on line 9',
    "PHP Warning:  Undefined variable $password in /srv/login.php on line 9",
    'PHP Parse error:  syntax error, unexpected token ";" in /srv/x.php on line 3',
    'user "bob": password mismatch, client: 192.0.2.7',
    "no user/password was provided for basic authentication, client: 192.0.2.7",
    'cannot load certificate key "/etc/ssl/x.key": PEM_read_bio_PrivateKey() failed (SSL: error:0480006C)',
    'cannot load certificate key "/etc/ssl/x.key": BIO_new_file() failed (SSL: error:02001002)',
    "pam_unix(su:auth): authentication failure; logname= uid=33",
    "Failed at step USER spawning /usr/sbin/php-fpm: No such process",
]
# They begin as such a fault does, and are none.
NO_FAULTS = [
    *("password: s3cret", "password: no-s3cret", "password: Nos3cret"),
    *("password: permission-s3cret", "credentials: bad-s3cret", "secret: invalid_s3cret"),
    *("password: yess3cret)", "(password: NO-s3cret)", "(using password: s3cret)"),
    *("$password ins3cret", "my-password pairs3cret", "token: PEM_s3cret", "key-secret: ssl_s3cret()"),
    *("authorization is basic authentications3cret", "basic authentication/s3cret,"),
    *('credentials: "No such process s3cret"', "credentials=No-such-process-s3cret"),
]


class TestSecrets:
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
    def test_secrets_go(self, text: str) -> None:
        assert "s3cret" not in redact(text) and "[redacted]" in redact(text)

    @pytest.mark.parametrize("text", SPELLINGS)
    def test_secret_goes_in_whatever_spelling(self, text: str) -> None:
        assert "s3cret" not in redact(text) and "[redacted]" in redact(text)

    @pytest.mark.parametrize(
        "text",
        [
            "AKIAIOSFODNN7EXAMPLE",
            "sk_live_4eC39HqLyjWDarjtT1",
            "rk_test_51Hq8",
            "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
            "glpat-x1y2z3",
            "xoxb-17653-9c0",
            "AIzaSyD-9tSrke72PouQMnMX-a7eZSW0jkFMBWY",
            "$2y$10$abcdefghijklmnopqrstuv",
            "$6$salt$hash",
            "SG.ngeVfQFYQlKU0ufo8x5d1A.TwL2iGABf9DHoTf",
            "eyJhbGciOiJIUzI1NiJ9.eyJzdWIi.sflKxw",
            "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj",
            "0123456789abcdef0123456789abcdef=",
        ],
    )
    def test_key_is_known_by_its_shape(self, text: str) -> None:
        assert redact("before %s after" % text) == "before [redacted] after"

    def test_secret_that_the_limit_cuts_in_two_is_not_shown(self) -> None:
        text = "cookie=%s, " % ("x" * 100) * 19 + "y" * (2040 - 19 * 109) + " mysql://user:s3cret@host/db"
        assert "s3c" not in redact(text)

    def test_plain_data_is_redacted_to_the_last_text(self) -> None:
        data = {
            "a": ["password=s3cret", {"b": ("token: s3cret", 1, None, True, 2.5)}],
            "unix:/run/x.sock": "plain",
        }
        assert clean(data) == {
            "a": ["password=[redacted]", {"b": ["token: [redacted]", 1, None, True, 2.5]}],
            "unix:/run/x.sock": "plain",
        }


class TestEvidence:
    @pytest.mark.parametrize(
        "text",
        [
            (
                "connect() to unix:/run/php/php8.2-fpm.sock failed (2: No such file or directory) while "
                "connecting "
                "to upstream"
            ),
            "[pool www] child 2140 exited on signal 11 (SIGSEGV) after 3.118402 seconds from start",
            "Memory cgroup out of memory: Killed process 7765 (php-fpm8.2) total-vm:472236kB",
            "task_memcg=/libpod_parent/libpod-b97a02c22b0adb1460085e924c875bf2439167c28ec4fcd67e8026376c962959,task=php-fpm8.2",
            "PHP Fatal error:  Uncaught Exception: boom? really in /srv/shop/a.php:1",
            "unable to bind listening socket for address '127.0.0.1:9000': Address already in use (98)",
        ],
    )
    def test_evidence_stays(self, text: str) -> None:
        assert redact(text) == text

    @pytest.mark.parametrize("text", SPELLINGS + [text.replace("s3cret", "[redacted]") for text in SPELLINGS])
    def test_what_was_redacted_stays_as_it_is(self, text: str) -> None:
        assert redact(redact(text)) == redact(text)

    @pytest.mark.parametrize("text", TELLING)
    def test_what_tells_a_cause_stays(self, text: str) -> None:
        assert redact(text) == text

    @pytest.mark.parametrize("text", FAULTS)
    def test_hit_a_fault_behind_such_a_word_stays(self, text: str) -> None:
        assert redact(text) == text

    @pytest.mark.parametrize("text", NO_FAULTS)
    def test_near_miss_a_secret_begins_like_a_fault(self, text: str) -> None:
        assert "s3cret" not in redact(text)

    def test_decoy_a_name_and_the_answer_of_nobody_we_know(self) -> None:
        for text in ("(password: YES)", "password: Permission", "Invalid token: hunter2", "password: no"):
            assert "[redacted]" in redact(text)

    def test_near_miss_host_that_is_called_like_a_secret(self) -> None:
        assert clean(["auth:9000", "session.internal:9000", "auth: 9000"]) == [
            "auth:9000",
            "session.internal:9000",
            "auth: [redacted]",
        ]


class TestShape:
    def test_text_is_a_line_of_at_most_500_printable_characters(self) -> None:
        text = redact("a\nb\x1b[31m\x85" + "x y " * 500)
        assert text.startswith("a b?[31m?") and len(text) == 500 and text.endswith("...")

    def test_hostile_text_costs_little_time(self) -> None:
        for text in (
            "?" * 5000,
            "password" * 700,
            "a-" * 3000,
            "env[" * 1500,
            "#1 " * 2000,
            "://:" * 1500,
            "cookie:" * 900,
        ):
            assert len(redact(text)) <= 500
