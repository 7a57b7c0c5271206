# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Many requests that failed by an access log alone."""

from typing import Any, Dict, List

import pytest
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules import hosts
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.hosts import Host, a_host

SITE = "shop.example"
TWELVE = [float(ago) for ago in range(60, 72)]
REFUSED = {"pages": 14, "paths": 2, "visitors": 7, "addresses": 7, "internal": False}
REFUSED.update(others=0, answered=1, since=0)


def logged() -> Host:
    host = a_host().silent_logs().logging("error")
    return host.with_nginx(config_newer=False, config_changed_at=hosts.now(host) - 600)


def answered(signature: str, text: str = '502 to "GET /"', **more: Any) -> Host:
    host = logged().answered(signature, *TWELVE, **more)
    host["access"]["events"][0]["sample"].update(path="/a.log", text=text)
    return host


def paged(host: Host, **facts: Any) -> Host:
    """The end of the access log."""
    pages = {"site": SITE, "answered": 1, "failed": 0, "paths": 2, "last": hosts.now(host) - 60}
    host["access"]["files"][0]["pages"] = [dict(pages, **facts)]
    return host


def refused(**facts: Any) -> Host:
    return paged(logged(), refused=dict(REFUSED, **facts))


def own_answer(host: Host, kind: str, status: int, **facts: Any) -> Host:
    """By the configuration."""
    answer = {"site": SITE, "status": status, "kind": kind, "written": kind + " x", "level": None}
    answer.update(file="/etc/nginx/nginx.conf", line=9, off=False, logs=["/own.log"])
    host["access"]["own_answers"] = [dict(answer, **facts)]
    return host


def notes(host: Host) -> List[str]:
    return [entry["what"] for entry in hosts.verdict(host)["missing"]]


class TestProxyErrors:
    @pytest.mark.parametrize("signature", ["access-502", "access-504"])
    def test_hit_no_error_log_tells_of_them(self, signature: str) -> None:
        host = answered(signature)
        assert hosts.found(host) == hosts.UNKNOWN and notes(host) == ["visitors"]
        assert "12 requests with 50" in hosts.verdict(host)["missing"][0]["why"]

    def test_hit_it_stands_before_what_nginx_is_told_to_answer(self) -> None:
        host = answered("access-502")
        (lost,) = host["access"]["events"]
        (site,) = [each for each in host["nginx"]["site_logs"] if each["site"] == SITE]
        names = ["a.example", "b.example", "c.example"]
        host["nginx"]["site_logs"] = [*[dict(site, site=name) for name in names], site]
        host["access"]["events"] = [*[dict(lost, site=name) for name in names], lost]
        by_return = [
            own_answer(host, "return", 502, site=name, logs=[])["access"]["own_answers"] for name in names
        ]
        host["access"]["own_answers"] = [answer for each in by_return for answer in each]
        assert notes(host) == ["visitors", "answered_on_purpose", "answered_on_purpose"]

    def test_hit_nginx_answers_so_itself(self) -> None:
        assert hosts.found(answered("access-502-unasked")) == hosts.UNKNOWN

    def test_hit_a_log_that_sites_share(self) -> None:
        host = answered("access-502", site=None)
        assert hosts.found(host) == hosts.UNKNOWN

    def test_near_miss_few(self) -> None:
        assert hosts.found(logged().answered("access-502", *TWELVE[:9])) == hosts.HEALTHY

    def test_near_miss_the_error_log_tells_of_them(self) -> None:
        host = answered("access-502")
        host.nginx_said("ng-reset-header", *TWELVE, detail={"status": 502}, endpoint="http://10.0.0.9:80")
        assert "visitors" not in notes(host)

    def test_near_miss_a_finding_tells_of_the_site(self) -> None:
        host = answered("access-502").nginx_said("ng-too-big-header", 60.0, detail={"status": 502})
        assert "visitors" not in notes(host) and hosts.only(host)["cause"] == "response_header_too_big"

    def test_near_miss_a_limit_answers_so(self) -> None:
        host = answered("access-502").nginx_said("ng-limit-req", *TWELVE, endpoint=None)
        host["logs"]["limit_statuses"] = [502]
        assert hosts.found(host) == hosts.HEALTHY

    def test_decoy_the_application_answers_so(self) -> None:
        assert hosts.found(answered("access-502-meant")) == hosts.HEALTHY


