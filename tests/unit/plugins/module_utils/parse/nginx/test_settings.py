# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which of its own errors nginx keeps in a cache, and where it has a resolver."""

from typing import Any, Dict, List, Optional

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.nginx.conf import parse_conf
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.nginx.routes import routes

CACHE = "fastcgi_cache z;"


def of(http: str, location: str) -> Dict[str, Any]:
    text = "http { %s server { location / { %s fastcgi_pass unix:/a; } } }" % (http, location)
    found: List[Any] = routes(parse_conf("/c", lambda path: text, lambda pattern: []), "/usr")
    return dict(found[0])


def kept(http: str, location: str = "") -> Optional[Dict[str, float]]:
    cache = of(http, location)["error_cache"]
    return cache and dict(cache["seconds"])


class TestErrorCache:
    @pytest.mark.parametrize(
        ("valid", "seconds"),
        [
            ("any 1m;", {"502": 60.0, "504": 60.0}),
            ("502 504 30s;", {"502": 30.0, "504": 30.0}),
            ("200 1h; fastcgi_cache_valid 404 502 5s; fastcgi_cache_valid any 9s;", {"502": 5.0, "504": 9.0}),
        ],
    )
    def test_hit_a_status_or_any_and_the_first_counts(self, valid: str, seconds: Dict[str, float]) -> None:
        assert kept("%s fastcgi_cache_valid %s" % (CACHE, valid)) == seconds

    @pytest.mark.parametrize("valid", ["10m", "200 302 10m", "503 10m", "any 0"])
    def test_near_miss_other_statuses_or_no_time(self, valid: str) -> None:
        assert kept("%s fastcgi_cache_valid %s;" % (CACHE, valid)) is None

    def test_near_miss_a_location_with_values_of_its_own(self) -> None:
        assert kept(CACHE + "fastcgi_cache_valid any 1m;", "fastcgi_cache_valid 200 1m;") is None

    @pytest.mark.parametrize(
        ("http", "location"),
        [("fastcgi_cache_valid any 1m;", ""), (CACHE + "fastcgi_cache_valid any 1m;", "fastcgi_cache off;")],
    )
    def test_decoy_there_is_no_cache(self, http: str, location: str) -> None:
        assert kept(http, location) is None

    def test_it_says_where_it_is_written(self) -> None:
        cache = of(CACHE, "fastcgi_cache_valid 502 1m;")["error_cache"]
        assert (cache["written"], cache["file"], cache["line"]) == ("fastcgi_cache_valid 502 1m", "/c", 1)


class TestNextUpstream:
    TRIES, SECONDS = "fastcgi_next_upstream_tries %s;", "fastcgi_next_upstream_timeout %s;"

    @pytest.mark.parametrize("text, words, tries", [("2", [], 2), ("1", ["off"], 1), ("0", [], None)])
    def test_how_many_servers_a_request_is_tried_on(self, text: str, words: Any, tries: Any) -> None:
        route = of(self.TRIES % text, "")
        assert (route["next_upstream"], route.get("next_tries")) == (words, tries)

    @pytest.mark.parametrize("text, seconds", [("10s", 10.0), ("0", None)])
    def test_for_how_long_it_is_tried(self, text: str, seconds: Any) -> None:
        assert of(self.SECONDS % text, "").get("next_seconds") == seconds

    def test_a_location_has_its_own(self) -> None:
        route = of(self.TRIES % "1" + self.SECONDS % "5s", self.TRIES % "0" + self.SECONDS % "0")
        assert route["next_upstream"] == [] and "next_tries" not in route and "next_seconds" not in route


class TestResolver:
    @pytest.mark.parametrize(
        ("http", "location", "there"),
        [("", "", False), ("resolver 127.0.0.11;", "", True), ("", "resolver 10.0.0.1;", True)],
    )
    def test_it_holds_inside_its_block(self, http: str, location: str, there: bool) -> None:
        assert of(http, location)["resolver"] is there


class TestCatchStderr:
    FIRST, SECOND = 'fastcgi_catch_stderr "PHP Fatal error";', "fastcgi_catch_stderr PHP;"

    def texts(self, http: str, location: str = "") -> Any:
        return of(http, location).get("catch_stderr", {}).get("texts")

    def test_hit_each_of_a_block(self) -> None:
        assert self.texts("", self.FIRST + self.SECOND) == ["PHP Fatal error", "PHP"]
        assert of("", self.FIRST)["catch_stderr"]["line"] == 1

    def test_hit_inherited_unless_it_has_one_of_its_own(self) -> None:
        assert self.texts(self.FIRST) == ["PHP Fatal error"]
        assert self.texts(self.FIRST, self.SECOND) == ["PHP"]

    def test_near_miss_none(self) -> None:
        assert self.texts("fastcgi_next_upstream error;") is None
