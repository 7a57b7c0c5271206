# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""fastcgi_pass with a variable that a map sets."""

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.rules.losses import mapped as mapped_module
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules import hosts
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.hosts import Host, a_host
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.parts import place

OLD = "unix:/run/php/old.sock"
MISMATCH = ("socket_path_mismatch", "other_socket", "active")


def mapped(*ago: float, dead: bool = True) -> Host:
    """The map leads to the pool's socket, and to another one. ago: what was lost there. dead: nobody listens
    there.
    """
    host = a_host().dialled("ok", None, "answered", 2.0).silent_logs()
    facts = dict(place(host), **hosts.unix(OLD[len("unix:") :]))
    if dead:
        facts["connect"] = dict(facts["connect"], result="missing", errno=2, error="No such file")
        facts["probe"] = dict(facts["probe"], result="not_tried", ms=None)
        facts.update(listening=False, listeners=[])
    host.with_endpoint_of(OLD, facts)
    if ago:
        host.nginx_said("ng-connect-enoent", *ago, endpoint=OLD)
    for route in host["nginx"]["routes"]:
        first = route["endpoints"][0]
        route["candidates"] = [dict(first), dict(first, endpoint=OLD, written=OLD)]
        route.update(endpoints=[], variable=True)
    return host


def captured(*ago: float, written: str = "unix:/run/php/$pool.sock", answers: bool = False) -> Host:
    """A part of the request decides, and its log names where it led."""
    host = mapped(*ago)
    facts = host["endpoints"].pop(OLD)
    if answers:
        facts["probe"] = dict(facts["probe"], result="answered", ms=1.0)
        facts["connect"] = dict(facts["connect"], result="ok")
    host["older"] = {"endpoints": {OLD: facts}, "refusal": None}
    for route in host["nginx"]["routes"]:
        del route["candidates"]
        route["pass"] = written
    return host


class TestCaptured:
    def test_hit_likely_where_others_may_write_in_the_log(self) -> None:
        host = captured(30.0, 20.0)
        assert hosts.causes(host) == [MISMATCH] and hosts.only(host)["confidence"] == "likely"
        assert hosts.actions(host) == []

    def test_near_miss_a_stranger_may_have_asked_for_it(self) -> None:
        """The same line leads to a pool that answers: visitors choose which."""
        item = hosts.only(captured(30.0))
        assert (item["remedy"], hosts.status(captured(30.0))) == ([], "degraded")

    def test_hit_nobody_is_served(self) -> None:
        host = captured(30.0)
        for facts in host["endpoints"].values():
            facts["probe"] = dict(facts["probe"], result="not_tried")
        assert hosts.found(host) == ([MISMATCH], "failing")

    def asked_for(self, fault: str) -> Host:
        """The pool of that fault stands where a visitor chose to go: nobody looked at what serves others."""
        host = a_host(fault)
        route = host["nginx"]["routes"][0]
        endpoint = route["endpoints"][0]["endpoint"]
        host["older"] = {"endpoints": {endpoint: host["endpoints"].pop(endpoint)}, "refusal": None}
        folder = endpoint.rpartition("/")[0]
        for each in host["nginx"]["routes"]:
            each.update({"pass": folder + "/$http_host.sock", "endpoints": [], "variable": True})
        return host

    @pytest.mark.parametrize("fault", ["socket_0600", "home_directory", "stopped_disabled"])
    def test_near_miss_no_door_is_opened_for_a_visitor(self, fault: str) -> None:
        assert hosts.actions(a_host(fault)) and hosts.causes(self.asked_for(fault))
        assert hosts.actions(self.asked_for(fault)) == []

    def test_hit_what_ought_to_run_is_started(self) -> None:
        assert hosts.actions(self.asked_for("stopped")) == ["unit_start"]

    def test_what_fails_costs_no_other_finding(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("%s.can_become" % mapped_module.__name__, lambda *_any: 1 / 0)
        item = hosts.only(captured(30.0))
        assert (item["cause"], item["confidence"], item["remedy"]) == (MISMATCH[0], "possible", [])

    def test_near_miss_the_files_cannot_lead_there(self) -> None:
        assert hosts.causes(captured(30.0, written="unix:/srv/$pool.sock")) == []

    def test_near_miss_nobody_looked_there(self) -> None:
        host = captured(30.0)
        host["older"]["endpoints"] = {}
        assert hosts.causes(host) == []

    def test_decoy_it_answers_by_now(self) -> None:
        assert not [
            item
            for item in hosts.verdict(captured(30.0, answers=True))["findings"]
            if item["state"] == "active"
        ]


class TestMapped:
    def test_hit_requests_were_lost_where_it_leads(self) -> None:
        host = mapped(30.0, 20.0)
        assert hosts.found(host) == ([MISMATCH], "degraded")
        assert hosts.only(host)["count"] == 2 and hosts.actions(host) == []

    def test_near_miss_nobody_comes_to_the_dead_place(self) -> None:
        assert hosts.found(mapped()) == ([], "unknown")

    def test_near_miss_another_site_lost_them(self) -> None:
        host = mapped(30.0)
        host["logs"]["events"][-1]["site"] = "blog.example"
        assert hosts.causes(host) == []

    def test_decoy_each_place_answers(self) -> None:
        assert hosts.found(mapped(dead=False)) == hosts.HEALTHY
