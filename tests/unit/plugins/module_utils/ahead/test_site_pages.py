# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A page of each site: which are asked and how, what is accepted, and why one could not be asked."""

from typing import Any, Dict, List, Optional

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.ahead import site_pages as subject
from ansible_collections.webmedic.php_fpm.plugins.module_utils.ahead.site_pages import (
    BadStatus,
    accepted,
    path_problem,
)
from ansible_collections.webmedic.php_fpm.plugins.module_utils.remediate.pages import OWN, SILENT, SLOW, Page
from ansible_collections.webmedic.php_fpm.tests.unit.support import FakeHost

CONF = "/etc/nginx/nginx.conf"
PHP = "location / { fastcgi_pass unix:/a; }"
SITES = """http {
server { listen 80; server_name a.example www.a.example; %(php)s }
server { listen 443 ssl; server_name a.example; %(php)s }
server { listen 80; server_name a.example; %(php)s }
server { listen unix:/run/nginx/x.sock; server_name inner.example; %(php)s }
server { listen php.example:81; server_name far.example; %(php)s }
server { listen 80; server_name static.example; }
server { listen 82; server_name ~^b; %(php)s }
}
""" % {"php": PHP}


def nginx(host: FakeHost, text: str) -> Dict[str, Any]:
    from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.nginx.conf import parse_conf
    from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.nginx.routes import routes

    conf = parse_conf(CONF, lambda path: text if path == CONF else None, lambda pattern: [pattern])
    return {"routes": routes(conf, "/etc/nginx"), "config": CONF, "prefix": "/etc/nginx", "options": {}}


class Visitor:
    """Pages as they would come, by line; and who was asked for how long."""

    def __init__(self, monkeypatch: Any, text: str = SITES) -> None:
        self.host, self.pages, self.doors = FakeHost({CONF: text}), {}, []  # type: Any, Dict[int, Page], Any
        monkeypatch.setattr(subject, "collect_nginx", lambda host: nginx(host, text))
        monkeypatch.setattr(subject, "ask", self.ask)
        self.seconds: List[float] = []
        self.takes = 0.0

    def ask(self, _host: Any, _nginx: Any, wanted: Any, _path: str, seconds: float) -> Dict[Any, Page]:
        self.doors += wanted
        self.seconds.append(seconds)
        self.host.clock += self.takes
        return {door.place: self.pages.get(door.place[1], Page(200, OWN, frozenset())) for door in wanted}

    def __call__(self, *names: str, path: str = "/", status: Any = ("200-399",)) -> Dict[str, Any]:
        return dict(subject.site_pages(self.host, subject.Wish(names, path, accepted(status), 10.0, 60.0)))


@pytest.fixture(name="ask")
def fixture_ask(monkeypatch: Any) -> Visitor:
    return Visitor(monkeypatch)


def by_line(reply: Dict[str, Any]) -> Dict[Optional[int], Dict[str, Any]]:
    return {page["line"]: page for page in reply["pages"]}


