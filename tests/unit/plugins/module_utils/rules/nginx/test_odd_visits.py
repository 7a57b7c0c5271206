# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is made of visits that no error log names: a finding, a note, or nothing."""

from typing import Any, Callable, Dict, List

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.rules.pages.path_info import shown
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules import hosts
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.hosts import Host, a_host
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.pages.test_php_error import (
    SITE,
    logged,
)

SERVER = {"file": "/etc/nginx/nginx.conf", "line": 3}


def quiet() -> Host:
    host = logged(a_host().silent_logs(), answered=9, failed=0)
    next(route for route in host["nginx"]["routes"] if route["site"] == SITE)["server"] = SERVER
    return host.with_nginx(config_newer=False, config_changed_at=hosts.now(host) - 600)


def visited(kind: str = "path_info", way: str = "emptied", **facts: Any) -> Host:
    """way: where nginx leads the paths behind a script's name."""
    host = quiet()
    visits = {"log": "/var/log/nginx/access.log", "site": SITE, "kind": kind, "status": 404, "requests": 5}
    visits.update(visitors=3, had=3, external=3, internal=False, paths=2, path="/index.php/a", others=0)
    visits.update(since=0, last=hosts.now(host) - 60)
    host["access"]["odd_visits"] = [dict(visits, **facts)]
    host["access"]["path_ways"] = [front(way)] if way else []
    return host


def front(kind: str) -> Any:
    place = {"written": "try_files x =404", "file": "/etc/nginx/nginx.conf", "line": 9}
    return dict(place, server=SERVER, kind=kind, looked_for="/index.php/a", found="")


def notes(host: Host) -> List[str]:
    return [entry["what"] for entry in hosts.verdict(host)["missing"]]


class TestPermalinks:
    """It is a note alone: an application may have no such page."""

    def test_hit_no_such_page_comes(self) -> None:
        host = visited("permalink", "permalinks", path="/about/")
        assert notes(host) == ["permalinks"] and hosts.status(host) == "healthy"
        why = hosts.verdict(host)["missing"][0]["why"]
        assert "5 requests for pages such as /about/" in why and "try_files x =404 does not pass" in why

    @pytest.mark.parametrize(
        "facts", [{"since": 1}, {"requests": 2}, {"external": 2}, {"paths": 1}, {"site": "blog.example"}]
    )
    def test_near_miss_few_strangers_or_pages_that_came(self, facts: Any) -> None:
        assert notes(visited("permalink", "permalinks", **facts)) == []

    def test_decoy_nothing_needs_them(self) -> None:
        assert notes(visited("permalink", "")) == []


class TestPathInfo:
    @pytest.mark.parametrize("way", ["emptied", "not_handed", "as_script", "no_location", "no_file"])
    def test_hit_visitors_miss_the_pages(self, way: str) -> None:
        host = visited(way=way)
        item = hosts.only(host)
        assert (item["cause"], item["reason"], item["state"]) == ("php_error", "no_path_info", "active")
        assert item["confidence"] == ("possible" if way.startswith("no_") else "likely")
        assert item["site"] == SITE and hosts.status(host) == "degraded"

    @pytest.mark.parametrize(
        "facts",
        [{"since": 1}, {"requests": 2}, {"visitors": 1}, {"site": "blog.example"}, {"paths": 1}, {"had": 0}],
    )
    def test_near_miss_few_strangers_or_pages_that_came(self, facts: Any) -> None:
        assert hosts.found(visited(**facts)) == hosts.HEALTHY

    def test_near_miss_nothing_leads_there_wrongly(self) -> None:
        assert hosts.found(visited(way="")) == hosts.HEALTHY

    def test_decoy_a_single_page_may_be_an_old_link(self) -> None:
        host = visited(way="no_location", paths=1)
        assert hosts.found(host) == hosts.UNKNOWN and notes(host) == ["visitors"]
        balancer: Any = {"paths": 1, "visitors": 1, "had": 0, "external": 0, "internal": True}
        for facts in ({"paths": 1, "external": 2}, {"paths": 1, "since": 1}, balancer):
            assert hosts.found(visited(way="no_location", **facts)) == hosts.HEALTHY

    def test_decoy_an_attacker_behind_a_balancer(self) -> None:
        assert hosts.found(visited(visitors=1, had=1, external=0, internal=True)) == hosts.HEALTHY

    @pytest.mark.parametrize(
        "path, words",
        [
            ("/index.php/about", "/index.php/about"),
            ("/index.php/user/reset/3f9a0c9b", "/index.php/user/..."),
            ("/index.php/3f9a0c9b3f9a0c9b3f9a0c9b", "/index.php/..."),
            ("/a/x.php/b/", "/a/x.php/b/"),
            ("/reset/3f9a0c9b", "/reset/..."),
            ("/", "/"),
        ],
    )
    def test_a_visitors_secret_is_not_shown(self, path: str, words: str) -> None:
        assert shown(path) == words

    def test_the_summary_shows_no_secret(self) -> None:
        assert "/index.php/a/..., fail" in hosts.only(visited(path="/index.php/a/3f9a0c9b"))["summary"]
        assert "3f9a" not in str(hosts.verdict(visited("method", way="", path="/reset/3f9a0c9b")))

    def test_hit_it_is_latent_where_nobody_asks(self) -> None:
        host = quiet().with_nginx(fronts=[front("path_info")])
        assert hosts.found(host) == ([("php_error", "no_path_info", "latent")], "healthy")

    def test_near_miss_nginx_has_not_loaded_it(self) -> None:
        host = quiet().with_nginx(fronts=[front("path_info")], config_newer=True)
        assert "no_path_info" not in [reason for _cause, reason, _state in hosts.causes(host)]


