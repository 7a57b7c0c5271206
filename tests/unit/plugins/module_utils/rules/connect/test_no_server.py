# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Upstreams of which nginx asks no server."""

from typing import Any, Callable, Dict

from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules import hosts
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.hosts import Host, a_host
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.parts import key, place

SECOND = "unix:/run/php/second.sock"
NO_LIVE = "ng-no-live"


def an_upstream(**facts: Any) -> Host:
    """Of one server that answers. facts: of its line."""
    host = a_host().dialled("ok", None, "answered", 2.0).silent_logs()
    host.with_route(upstream="php").on_every_route(next_upstream=[])
    for route in host["nginx"]["routes"]:
        route["endpoints"][0].update(facts)
    return host


def both_failed(*ago: float, **facts: Any) -> Host:
    """Of two servers, which both failed and answer again. facts: of their lines."""
    host = an_upstream()
    host.second_server(place(host), SECOND)
    for target in host["nginx"]["routes"][0]["endpoints"]:
        target.update(facts)
    pids = host["nginx"]["workers"][:1]
    host.nginx_said("ng-connect-enoent", *ago, passed=True, pids=pids)
    return host.nginx_said("ng-connect-enoent", *ago, endpoint=SECOND, pids=pids)


class TestAllDown:
    FOUND = [("no_live_server", "all_down", "active")]

    def test_hit_the_only_server(self) -> None:
        host = an_upstream(down=True).nginx_said(NO_LIVE, 30.0, 20.0, endpoint="php")
        assert hosts.found(host) == (self.FOUND, "failing")
        item = hosts.only(host)
        assert (item["count"], item["confidence"], item["sites"]) == (2, "certain", ["shop.example"])
        assert item["evidence"][0]["line"] == host["nginx"]["routes"][0]["endpoints"][0]["line"]

    def test_hit_before_anybody_asked(self) -> None:
        assert hosts.found(an_upstream(down=True)) == (self.FOUND, "failing")

    def test_hit_another_site_is_well(self) -> None:
        host = an_upstream().another_site("blog.example", server={"file": "/blog", "line": 1}, upstream="b")
        host["nginx"]["routes"][-1]["endpoints"] = [
            dict(target, down=True) for target in host["nginx"]["routes"][0]["endpoints"]
        ]
        assert hosts.found(host) == (self.FOUND, "degraded")

    def test_near_miss_nginx_has_not_loaded_it(self) -> None:
        host = an_upstream(down=True)
        file = host["nginx"]["routes"][0]["endpoints"][0]["file"]
        host.with_nginx(loaded={"at": hosts.now(host) - 600, "newer_files": [file], "replaced": False})
        assert hosts.causes(host) == [("no_live_server", "all_down", "latent")]

    def test_decoy_another_server_is_not(self) -> None:
        host = an_upstream(down=True)
        host.second_server(place(host), SECOND)
        host["nginx"]["routes"][0]["endpoints"][1]["down"] = False
        assert hosts.found(host) == hosts.HEALTHY


