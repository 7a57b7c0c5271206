# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Of nginx's configuration only what is known to be harmless is shown, by the directive and the block that a
word stands in.
"""

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.edit.shown_nginx import shown, shows


def within(line: str, head: str = "server {\n", tail: str = "\n}\n") -> str:
    """The line as it is shown inside of a block."""
    text = head + line + tail
    return shown(text, [(len(head), len(head) + len(line) + 1)])[0][:-1]


class TestLine:
    @pytest.mark.parametrize(
        "line, expected",
        [
            ("fastcgi_param DB_PASSWORD s3cret;", "fastcgi_param DB_PASSWORD [redacted];"),
            ("fastcgi_param\tdb-password\t's3cret';", "fastcgi_param\tdb-password\t[redacted];"),
            (
                'fastcgi_param DSN "mysql://u:s3cret@h/d" if_not_empty;',
                "fastcgi_param DSN [redacted] if_not_empty;",
            ),
            ('fastcgi_param PHP_VALUE "mysqli.default_pw=s3cret";', "fastcgi_param PHP_VALUE [redacted];"),
            ("fastcgi_param SCRIPT_FILENAME s3cret;", "fastcgi_param SCRIPT_FILENAME [redacted];"),
            ("fastcgi_param 's3cret s3cret' $x;", "fastcgi_param [redacted] $x;"),
            ("set $api_key s3cret;", "set $api_key [redacted];"),
            ('set $a "$b s3cret";', "set $a [redacted];"),
            ("proxy_set_header X-Api-Key s3cret;", "proxy_set_header X-Api-Key [redacted];"),
            ('proxy_set_header Authorization "Bearer s3cret";', "proxy_set_header Authorization [redacted];"),
            ('add_header Set-Cookie "a=s3cret" always;', "add_header Set-Cookie [redacted] always;"),
            ("auth_basic_user_file /etc/s3cret;", "auth_basic_user_file [redacted];"),
            ('auth_basic "s3cret";', "auth_basic [redacted];"),
            ("ssl_password_file /s3cret;", "ssl_password_file [redacted];"),
            ('secure_link_md5 "$uri s3cret";', "secure_link_md5 [redacted];"),
            ("unheard_of 1 s3cret;", "unheard_of [redacted];"),
            ("unheard_of $s3cret;", "unheard_of [redacted];"),
            ("return 301 https://u:s3cret@h/?k=s3cret;", "return 301 [redacted];"),
            ('return 200 "s3cret";', "return 200 [redacted];"),
            ("rewrite ^/a /b?token=s3cret last;", "rewrite [redacted] last;"),
            ('if ($http_x = "s3cret") { return 403; }', "if ($http_x = [redacted]) { return 403; }"),
            ("proxy_pass http://u:s3cret@backend/;", "proxy_pass [redacted];"),
            ("proxy_pass http://backend/?key=s3cret;", "proxy_pass [redacted];"),
            ("log_format x 's3cret $uri';", "log_format x [redacted];"),
            ("try_files $uri /i.php?token=s3cret;", "try_files $uri [redacted];"),
            ("set $a 1; set $b s3cret; # s3cret", "set $a [redacted]; set $b [redacted]; # [redacted]"),
            ("# the password is s3cret", "# [redacted]"),
            ("#fastcgi_param DB s3cret;", "#fastcgi_param [redacted];"),
            ("# root s3cret;", "# root [redacted];"),
            ("# root of it all, s3cret;", "# root [redacted];"),
            ("# pass s3cret;", "# [redacted]"),
            ("listen 80; # listen 81; # root /s3cret;", None),
            ("fastcgi_read_timeout s3cret;", "fastcgi_read_timeout [redacted];"),
            ("types { s3cret s3cret; }", "types { [redacted]; }"),
            ("unheard_of { listen s3cret; }", "unheard_of { [redacted]; }"),
            ("content_by_lua_block { listen = 's3cret' }", "content_by_lua_block { [redacted] }"),
            ('"se\x1bt" s3cret;', "[redacted];"),
            ("error_log syslog:server=1.2.3.4,tag=x?token=s3cret;", "error_log [redacted];"),
        ],
    )
    def test_what_may_be_secret_is_hidden(self, line: str, expected: str) -> None:
        if expected is None:
            assert "s3cret" not in within(line)
        else:
            assert within(line) == expected

    @pytest.mark.parametrize(
        "line",
        [
            "",
            "listen 80 default_server; server_name shop.example ~^www\\d+\\.example$;",
            "root /var/www/shop;",
            "index index.php index.html;",
            "location ~ ^/hook-token/(?<a>.+)\\.php$ { fastcgi_pass unix:/run/php/php8.2-fpm.sock; }",
            "try_files $uri $uri/ /index.php?$query_string =404;",
            "fastcgi_param SCRIPT_FILENAME $document_root$fastcgi_script_name;",
            "fastcgi_param HTTPS on if_not_empty;",
            "fastcgi_param X $http_x;",
            "fastcgi_read_timeout 1m30s;",
            "fastcgi_buffers 16 16k;",
            "client_max_body_size 64m;",
            "include snippets/fastcgi-php.conf;",
            "set $backend unix:/run/php/a.sock;",
            "set $a $b$c;",
            "proxy_set_header Host $host;",
            "return 301 https://$host$request_uri;",
            "return 444;",
            "auth_basic off;",
            "error_page 404 /404.html;",
            "error_log /var/log/nginx/shop.log warn;",
            "#fastcgi_pass 127.0.0.1:9000;",
            "#location ~ \\.php$ {",
            "#}",
            "##########",
            "# listen 8080;",
            "fastcgi_split_path_info ^(.+\\.php)(/.+)$;",
            "unheard_of on;",
            "if ($request_method) { return 403; }",
        ],
    )
    def test_what_is_known_to_be_harmless_stays(self, line: str) -> None:
        assert within(line) == line

    def test_the_servers_of_an_upstream_stay(self) -> None:
        assert (
            within(
                "server 10.0.0.7:9000 weight=2 max_fails=3; server unix:/run/x.sock backup;",
                "upstream php {\n",
            )
            == "server 10.0.0.7:9000 weight=2 max_fails=3; server unix:/run/x.sock backup;"
        )

    @pytest.mark.parametrize(
        "block",
        ["map $http_x $y", "geo $y", "split_clients $uri $y", "types", "some_module_block", "match x"],
    )
    @pytest.mark.parametrize(
        "line",
        [
            "s3cret 1;",
            '"s3cret" listen;',
            "listen s3cret;",
            "~^s3cret 1;",
            "default s3cret;",
            "server_name s3cret;",
        ],
    )
    def test_lines_of_data_are_hidden_where_their_head_is_not_shown(self, block: str, line: str) -> None:
        assert "s3cret" not in within(line, "http {\n%s {\n    a b;\n" % block, "\n}\n}\n")


class TestPart:
    @pytest.mark.parametrize(
        "head, line, tail",
        [
            ('server {\nadd_header X "a\n', "listen s3cret;", '\n";\n}\n'),
            ("server {\nset $a 'x\n", "# listen 80; s3cret", "\n';\n}\n"),
            ("server {\ncontent_by_lua_block {\n", "# listen 81; s3cret", "\n}\n}\n"),
            ("server {\ncontent_by_lua_block {\n--[[\n", "} listen s3cret;", "\n]]\n}\n}\n"),
            ("server {\nfastcgi_param K\n", "s3cret;", "\n}\n"),
            ("server {\nfastcgi_param\n# x\n", "K s3cret", "\n;\n}\n"),
        ],
    )
    def test_it_may_begin_in_a_value(self, head: str, line: str, tail: str) -> None:
        assert "s3cret" not in within(line, head, tail)

    @pytest.mark.parametrize("fault", ["}", '"', "server {", "a b", "x 'y'z;", "content_by_lua_block {"])
    def test_where_nginx_cannot_read_it_only_names_stay(self, fault: str) -> None:
        text = (
            "server {\n    fastcgi_pass s3cret;\n    s3cret;\n  # s3cret\n    listen 80; root s3cret;\n}\n"
            + fault
        )
        hidden = shown(text, [(0, len(text))])[0]
        assert (
            "s3cret" not in hidden
            and "    fastcgi_pass [redacted]\n" in hidden
            and hidden.count("\n") == text.count("\n")
        )

    def test_each_is_shown_by_itself(self) -> None:
        text = "".join("server {\n    set $a%d s3cret;\n}\n" % number for number in range(50))
        starts = [text.index("    set $a%d " % number) for number in (3, 30)]
        assert shown(text, [(start, text.index("\n", start) + 1) for start in starts]) == [
            "    set $a3 [redacted];\n",
            "    set $a30 [redacted];\n",
        ]

    def test_blocks_may_be_nested_deeply(self) -> None:
        text = "location / {\n" * 90 + "set $a s3cret;\n" + "}\n" * 90
        hidden = shown(text, [(0, len(text))])[0]
        assert hidden.count("location / {\n") == 90 and "s3cret" not in hidden

    def test_many_comments_may_stand_in_a_comment(self) -> None:
        text = "#listen 1.1.1.1:80;" * 200 + "\n"
        assert shown(text, [(0, len(text))])[0].startswith("#listen 1.1.1.1:80;[redacted]")


class TestArguments:
    def test_of_a_directive_by_themselves(self) -> None:
        assert shows("fastcgi_param", ["DB_PASSWORD", "s3cret"]) == [True, False]
        assert (
            shows("fastcgi_pass", ["unix:/run/x.sock"]) == [True]
            and shows("unheard_of", ["s3cret"]) == [False]
            and shows("fastcgi_param", []) == []
        )