class TestSeveral:
    def test_hit_a_limit_that_hides_it_comes_first(self) -> None:
        host = own_answer(refused(), "return", 503)
        answers = (
            host["access"]["own_answers"]
            + own_answer(host, "limit_req", 503, level="info")["access"]["own_answers"]
        )
        host["access"]["own_answers"] = answers
        assert hosts.found(host) == hosts.UNKNOWN

    def test_near_miss_a_limit_that_would_tell(self) -> None:
        host = own_answer(refused(), "return", 503)
        answers = (
            host["access"]["own_answers"]
            + own_answer(host, "limit_req", 503, level="error")["access"]["own_answers"]
        )
        host["access"]["own_answers"] = answers
        assert hosts.found(host) == hosts.HEALTHY


class TestOthers:
    """Sites without PHP that log in the same file."""

    def test_hit_another_program_may_have_answered_so(self) -> None:
        host = answered("access-502")
        host["access"]["other_logs"] = ["/a.log"]
        assert hosts.found(host) == hosts.HEALTHY and notes(host) == ["losses_elsewhere"]

    def test_hit_the_site_itself_asks_another_program(self) -> None:
        host = answered("access-502")
        host["nginx"]["site_logs"][0]["others"] = True
        assert hosts.found(host) == hosts.HEALTHY and notes(host) == ["losses_elsewhere"]

    def test_near_miss_it_logs_elsewhere(self) -> None:
        host = answered("access-502")
        host["access"]["other_logs"] = ["/b.log"]
        assert hosts.found(host) == hosts.UNKNOWN

    def test_decoy_its_lost_requests_are_told(self) -> None:
        host = answered("access-502")
        host["access"]["other_logs"] = ["/a.log"]
        host.nginx_said("ng-reset-header", *TWELVE, detail={"status": 502}, endpoint="http://10.0.0.9:80")
        hosts.events(host, "nginx")[0]["site"] = "api.example"
        assert "losses_elsewhere" not in notes(host)

    def test_decoy_the_return_is_of_who_logs_there(self) -> None:
        host = own_answer(refused(), "return", 444, site="_", logs=["/a.log"])
        assert hosts.found(host) == hosts.HEALTHY and notes(host) == ["answered_on_purpose"]


class TestErrors:
    def test_hit_most_pages_failed(self) -> None:
        assert hosts.found(paged(logged(), failed=20, answered=5)) == hosts.UNKNOWN

    @pytest.mark.parametrize(
        "facts", [{"failed": 9}, {"failed": 20, "answered": 30}, {"failed": 20, "paths": 1}]
    )
    def test_near_miss_few_or_one_page(self, facts: Dict[str, int]) -> None:
        assert hosts.found(paged(logged(), **facts)) == hosts.HEALTHY


class TestRefused:
    def test_hit_visitors_are_refused_and_no_log_tells(self) -> None:
        assert hosts.found(refused()) == hosts.UNKNOWN
        assert "14 of the last pages with 503" in hosts.verdict(refused())["missing"][0]["why"]

    def test_hit_a_limit_may_be_it(self) -> None:
        host = own_answer(refused(), "limit_req", 503, level="info")
        assert hosts.found(host) == hosts.UNKNOWN
        assert (
            "log level info): /etc/nginx/nginx.conf:9: limit_req x"
            in hosts.verdict(host)["missing"][0]["why"]
        )

    def test_near_miss_pages_came_since(self) -> None:
        assert hosts.found(refused(since=3)) == hosts.HEALTHY

    def test_near_miss_one_visitor_is_refused(self) -> None:
        assert hosts.found(refused(addresses=1)) == hosts.HEALTHY

    def test_decoy_a_return_answers_so_on_purpose(self) -> None:
        host = own_answer(refused(), "return", 503)
        assert hosts.found(host) == hosts.HEALTHY and notes(host) == ["answered_on_purpose"]

    def test_near_miss_the_file_of_the_return_is_gone(self) -> None:
        assert hosts.found(own_answer(refused(), "return", 503, off=True)) == hosts.UNKNOWN

    def test_near_miss_the_return_is_another_sites(self) -> None:
        assert hosts.found(own_answer(refused(), "return", 503, site="blog.example")) == hosts.UNKNOWN


def missed(loaded: float = 900.0, came: float = 300.0, at: float = 60.0, **way: Any) -> Host:
    """nginx did not find the front page. loaded, came, at: seconds ago."""
    host = logged()
    now = hosts.now(host)
    ways = [dict({"there": True, "blocked": None, "changed_at": now - 100}, **way)]
    page = {"site": SITE, "path": "/a.log", "missed": now - at, "came": now - came, "ways": ways}
    host["access"]["missed_pages"] = [page]
    return host.with_nginx(file_cache="/n.conf:3", loaded={"at": now - loaded})