class TestParts:
    """What the application answers with 500 alone."""

    def parts(self, kind: str = "sent", **facts: Any) -> Host:
        many = {"requests": 10, "others": 4, "status": 500, "path": "/cart" if kind == "sent" else "/api/"}
        return visited(kind, "", **{**many, **facts})

    def test_hit_no_form_arrives(self) -> None:
        host = self.parts(requests=5, visitors=2)
        assert hosts.found(host) == hosts.UNKNOWN and notes(host) == ["visitors"]
        why = hosts.verdict(host)["missing"][0]["why"]
        assert "5 requests with 500 that send something (POST and the like), such as to /cart" in why

    def test_hit_it_stands_before_many_other_notes(self) -> None:
        host = self.parts()
        (lost,) = host["access"]["odd_visits"]
        others = [dict(lost, kind="method", status=405, path="/%d" % number) for number in range(3)]
        host["access"]["odd_visits"] = [*others, lost]
        assert notes(host)[0] == "visitors" and hosts.status(host) == "unknown"

    def test_near_miss_one_script_fails(self) -> None:
        host = self.parts(paths=1)
        assert hosts.found(host) == hosts.HEALTHY and notes(host) == ["failed_script"]

    @pytest.mark.parametrize("facts", [{"requests": 4}, {"visitors": 1, "internal": True}])
    def test_decoy_few_or_one_visitor(self, facts: Any) -> None:
        assert notes(self.parts(**facts)) == []

    @pytest.mark.parametrize("kind", ["sent", "below"])
    def test_near_miss_it_may_be_another_program(self, kind: str) -> None:
        host = self.parts(kind)
        host["nginx"]["site_logs"] = [{"site": SITE, "others": ["/x:1"], "access": [], "silent": []}]
        host["nginx"]["site_logs"][0].update(errors=[], unlogged=[])
        assert hosts.status(host) == "healthy" and "losses_elsewhere" in notes(host)

    def test_hit_all_below_one_path(self) -> None:
        host = self.parts("below")
        assert hosts.found(host) == hosts.UNKNOWN and notes(host) == ["visitors"]
        assert "for what is below /api/, visitors: 3" in hosts.verdict(host)["missing"][0]["why"]

    @pytest.mark.parametrize("facts", [{"requests": 9}, {"visitors": 2}, {"paths": 1}, {"others": 0}])
    def test_decoy_few_pages_or_the_whole_site(self, facts: Any) -> None:
        assert notes(self.parts("below", **facts)) == []


class TestTooLong:
    @pytest.mark.parametrize("kind", ["header", "uri"])
    def test_hit_nobody_gets_pages_any_more(self, kind: str) -> None:
        host = visited(kind, way="")
        assert hosts.found(host) == hosts.UNKNOWN and notes(host) == ["visitors"]

    @pytest.mark.parametrize(
        "facts",
        [{"since": 1}, {"others": 5}, {"external": 2, "visitors": 2}, {"external": 0, "internal": True}],
    )
    def test_near_miss_pages_came_or_few_lost_theirs(self, facts: Any) -> None:
        host = visited("header", way="", **facts)
        assert hosts.found(host) == hosts.HEALTHY and notes(host) == ["too_large"]

    @pytest.mark.parametrize("facts", [{"visitors": 1}, {"requests": 2}])
    def test_decoy_one_stranger(self, facts: Any) -> None:
        host = visited("header", way="", **facts)
        assert hosts.found(host) == hosts.HEALTHY and not notes(host)

    def test_a_form_to_a_file_is_a_note(self) -> None:
        host = visited("method", way="")
        assert hosts.found(host) == hosts.HEALTHY and notes(host) == ["refused_method"]