class TestSites:
    def test_each_is_asked_at_its_own_listener(self, ask: Visitor) -> None:
        pages = by_line(ask())
        assert [pages[line]["url"] for line in (2, 3)] == ["http://a.example/", "https://a.example/"]
        assert [pages[line]["tls"] for line in (2, 3, 5)] == [False, True, False]
        assert pages[5]["listener"] == "unix:/run/nginx/x.sock"

    @pytest.mark.parametrize(
        "line, words",
        [
            (4, "nginx answers with /etc/nginx/nginx.conf:2"),
            (6, "None of its listeners can be asked from here: php.example:81"),
            (8, "a name is a regular expression"),
        ],
    )
    def test_one_that_cannot_be_asked_says_why(self, ask: Visitor, line: int, words: str) -> None:
        reply = ask()
        page = by_line(reply)[line]
        assert not page["asked"] and page["ok"] is None and words in page["why"]
        assert reply["not_asked"] == 3 and reply["ok"] is False and words in reply["msg"]

    def test_a_site_without_php_is_not_asked(self, ask: Visitor) -> None:
        assert 7 not in by_line(ask())

    def test_only_those_that_are_named_are_asked(self, ask: Visitor) -> None:
        assert [page["line"] for page in ask("www.a.example")["pages"]] == [2]

    def test_a_name_that_nobody_has_is_told(self, ask: Visitor) -> None:
        reply = ask("inner.example", "innner.example")
        assert not reply["ok"] and reply["pages"][1]["site"] == "innner.example"
        assert "No site" in reply["pages"][1]["why"]

    def test_no_site_at_all_is_not_well(self, monkeypatch: Any) -> None:
        reply = Visitor(monkeypatch, "http { server { listen 80; } }")()
        assert reply["ok"] is False and "no site to ask" in reply["msg"]

    def test_all_well(self, ask: Visitor) -> None:
        reply = ask("inner.example")
        assert reply["ok"] is True and reply["msg"] == "The site answered as expected."


class TestBounds:
    def test_some_at_a_time(self, monkeypatch: Any) -> None:
        many = "".join("server { listen 80; server_name s%d; %s }\n" % (number, PHP) for number in range(20))
        ask = Visitor(monkeypatch, "http {\n%s}" % many)
        assert ask()["asked"] == 20 and len(ask.seconds) == 3

    def test_whose_turn_does_not_come_says_so(self, monkeypatch: Any) -> None:
        many = "".join("server { listen 80; server_name s%d; %s }\n" % (number, PHP) for number in range(20))
        ask = Visitor(monkeypatch, "http {\n%s}" % many)
        ask.takes = 55.0
        reply = ask()
        assert (reply["asked"], reply["not_asked"], reply["ok"]) == (16, 4, False)
        assert ask.seconds[1] <= 5.0 and "turn" in reply["pages"][-1]["why"]


class TestAnswer:
    @pytest.mark.parametrize(
        "page, by, words",
        [
            (Page(200, OWN, frozenset()), "site", ""),
            (Page(302, OWN, frozenset()), "site", ""),
            (Page(404, OWN, frozenset()), "site", "It answered 404, and 200-399 is accepted."),
            (Page(502, SILENT, frozenset(("unix:/a",))), "nginx", "php-fpm gave nothing at unix:/a"),
            (Page(None, SLOW, frozenset(), "no answer within 10 s"), "nobody", "no answer within 10 s"),
        ],
    )
    def test_of(self, ask: Visitor, page: Page, by: str, words: str) -> None:
        ask.pages[5] = page
        (entry,) = ask("inner.example")["pages"]
        assert (entry["by"], entry["ok"]) == (by, not words) and words in entry["why"]

    @pytest.mark.parametrize("words", [["20"], ["200-"], ["399-200"], ["600"], ["2xx"], []])
    def test_a_status_that_is_none_is_refused(self, words: List[str]) -> None:
        with pytest.raises(BadStatus):
            accepted(words)

    def test_single_ones_and_ranges(self) -> None:
        status = accepted(["200", "301-302"])
        assert [code for code in (200, 201, 301, 302, 303) if status.has(code)] == [200, 301, 302]


class TestPath:
    @pytest.mark.parametrize(
        "path", ["/a\r\nHost: b", "/a b", "/\x00", "/\x1b[2J", "/a\x85", "/\u2028", "\n"]
    )
    def test_what_would_be_a_line_of_its_own_is_refused(self, path: str) -> None:
        problem = path_problem(path) or ""
        assert "control character" in problem and problem.isprintable()

    @pytest.mark.parametrize("path", ["", "/", "/a%20b?c=d&e='f'", "/\xfc;x={y}", "index.php"])
    def test_near_miss_a_path_that_is_only_odd_passes(self, path: str) -> None:
        assert path_problem(path) is None