class TestMaxConns:
    FOUND = ("no_live_server", "max_conns")

    def test_hit(self) -> None:
        host = an_upstream(max_conns=1).nginx_said(NO_LIVE, 30.0, 20.0, endpoint="php")
        assert hosts.found(host) == ([self.FOUND + ("active",)], "degraded")
        assert hosts.only(host)["count"] == 2 and "max_conns=1" in hosts.only(host)["evidence"][0]["text"]

    def test_near_miss_a_server_failed_before(self) -> None:
        host = both_failed(40.0, max_conns=5).nginx_said(NO_LIVE, 39.0, endpoint="php")
        assert self.FOUND not in [found[:2] for found in hosts.causes(host)]

    def since(self, seconds: float = 60.0, **facts: Any) -> Host:
        """nginx has loaded its files since, where they are what the facts say."""
        host = an_upstream(**facts).nginx_said(NO_LIVE, 300.0, endpoint="php")
        at = hosts.now(host) - seconds
        path = host["nginx"]["routes"][0]["endpoints"][0]["file"]
        host.with_nginx(
            config_newer=False, config_changed_at=at, changes=[{"path": path, "at": at, "sites": []}]
        )
        return host.with_nginx(loaded={"at": at + 1, "newer_files": [], "replaced": False})

    def test_hit_its_file_was_changed_and_the_limit_is_there(self) -> None:
        host = self.since(max_conns=9)
        assert hosts.found(host) == ([self.FOUND + ("active",)], "degraded")
        assert "nothing shows that" in str(hosts.only(host)["evidence"])

    def test_hit_another_file_was_changed(self) -> None:
        host = self.since(max_conns=9)
        host["nginx"]["changes"][0]["path"] = "/etc/nginx/nginx.conf"
        assert hosts.found(host) == ([self.FOUND + ("active",)], "degraded")
        assert "nothing shows that" not in str(hosts.only(host)["evidence"])

    def test_near_miss_the_limit_is_gone_since(self) -> None:
        gone = [("no_live_server", "none_left", "recovered")]
        assert hosts.found(self.since()) == (gone, "recovered")

    def test_decoy_it_was_lost_after_that_was_loaded(self) -> None:
        host = self.since(seconds=400.0)
        assert hosts.found(host) == ([("no_live_server", "none_left", "active")], "degraded")

    def test_decoy_a_name_may_have_had_no_address(self) -> None:
        host = self.since()
        host["nginx"]["routes"][0]["endpoints"][0]["endpoint"] = "php.example:9000"
        assert ("no_live_server", "none_left", "recovered") not in hosts.causes(host)

    def test_decoy_the_other_server_is_marked_down(self) -> None:
        host = self.since(max_conns=9)
        host.second_server(place(host), SECOND)
        second = host["nginx"]["routes"][0]["endpoints"][1]
        second.pop("max_conns", None)
        second["down"] = True
        assert self.FOUND + ("active",) in hosts.causes(host)

    def test_an_only_server_without_a_limit_is_told_as_it_is(self) -> None:
        host = an_upstream().nginx_said(NO_LIVE, 30.0, endpoint="php")
        assert hosts.found(host) == ([("no_live_server", "none_left", "active")], "degraded")
        assert hosts.only(host)["confidence"] == "possible"

    def test_near_miss_a_server_marked_down_is_one_more(self) -> None:
        host = both_failed(40.0).nginx_said(NO_LIVE, 39.0, endpoint="php")
        host["nginx"]["routes"][0]["endpoints"][1]["down"] = True
        assert "none_left" not in [found[1] for found in hosts.causes(host)]

    def test_decoy_a_limit_that_nobody_reached(self) -> None:
        assert hosts.found(an_upstream(max_conns=1)) == hosts.HEALTHY

    def test_decoy_another_upstream(self) -> None:
        host = an_upstream(max_conns=1).nginx_said(NO_LIVE, 30.0, endpoint="java")
        assert self.FOUND not in [found[:2] for found in hosts.causes(host)]


class TestTakenOut:
    FOUND = ("no_live_server", "taken_out", "active")

    def out(self, *ago: float, **facts: Any) -> Host:
        host = both_failed(*ago, **facts)
        pids = host["nginx"]["workers"][:1]
        return host.nginx_said(NO_LIVE, ago[-1] - 5, endpoint="php", pids=pids)

    def test_hit_for_ten_minutes(self) -> None:
        host = self.out(60.0, fail_timeout=600.0)
        assert self.FOUND in hosts.causes(host) and hosts.status(host) == "failing"

    def test_near_miss_the_time_is_over(self) -> None:
        assert self.FOUND not in hosts.causes(self.out(60.0))
        assert self.FOUND not in hosts.causes(self.out(700.0, fail_timeout=600.0))

    def test_near_miss_workers_of_before_a_reload(self) -> None:
        host = self.out(60.0, fail_timeout=600.0).with_nginx(workers=[99991, 99992])
        assert self.FOUND not in hosts.causes(host)

    def test_near_miss_no_failure_takes_one_of_them_out(self) -> None:
        host = self.out(60.0, fail_timeout=600.0)
        host["nginx"]["routes"][0]["endpoints"][0]["max_fails"] = 0
        assert self.FOUND not in hosts.causes(host)

    def test_near_miss_more_failures_are_allowed(self) -> None:
        assert self.FOUND not in hosts.causes(self.out(60.0, fail_timeout=600.0, max_fails=2))
        assert self.FOUND in hosts.causes(self.out(60.0, 59.0, fail_timeout=600.0, max_fails=2))

    def test_near_miss_none_of_them_answers(self) -> None:
        host = self.out(60.0, fail_timeout=600.0)
        for name in (key(host), SECOND):
            host.with_probe_of(name, result="no_answer")
        assert self.FOUND not in hosts.causes(host)

    def test_decoy_the_third_one_never_failed(self) -> None:
        host = self.out(60.0, fail_timeout=600.0)
        host.second_server(place(host), "unix:/run/php/third.sock")
        assert self.FOUND not in hosts.causes(host)


# Of reasons that no saved snapshot shows; see rules/test_registry.py.
HITS: Dict[str, Callable[[], Host]] = {
    "none_left": lambda: an_upstream().nginx_said(NO_LIVE, 30.0, endpoint="php")
}