class TestCircle:
    def test_hit_no_page_comes(self) -> None:
        host = visited("circle", "", path="/", status=301)
        assert notes(host) == ["visitors"] and hosts.status(host) == "unknown"
        assert "5 requests for pages such as / with 301" in hosts.verdict(host)["missing"][0]["why"]

    def test_hit_nginx_itself_sends_on(self) -> None:
        host = visited("own_circle", "", path="/", status=301)
        why = hosts.verdict(host)["missing"][0]["why"]
        assert "nginx itself sends on" in why and "HTTPS and X-Forwarded-Proto" not in why

    def test_near_miss_other_pages_come(self) -> None:
        host = visited("circle", "", path="/login", others=2)
        assert notes(host) == ["redirects"] and hosts.status(host) == "healthy"

    @pytest.mark.parametrize("facts", [{"visitors": 1, "internal": True}, {"requests": 2}])
    def test_decoy_a_test_of_the_load(self, facts: Any) -> None:
        assert notes(visited("circle", "", **facts)) == []

    def test_hit_a_balancer_gets_no_page(self) -> None:
        host = visited("check", "", path="/", status=301, visitors=1)
        assert notes(host) == ["health_check"] and hosts.status(host) == "healthy"
        assert notes(visited("check", "", requests=2)) == []

    def test_hit_nginx_keeps_redirects(self) -> None:
        why = hosts.verdict(visited("circle", "cached", path="/", status=301))["missing"][0]["why"]
        assert "nginx's cache keeps redirects (/etc/nginx/nginx.conf:9: try_files x =404)" in why

    def test_near_miss_another_site_keeps_them(self) -> None:
        host = visited("circle", "cached", path="/", status=301)
        host["access"]["path_ways"][0]["server"] = {"file": "/etc/nginx/nginx.conf", "line": 99}
        assert "cache" not in hosts.verdict(host)["missing"][0]["why"]


class TestBeside:
    """It is a note alone: only a browser tells whether the page is one without them."""

    def why(self, kind: str, path: str) -> str:
        host = visited(kind, kind, path=path)
        assert notes(host) == ["assets"] and hosts.found(host) == hosts.HEALTHY
        return str(hosts.verdict(host)["missing"][0]["why"])

    def test_hit_a_file_that_the_application_makes(self) -> None:
        why = self.why("made", "/livewire/livewire.js")
        assert "5 requests for /livewire/livewire.js with 404" in why
        assert "in /etc/nginx/nginx.conf:9: try_files x =404" in why

    def test_hit_scripts_without_a_type(self) -> None:
        assert "add mjs beside js in mime.types" in self.why("untyped", "/js/a.mjs")

    @pytest.mark.parametrize("way", ["", "untyped"])
    def test_near_miss_nginx_leads_it_to_php(self, way: str) -> None:
        assert notes(visited("made", way, path="/a.js")) == []

    @pytest.mark.parametrize("facts", [{"visitors": 1}, {"requests": 2}])
    def test_decoy_one_visitor_or_two_requests(self, facts: Any) -> None:
        assert notes(visited("made", "made", path="/a.js", **facts)) == []


class TestIgnoredServer:
    def ignored(self, **facts: Any) -> Host:
        block: Any = {"name": "shop.example", "listen": "80", "file": "/b.conf", "line": 2}
        pair: Any = {"names": ["shop.example"], "address": "*:80", "block": block}
        pair["by"] = dict(block, file="/a.conf")
        return quiet().with_nginx(ignored=[dict(pair, alone=True)], **facts)

    def test_hit_both_places_are_named(self) -> None:
        host = self.ignored()
        item = hosts.only(host)
        assert (item["reason"], item["state"], hosts.status(host)) == ("server_ignored", "latent", "healthy")
        assert "/b.conf:2" in item["summary"] and "/a.conf:2" in item["summary"]

    def test_near_miss_nginx_has_not_loaded_it(self) -> None:
        assert "server_ignored" not in [each[1] for each in hosts.causes(self.ignored(config_newer=True))]

    def test_decoy_the_risks_were_looked_at(self) -> None:
        host = self.ignored()
        host["risks"] = {"web": {}}
        assert hosts.found(host) == hosts.HEALTHY


