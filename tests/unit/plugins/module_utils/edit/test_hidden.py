# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The secrets of a configuration are known by value, and taken out of whatever repeats them."""

from typing import Iterable, Set

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.edit import hidden
from ansible_collections.webmedic.php_fpm.plugins.module_utils.edit.hidden import Scrubber, secrets_of

NGINX = """
env CLOUD_TOKEN=Cloud-s3cret;
http {
    map $http_x_token $known { default 0; "tok-Zq81abXX9" 1; }
    server {
        location ~ \\.php$ {
            fastcgi_param DB_PASSWORD 'pa ss s3cret';
            fastcgi_param REDIS redis://:redis-s3cret@cache/0;
            fastcgi_param APP_ENV production;
            fastcgi_param SCRIPT_FILENAME $document_root$fastcgi_script_name;  # key Abc12345Zq99
        }
    }
}
"""


def found(named: Iterable[hidden.Named]) -> Set[str]:
    return Scrubber(named, []).known


class TestFiles:
    @pytest.mark.parametrize(
        "word", ["Cloud-s3cret", "tok-Zq81abXX9", "pa ss s3cret", "redis-s3cret", "Abc12345Zq99"]
    )
    def test_those_of_nginx_are_known(self, word: str) -> None:
        assert word in found(hidden.of_nginx(NGINX))

    def test_near_miss_what_only_names_a_thing(self) -> None:
        assert not {"production", "APP_ENV", "default"} & found(hidden.of_nginx(NGINX))

    def test_those_behind_a_fault_are_known(self) -> None:
        assert "s3cretZq99a" in found(hidden.of_nginx("http { x 'y; \n set $api_key s3cretZq99a;\n"))

    def test_those_of_a_pool_are_known(self) -> None:
        text = "[www]\nenv[API_TOKEN] = tok-s3cret\nphp_value[x.dsn] = 'a:b-s3cret'\npm.max_children = 5\n"
        assert {"tok-s3cret", "a:b-s3cret"} <= found(hidden.of_fpm(text))

    def test_those_of_php_ini_are_known(self) -> None:
        assert "my-s3cret" in found(hidden.of_ini("mysqli.default_pw = my-s3cret\nmemory_limit = 128M"))

    def test_those_of_a_unit_are_known(self) -> None:
        text = "Environment=\"A_TOKEN=two s3crets\" B_KEY='x-s3cret'\nExecStart=/x -d a.password=arg-s3cret\n"
        assert {"two s3crets", "x-s3cret", "arg-s3cret"} <= found(hidden.of_unit(text))

    def test_those_of_an_environment_are_known(self) -> None:
        assert {"one-s3cret", "two s3cret"} <= found(
            hidden.of_variables("A_KEY=one-s3cret\0B_PW='two s3cret'\n")
        )


class TestProse:
    def test_what_people_wrote_in_comments_is_known(self) -> None:
        assert "Correct-Horse" in found(hidden.of_fpm("; the password is Correct-Horse, since May\n"))
        assert "hunter22x" in found(hidden.of_ini("; old password: hunter22x\n"))
        assert "hunter22x" in found(hidden.of_unit("Description=shop, password hunter22x\n"))
        assert "hunter22x" in found(hidden.of_nginx("# token (hunter22x)\nuser www-data;\n"))

    def test_near_miss_plain_words_stay(self) -> None:
        assert not found(
            hidden.of_fpm("; the number of children is limited to the value of pm.max_children\n")
        )


class TestWorth:
    @pytest.mark.parametrize(
        "value",
        ["/var/lib/php/sessions", "files", "$token", "1440", "Strict", "on", "utf8mb4", "10.0.0.1:6379"],
    )
    def test_a_plain_value_of_a_secret_name_stays(self, value: str) -> None:
        assert not found([("session.cookie", value)])

    def test_a_word_that_is_shown_elsewhere_stays(self) -> None:
        scrubber = Scrubber([("PASSWORD", "shop.example")], ["server_name shop.example;"])
        assert scrubber.text("shop.example") == "shop.example"

    def test_a_pair_in_a_value_is_known_by_its_name(self) -> None:
        assert "hunter2" in list(secrets_of("X", "mysql:host=db;user=app;password=hunter2"))


