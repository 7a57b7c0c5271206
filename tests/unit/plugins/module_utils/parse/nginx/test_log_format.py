# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lines by any log_format, also those that a visitor helped to write. nginx's own writing is made again here
from ngx_http_log_module.c, so a line is told back what went into it.
"""

import random
import re
from typing import Any, Dict, List, Optional

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.nginx.log_format import (
    LineFormat,
    last_of,
    tokens,
)
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.nginx.site_logs import COMBINED

JSON = (
    '{"time":"$time_iso8601","host":"$host","request":"$request","status":$status,'
    '"upstream":"$upstream_addr","upstream_status":"$upstream_status","took":"$request_time",'
    '"waited":"$upstream_response_time","agent":"$http_user_agent"}'
)
TIMED = (
    '$remote_addr - $remote_user [$time_local] $host "$request" $status $body_bytes_sent '
    '"$http_user_agent" rt=$request_time ua="$upstream_addr" us="$upstream_status" '
    'ut="$upstream_response_time" uh="$upstream_header_time"'
)
FORMATS = {"combined": (COMBINED, "default"), "json": (JSON, "json"), "timed": (TIMED, "default")}
VALUES = {
    "remote_addr": "203.0.113.9",
    "remote_user": "-",
    "time_local": "02/Apr/2026:14:23:17 +0000",
    "time_iso8601": "2026-04-02T14:23:17+00:00",
    "msec": "1775139797.123",
    "request": "GET /cart?token=s3cret HTTP/1.1",
    "request_uri": "/cart",
    "status": "502",
    "body_bytes_sent": "150",
    "http_referer": "-",
    "http_user_agent": "curl/8",
    "host": "shop.example",
    "request_time": "0.003",
    "upstream_addr": "unix:/run/php/a.sock",
    "upstream_status": "502",
    "upstream_response_time": "0.002",
    "upstream_header_time": "-",
}


def escaped(value: str, escape: str) -> str:
    """ngx_http_log_escape(), ngx_escape_json()"""
    if escape == "default":
        return re.sub(r'["\\\x00-\x1f\x7f]', lambda match: "\\x%02X" % ord(match.group()), value)
    if escape == "json":
        value = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        return re.sub(r"[\x00-\x1f]", lambda match: "\\u%04X" % ord(match.group()), value)
    return value


def written(text: str, escape: str = "default", **values: str) -> str:
    """As nginx writes a line."""
    whole = dict(VALUES, **values)
    return "".join(literal or escaped(whole[name], escape) for name, literal in tokens(text))


def read(text: str, escape: str = "default", **values: str) -> Optional[Dict[str, str]]:
    return LineFormat(text, escape).fields(written(text, escape, **values))


class TestHostBeforeThePath:
    """No host has a slash in it, and a path begins with one."""

    WHOLE = "$upstream_status|$status|$msec|$host$request_uri|$remote_addr"

    def test_hit_the_host_ends_where_the_path_begins(self) -> None:
        fields = read(self.WHOLE) or {}
        assert [fields[name] for name in ("host", "request_uri", "status")] == [
            "shop.example",
            "/cart",
            "502",
        ]

    def test_hit_within_quotes(self) -> None:
        fields = read('[$time_local] "https://$host$request_uri" $status') or {}
        assert (fields["host"], fields["request_uri"]) == ("shop.example", "/cart")

    def test_near_miss_a_path_that_looks_like_the_rest(self) -> None:
        fields = read(self.WHOLE, request_uri="/a|203.0.113.9") or {}
        assert fields["host"] == "shop.example" and fields.get("request_uri") in (None, "/a|203.0.113.9")

    def test_decoy_a_name_by_itself_may_have_a_slash(self) -> None:
        """As that of a server block by a regular expression."""
        fields = read("[$time_local] $host $status", host="~^(www/)?shop$")
        assert fields and fields["host"] == "~^(www/)?shop$"


class TestFields:
    @pytest.mark.parametrize("name", sorted(FORMATS))
    def test_a_line_tells_what_its_format_has(self, name: str) -> None:
        text, escape = FORMATS[name]
        fields = read(text, escape)
        assert fields is not None and fields["status"] == "502"
        assert all(VALUES[key] == value for key, value in fields.items())
        wanted = {variable for variable, _literal in tokens(text)} & set(VALUES)
        assert wanted - set(fields) <= {"remote_addr", "remote_user", "body_bytes_sent", "http_referer"} | {
            "http_user_agent"
        }

    def test_each_server_that_was_tried(self) -> None:
        fields = read(
            TIMED,
            upstream_addr="127.0.0.1:9000, unix:/b.sock : unix:/c.sock",
            upstream_status="502, 504 : 200",
            upstream_response_time="0.000, 1.000 : 0.010",
        )
        assert fields and fields["upstream_status"] == "502, 504 : 200"
        assert last_of(fields["upstream_addr"]) == "unix:/c.sock"

    @pytest.mark.parametrize("nothing", ["-", ""])
    def test_no_upstream_was_asked(self, nothing: str) -> None:
        fields = read(TIMED, upstream_addr=nothing, upstream_status=nothing, upstream_response_time=nothing)
        assert fields and fields["upstream_status"] == nothing

    def test_braces_and_letter_case_of_variables(self) -> None:
        fields = read("${status} $Request_Time".replace("$Request_Time", "$request_time"))
        assert fields == {"status": "502", "request_time": "0.003"}

    @pytest.mark.parametrize("line", ["", "x", "502", '"' * 99, "\0" * 99, "\\" * 99, '{"status":502}'])
    def test_decoy_a_line_of_another_format(self, line: str) -> None:
        for text, escape in FORMATS.values():
            assert LineFormat(text, escape).fields(line) is None


class TestProblems:
    @pytest.mark.parametrize(
        "text, escape, word",
        [
            ("$time_local $request", "default", "$status"),
            ("$status $request", "default", "time"),
            ("$time_local $status $uri", "none", "escape=none"),
            ("$time_local $status $remote_user", "none", "escape=none"),
            ("$time_local $status $my_map", "none", "escape=none"),
        ],
    )
    def test_a_format_that_tells_nothing(self, text: str, escape: str, word: str) -> None:
        assert word in (LineFormat(text, escape).problem or "")

    @pytest.mark.parametrize("text", ["$msec $status", "$time_iso8601 $status $request", COMBINED])
    def test_decoy_a_format_that_does(self, text: str) -> None:
        assert LineFormat(text, "default").problem is None


class TestForged:
    """A visitor's text is a visitor's, whatever it looks like."""

    LINE = '1.1.1.1 - - [02/Apr/2026:14:23:17 +0000] "GET / HTTP/1.1" 502 150 "-" "x"'

    @pytest.mark.parametrize("where", ["request", "http_user_agent", "http_referer", "remote_user"])
    @pytest.mark.parametrize(
        "text",
        [LINE, '" 502 0 "', "x [02/Apr/2026:14:23:17 +0000] ", '\\" 502', "\n" + LINE + "\n", '"', "\\"],
    )
    @pytest.mark.parametrize("name", sorted(FORMATS))
    def test_decoy_quotes_and_line_feeds_are_escaped(self, where: str, text: str, name: str) -> None:
        form, escape = FORMATS[name]
        line = written(form, escape, status="200", **{where: text})
        assert "\n" not in line
        fields = LineFormat(form, escape).fields(line)
        assert fields is None or fields.get("status") in ("200", None)

    @pytest.mark.parametrize("uri", ["/x 502 1", "/ 502 502 502", "/x 502 0.001"])
    @pytest.mark.parametrize(
        "form",
        [
            "[$time_local] $request_uri $status $request_time",
            "[$time_local] $status $request_uri $request_time",
            "[$time_local] $request_uri $status $http_referer",
            "$http_referer $status $request_uri [$time_local]",
        ],
    )
    def test_decoy_blanks_without_quotes_are_in_doubt(self, uri: str, form: str) -> None:
        fields = read(form, request_uri=uri, http_referer="a 504 b", status="200")
        assert fields is None or fields.get("status") in ("200", None)

    @pytest.mark.parametrize(
        "form", ["$status $request_uri", "$request_uri $status", "$status|$request_uri|x"]
    )
    def test_near_miss_what_stands_at_an_end_is_certain(self, form: str) -> None:
        fields = read(form, request_uri="/x 504 |404|", status="502")
        assert fields and fields["status"] == "502"

    def test_a_list_of_upstreams_is_not_gone_on_with(self) -> None:
        fields = read("$status $upstream_addr $http_referer", http_referer=": unix:/victim.sock 1")
        assert fields is not None and "upstream_addr" not in fields

    def test_any_text_of_a_visitor_changes_no_status(self) -> None:
        chance = random.Random(7)
        pieces: List[str] = [
            " ",
            '"',
            "502",
            "504",
            "[",
            "]",
            "02/Apr/2026:14:23:17 +0000",
            "\\",
            "-",
            ",",
            ":",
            "\n",
        ]
        for _round in range(400):
            values: Dict[str, Any] = {
                name: "".join(chance.choice(pieces) for _piece in range(chance.randrange(9)))
                for name in ("request", "request_uri", "http_referer", "http_user_agent", "remote_user")
            }
            for form, escape in FORMATS.values():
                fields = read(form, escape, status="200", **values)
                assert fields is None or fields.get("status") in ("200", None), values


class TestHit:
    @pytest.mark.parametrize("name", sorted(FORMATS))
    @pytest.mark.parametrize("status", ["499", "500", "502", "503", "504"])
    def test_lines_of_interest_are_found(self, name: str, status: str) -> None:
        form, escape = FORMATS[name]
        assert LineFormat(form, escape).hit.search(written(form, escape, status=status).encode())

    @pytest.mark.parametrize("name", sorted(FORMATS))
    @pytest.mark.parametrize("status", ["200", "404", "501"])
    def test_decoy_others_are_passed_over(self, name: str, status: str) -> None:
        form, escape = FORMATS[name]
        assert not LineFormat(form, escape).hit.search(written(form, escape, status=status).encode())
