# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What strangers read holds no secret that people or programs wrote in their own way."""

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.bundle.strict import strict


class TestHidden:
    @pytest.mark.parametrize(
        "text",
        [
            "<db:password>s3cret</db:password>",
            "the DB password is s3cret",
            "using password s3cret for db",
            "mot de passe: s3cret",
            "api key: s3cret",
            "PIN: s3cret",
            "passphrase 's3cret dog'",
            "otp s3cret sent",
            "credentials admin/s3cret",
            "password is no-s3cret",
            "token for on#s3cret",
            "mot de passe from.s3cret!",
            "login admin:s3cret failed",
            "sig=s3cret",
            "oauth_verifier=s3cret",
            "wordpress_logged_in_5c016e8f=admin|16|s3cret",
            "remember_web_59ba36=s3cret",
            "AccountKey=s3cret==;EndpointSuffix=x",
            "redis-cli -h cache -a s3cret",
            "smtp auth plain s3cretAAbase64=",
            "PDO::__construct(): (mysql:host=db, shop, s3cret)",
            "mysqli_connect('db','shop','s3cret')",
            "https://discord.com/api/webhooks/1234/s3cret",
            "https://hooks.slack.com/services/T0/B0/s3cret",
            "sk-proj-s3cretabcdefgh",
            "token hvs.s3cretabc",
            'request: "GET /reset/s3cret HTTP/1.1"',
            'request: "POST /users/invitation/s3cret/accept HTTP/1.1"',
            'referrer: "https://shop.example/reset-password/s3cret"',
            "No route found for GET /reset/s3cretabc",
            '{"request_uri":"/invitation/s3cretabc"}',
            "https://api.telegram.org/bot123456789:s3cretABC-DEF1234ghIkl_zyx57W2v1u123/sendMessage",
            "db.example:5432:shop:bob:s3cret",
            "GOCSPX-s3cretabcd",
            "new PDO('mysql:host=db', 'bob', 's3cret')",
            "Access denied for user 'bob'@'h' using 's3cret'",
            "login failed: bob:s3cret",
            "login: bob / s3cret",
            "wordpress_sec_abc=s3cret",
        ],
    )
    def test_it_is_taken_out(self, text: str) -> None:
        assert "s3cret" not in strict(text)

    @pytest.mark.parametrize(
        "text", ["card 4111 1111 1111 1111", "card 4111-1111-1111-1111", "DE89370400440532013000"]
    )
    def test_numbers_of_accounts_are_taken_out(self, text: str) -> None:
        assert "1111" not in strict(text + " ") and "3704" not in strict(text + " ")


class TestKept:
    @pytest.mark.parametrize(
        "text",
        [
            "php8.2-fpm.service: Main process exited, code=exited, status=78/CONFIG",
            'password authentication failed for user "shop"',
            "connect() to unix:/run/php/php8.2-fpm.sock failed (2: No such file or directory)",
            "connect() failed (111: Connection refused) while connecting to upstream, client: 127.0.0.1",
            'request: "GET /index.php HTTP/1.1", upstream: "fastcgi://unix:/run/php/php8.2-fpm.sock:"',
            'request: "GET /auth/login.php HTTP/1.1"',
            "fastcgi_pass unix:/run/php/shop.sock",
            "/srv/auth/releases/20260101120000/public/index.php",
            "[pool www] server reached pm.max_children setting (5), consider raising it",
            "oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),task=php-fpm8.2,pid=4711,uid=33",
            'PHP Parse error: syntax error, unexpected token ";" in /srv/a.php on line 3',
            "unable to bind listening socket for address '/run/php/php8.2-fpm.sock': Permission denied (13)",
            'avc:  denied  { connectto } for  pid=1 comm="nginx" scontext=system_u:system_r:httpd_t:s0',
            "upstream timed out (110: Connection timed out) while reading response header from upstream",
            "1795388563.0 2026/11/26 23:47:01 [crit] 209#209: *5",
        ],
    )
    def test_what_decides_stays(self, text: str) -> None:
        assert strict(text) == text

    @pytest.mark.parametrize(
        "piece",
        [
            "password: ",
            "passwor",
            "4",
            "DE89 ",
            "a:1:",
            "%25",
            "password ",
            "sig=",
            "a(",
            "'",
            "https://",
            "4111 ",
            "<password>",
            "_",
            "token is ",
            "<a b",
            "//a:",
            'name="',
            "A_",
            "echo a",
            "docker ",
            'a0="mysql"',
            "used a",
            "seed words a ",
            "sha1$",
        ],
    )
    def test_it_ends_soon_on_any_text(self, piece: str) -> None:
        """No more than some milliseconds; a quadratic rule would take minutes."""
        assert strict(piece * (64000 // len(piece)))