class TestFileCache:
    def test_hit_nginx_itself_does_not_find_what_is_there(self) -> None:
        host = missed()
        assert hosts.found(host) == hosts.UNKNOWN
        (entry,) = hosts.verdict(host)["missing"]
        assert (entry["what"], entry["path"], entry["needs"]) == ("visitors", "/a.log", "nginx -s reload")
        assert entry["why"] == (
            "shop.example: nginx answered 404 itself for the front page, which is there and was before: "
            "its cache of files has that it is not, by open_file_cache_errors (/n.conf:3)"
        )

    @pytest.mark.parametrize(
        "way",
        [
            {"there": False},
            {"blocked": {"path": "/srv"}},
            {"confined": {"path": "/srv"}},
            {"changed_at": 9e9},
        ],
    )
    def test_near_miss_the_page_was_not_there(self, way: Dict[str, Any]) -> None:
        assert hosts.found(missed(**way)) == hosts.HEALTHY

    def test_near_miss_no_way_is_known(self) -> None:
        host = missed()
        host["access"]["missed_pages"][0]["ways"] = []
        assert hosts.found(host) == hosts.HEALTHY

    def test_near_miss_nginx_was_reloaded_between(self) -> None:
        assert hosts.found(missed(loaded=200.0)) == hosts.HEALTHY
        assert hosts.found(missed().with_nginx(loaded={"at": None})) == hosts.HEALTHY

    def test_near_miss_before_the_window(self) -> None:
        assert hosts.found(missed(loaded=9000.0, came=3000.0, at=2000.0, changed_at=1.0)) == hosts.HEALTHY


class TestFrontPage:
    SEEN = {"failed": 4, "since": 4, "lost": 4, "last": 0.0}

    def lost(self, ago: float = 30.0, **facts: Any) -> Host:
        host = logged()
        seen = dict(self.SEEN, last=hosts.now(host) - ago, **facts)
        return paged(host, fronts={"/": seen})

    def test_hit_it_came_and_comes_no_more(self) -> None:
        host = self.lost()
        assert hosts.found(host) == hosts.UNKNOWN and notes(host) == ["visitors"]
        assert "4 requests for / with 403 or 404 since it came" in hosts.verdict(host)["missing"][0]["why"]

    @pytest.mark.parametrize("facts", [{"lost": 2}, {"ago": 900.0}])
    def test_near_miss_few_or_before_a_reload(self, facts: Any) -> None:
        assert hosts.found(self.lost(**facts)) == hosts.HEALTHY

    def test_decoy_an_api_never_had_one(self) -> None:
        assert hosts.found(self.lost(lost=0)) == hosts.HEALTHY


def forbidden(kind: str = "deny", **facts: Any) -> Host:
    """With 403, by a directive."""
    return own_answer(paged(logged(), forbidden=dict(REFUSED, answered=0, **facts)), kind, 403)


class TestForbidden:
    PROXY = {"addresses": 1, "internal": True}

    def test_hit_all_come_by_one_address(self) -> None:
        host = forbidden(**self.PROXY)
        assert hosts.found(host) == hosts.UNKNOWN and notes(host) == ["visitors"]
        assert "set_real_ip_from" in hosts.verdict(host)["missing"][0]["why"]

    @pytest.mark.parametrize("kind", ["deny", "return"])
    def test_near_miss_strangers_of_many_addresses(self, kind: str) -> None:
        host = forbidden(kind)
        assert hosts.found(host) == hosts.HEALTHY and notes(host) == ["answered_on_purpose"]

    @pytest.mark.parametrize("facts", [{"since": 3}, {"others": 7}, {"visitors": 2}, {"paths": 1}])
    def test_near_miss_others_get_pages(self, facts: Dict[str, Any]) -> None:
        host = forbidden(**dict(self.PROXY, **facts))
        assert hosts.found(host) == hosts.HEALTHY and not notes(host)

    def test_near_miss_a_return_is_not_for_addresses_alone(self) -> None:
        host = forbidden("return", **self.PROXY)
        assert hosts.found(host) == hosts.HEALTHY and notes(host) == ["answered_on_purpose"]

    def test_decoy_the_application_answers_so(self) -> None:
        host = forbidden(**self.PROXY)
        host["access"]["own_answers"] = []
        assert hosts.found(host) == hosts.HEALTHY and not notes(host)

    def test_decoy_another_site_is_told_so(self) -> None:
        host = forbidden(**self.PROXY)
        host["access"]["own_answers"][0].update(site="files.example", logs=["/other.log"])
        assert hosts.found(host) == hosts.HEALTHY and not notes(host)