class TestScrubber:
    def test_it_is_taken_out_wherever_it_stands(self) -> None:
        scrubber = Scrubber([("PASSWORD", "a+b s3cret")], [])
        text = "denied for a+b s3cret and /x/a%2Bb%20s3cret"
        assert scrubber.text(text) == "denied for [redacted:1] and /x/[redacted:1]"

    def test_keys_and_values_change_alike(self) -> None:
        data = {"unix:/s3cret-1": [{"x": "at unix:/s3cret-1", "n": 1}], "none": None}
        expected = {"unix:/[redacted:1]": [{"x": "at unix:/[redacted:1]", "n": 1}], "none": None}
        assert Scrubber([("KEY", "s3cret-1")], []).data(data) == expected

    def test_secrets_that_differ_stay_different(self) -> None:
        scrubber = Scrubber([("KEY", "s3cret-1"), ("KEY", "s3cret-2")], [])
        assert (
            scrubber.text("/run/s3cret-2 and s3cret-1, s3cret-2")
            == "/run/[redacted:1] and [redacted:2], [redacted:1]"
        )

    @pytest.mark.parametrize(
        "word",
        ["Ab3dE5fG7h", "reset0a1b2c3d4e", "9f8e7d6c5b4a3f2e", "k7Jq2mX9pL4w", "T0k3nT0k3n", "AbQcXdEfGhIjKl"],
    )
    def test_a_word_that_looks_like_a_token_is_taken_out(self, word: str) -> None:
        text = 'request: "GET /reset/%s HTTP/1.1", host: "shop.example"' % word
        assert (
            Scrubber([], []).text(text) == 'request: "GET /reset/[redacted:1] HTTP/1.1", host: "shop.example"'
        )

    @pytest.mark.parametrize(
        "text",
        [
            "connect() to unix:/run/php/php8.2-fpm.sock failed (2: No such file or directory)",
            "/srv/shop/releases/20260101120000/public/index.php",
            "oom-kill:constraint=CONSTRAINT_MEMCG,task=php-fpm8.2,pid=4711,uid=33",
            "anon-rss:123456kB, file-rss:0kB, 6.1.0-28-cloud-amd64, 1.22.1-9+deb12u11, x86_64, ubuntu2204lts",
            "segfault at 18 ip 000055d0f2c41a10 sp 00007ffd3c1f2a90 in imagick.so[7f2b1c0a0000+52000]",
            "UnitFileState ExecMainStatus AnonHugePages FilePmdMapped",
            "2026-11-26T23:47:01Z 26-Nov-2026 23:47:00",
            "PHP Fatal error: Uncaught AbstractControllerTestCase PDOException HttpKernelInterface",
            "CONSTRAINT_MEMCG SIGTERM WordPress openssl_pkey_get_private ngx_http_upstream_process_header",
            "ECDHE-ECDSA-AES128-GCM-SHA256 utf8mb4 ip-10-0-3-17.eu-central-1.compute.internal",
        ],
    )
    def test_near_miss_what_a_diagnosis_needs_stays(self, text: str) -> None:
        assert Scrubber([], []).text(text) == text

    def test_the_rest_of_a_secret_that_was_cut_goes_as_well(self) -> None:
        text = "x " * 100 + "the s3cr..."
        assert Scrubber([("KEY", "s3cret-1")], []).text(text) == "x " * 100 + "the ..."

    def test_the_rest_of_a_line_that_was_cut_has_none(self) -> None:
        scrubber = Scrubber([("DB_PASSWORD", "pa-s3cret-word")], [])
        for head in ('child 9 said into stderr: "', 'sent in stderr: "PHP message: '):
            left = scrubber.text(head + "s3cret-word' in /srv/a.php")
            assert "s3cret" not in left and left.endswith("' in /srv/a.php")
        assert "s3cr" not in scrubber.text('child 9 said into stderr: "' + "a b " * 60 + "x=pa-s3cr")

    def test_near_miss_a_word_that_only_begins_alike_stays(self) -> None:
        scrubber = Scrubber([("DB_PASSWORD", "pa-s3cret-word")], [])
        for text in ('child 9 said into stderr: "words of s3cret"', "/srv/pa-s3cr", "sent in stderr: word"):
            assert scrubber.text(text) == text

    def test_near_miss_a_short_text_that_ends_with_dots_stays(self) -> None:
        assert Scrubber([], []).text("Starting php8.2-fpm.service...") == "Starting php8.2-fpm.service..."

    def test_other_spellings_are_known(self) -> None:
        scrubber = Scrubber([("KEY", 'p\u00e4/"s3')], [])
        for spelling in ("p\\xC3\\xA4/\\x22s3", "p%C3%A4%2F%22s3", 'p\u00e4/\\"s3', 'p\u00e4\\/"s3'):
            assert scrubber.text("is %s here" % spelling) == "is [redacted:1] here", spelling

    def test_without_secrets_nothing_changes(self) -> None:
        assert Scrubber([], []).text("whatever it is") == "whatever it is"