class TestProtocols:
    """What is spoken to a port that does not have it."""

    LOST: Dict[str, Any] = {
        "hello": {"visitors": 3},
        "proxied": {"visitors": 1, "requests": 12, "internal": True},
        "plain": {"visitors": 3, "internal": True},
    }

    @pytest.mark.parametrize("kind", LOST)
    def test_hit_fewer_pages_came(self, kind: str) -> None:
        host = visited(kind, kind, status=400, path=kind, others=4, **self.LOST[kind])
        assert hosts.found(host) == hosts.UNKNOWN and notes(host) == ["visitors"]

    @pytest.mark.parametrize(
        "kind, facts",
        [
            ("hello", {"visitors": 2}),
            ("proxied", {"requests": 9}),
            ("proxied", {"internal": False}),
            ("proxied", {"since": 3}),
            ("plain", {"internal": False}),
            ("plain", {"since": 2}),
            ("plain", {"visitors": 2}),
        ],
    )
    def test_decoy_a_scanner(self, kind: str, facts: Dict[str, Any]) -> None:
        host = visited(kind, kind, status=400, path=kind, others=4, **{**self.LOST[kind], **facts})
        assert hosts.found(host) == hosts.HEALTHY and notes(host) == ["other_protocol"]

    @pytest.mark.parametrize("kind", ["hello", "proxied", "plain"])
    def test_near_miss_as_many_pages_came(self, kind: str) -> None:
        host = visited(kind, kind, status=400, path=kind, others=5)
        assert hosts.found(host) == hosts.HEALTHY and notes(host) == ["other_protocol"]
        few = visited(kind, kind, status=400, path=kind, requests=2)
        assert hosts.found(few) == hosts.HEALTHY and not notes(few)

    def test_decoy_strangers_speak_tls_to_port_80(self) -> None:
        host = visited("hello", "", status=400, path="hello")
        assert hosts.found(host) == hosts.HEALTHY and not notes(host)

    def test_the_listen_is_named(self) -> None:
        why = hosts.verdict(visited("hello", "hello", path="hello"))["missing"][0]["why"]
        assert why.endswith("as long as listen has no ssl: /etc/nginx/nginx.conf:9: try_files x =404")


class TestExpired:
    """Forms with 419."""

    def test_hit_no_form_arrives(self) -> None:
        host = visited("expired", "", status=419, path="/login", visitors=2)
        assert hosts.found(host) == hosts.HEALTHY and notes(host) == ["failed_script"]
        assert "5 forms with 419, such as to /login" in hosts.verdict(host)["missing"][0]["why"]

    def test_near_miss_one_form_alone(self) -> None:
        host = visited("expired", "", status=419, path="/login", paths=1)
        assert hosts.found(host) == hosts.HEALTHY and notes(host) == ["failed_script"]

    @pytest.mark.parametrize("facts", [{"requests": 4}, {"visitors": 1}])
    def test_decoy_few_or_one_visitor(self, facts: Any) -> None:
        assert notes(visited("expired", "", status=419, path="/login", **facts)) == []


class TestDenied:
    """Forms with nginx's own 403."""

    def test_hit_nginx_refuses_each(self) -> None:
        host = visited("denied", "denied", status=403, path="/cart", visitors=2)
        assert hosts.found(host) == hosts.HEALTHY and notes(host) == ["refused_method"]
        why = hosts.verdict(host)["missing"][0]["why"]
        assert "5 requests that send something with a 403 of nginx's size, such as to /cart" in why
        assert why.endswith("though they see pages: /etc/nginx/nginx.conf:9: try_files x =404")

    @pytest.mark.parametrize("way", ["", "cached"])
    def test_near_miss_nothing_in_the_files_refuses(self, way: str) -> None:
        assert notes(visited("denied", way, status=403, path="/cart")) == []

    @pytest.mark.parametrize("facts", [{"requests": 4}, {"visitors": 1}])
    def test_decoy_few_or_one_visitor(self, facts: Any) -> None:
        assert notes(visited("denied", "denied", status=403, path="/cart", **facts)) == []


# Of reasons that no saved snapshot shows; see rules/test_registry.py.
HITS: Dict[str, Callable[[], Host]] = {
    "no_path_info": visited,
    "server_ignored": lambda: TestIgnoredServer().ignored(),
}