class TestPasswords:
    """auth_basic_user_file names no file."""

    def test_hit_who_gives_a_password_is_refused(self) -> None:
        host = forbidden("auth_basic_user_file")
        assert hosts.found(host) == hosts.UNKNOWN and notes(host) == ["visitors"]
        assert "the file that it names is not there" in hosts.verdict(host)["missing"][0]["why"]

    @pytest.mark.parametrize("facts", [{"since": 3}, {"others": 7}, {"visitors": 2}, {"paths": 1}])
    def test_near_miss_others_get_pages(self, facts: Dict[str, Any]) -> None:
        host = forbidden("auth_basic_user_file", **facts)
        assert hosts.found(host) == hosts.HEALTHY and not notes(host)


class TestBad:
    """Pages with 400."""

    def bad(self, **facts: Any) -> Host:
        return paged(logged(), bad=dict(REFUSED, **dict({"answered": 0}, **facts)))

    @pytest.mark.parametrize("facts", [{"answered": 1}, {"pages": 50}])
    def test_hit_who_had_pages_is_refused_or_all(self, facts: Dict[str, Any]) -> None:
        host = self.bad(**facts)
        assert hosts.found(host) == hosts.UNKNOWN and notes(host) == ["visitors"]
        assert "the last pages with 400" in hosts.verdict(host)["missing"][0]["why"]

    @pytest.mark.parametrize("facts", [{"pages": 49}, {"internal": True}, {"answered": 1, "others": 1}])
    def test_near_miss_who_had_none(self, facts: Dict[str, Any]) -> None:
        host = self.bad(**facts)
        assert hosts.found(host) == hosts.HEALTHY and notes(host) == ["refused_pages"]

    @pytest.mark.parametrize("facts", [{"since": 3}, {"others": 7}, {"visitors": 2}, {"paths": 1}])
    def test_near_miss_others_get_pages(self, facts: Dict[str, Any]) -> None:
        host = self.bad(internal=True, **facts)
        assert hosts.found(host) == hosts.HEALTHY and not notes(host)

    @pytest.mark.parametrize("facts, what", [({"answered": 1}, "visitors"), ({}, "refused_pages")])
    def test_hit_the_site_asks_for_a_certificate(self, facts: Dict[str, Any], what: str) -> None:
        host = self.bad(**facts)
        own_answer(host, "ssl_verify_client", 400)
        assert notes(host) == [what]
        why = hosts.verdict(host)["missing"][0]["why"]
        assert "ssl_verify_client x" in why and "the Host" not in why

    @pytest.mark.parametrize("kind", ["header", "plain"])
    @pytest.mark.parametrize("requests", [14, 1])
    def test_decoy_nginxs_own_page_tells_why(self, kind: str, requests: int) -> None:
        host = self.bad(answered=1)
        log = host["access"]["files"][0]["path"]
        host["access"]["odd_visits"] = [dict.fromkeys(("requests", "visitors", "external", "others"), 0)]
        host["access"]["odd_visits"][0].update(
            log=log, kind=kind, site=None, path="/", internal=False, since=9, status=400, requests=requests
        )
        assert hosts.status(host) == ("unknown" if requests == 1 else "healthy")


class TestBlank:
    def blank(self, **facts: Any) -> Host:
        return paged(logged(), answered=14, blank=dict(REFUSED, answered=9, **facts))

    def test_hit_front_pages_without_a_byte(self) -> None:
        assert hosts.found(self.blank()) == hosts.UNKNOWN and notes(self.blank()) == ["visitors"]

    @pytest.mark.parametrize("gzip", [True, False])
    def test_hit_and_near_miss_where_nginx_compresses(self, gzip: bool) -> None:
        zipped = dict(REFUSED, answered=9)
        host = paged(logged(), answered=14, zipped=zipped, was_larger=True).with_nginx(gzip=gzip)
        assert hosts.found(host) == (hosts.UNKNOWN if gzip else hosts.HEALTHY)
        assert "without a byte" not in str(hosts.verdict(host)["missing"])

    def test_decoy_a_page_of_twenty_bytes(self) -> None:
        zipped = dict(REFUSED, answered=9)
        host = paged(logged(), answered=14, zipped=zipped, was_larger=False).with_nginx(gzip=True)
        assert hosts.found(host) == hosts.HEALTHY and notes(host) == ["short_page"]

    @pytest.mark.parametrize("facts", [{"since": 1}, {"visitors": 2}])
    def test_near_miss_one_came_or_few_asked(self, facts: Dict[str, Any]) -> None:
        assert hosts.found(self.blank(**facts)) == hosts.HEALTHY

    def test_near_miss_nginx_is_told_so(self) -> None:
        host = own_answer(self.blank(), "return", 200)
        assert hosts.found(host) == hosts.HEALTHY and notes(host) == ["answered_on_purpose"]

    def test_decoy_another_program_may_answer_so(self) -> None:
        host = self.blank()
        host["nginx"]["site_logs"][0]["others"] = True
        assert hosts.found(host) == hosts.HEALTHY
