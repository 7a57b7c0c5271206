# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Failed tries that nginx passed on, and those that were lost requests."""

from typing import Any, Dict, List, Optional, Tuple

import pytest
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules import hosts
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.hosts import (
    Host,
    a_host,
    port,
)
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.parts import key, place

DEAD = "127.0.0.1:8000"
CRASH = "ng-premature-header"
REFUSED = "ng-connect-econnrefused-tcp"
SEGFAULT = ("invalid_response", "segfault")
MISMATCH = ("socket_path_mismatch", "tcp_vs_unix")


def with_dead_server(words: Any = (), backup: bool = False) -> Host:
    """The live socket, and a port where nobody listens."""
    host = a_host().dialled("ok", None, "answered", 2.0).silent_logs()
    facts = dict(place(host), **port("127.0.0.1", 8000, listening=False, listeners=[]))
    host.second_server(facts, DEAD, backup)
    dead = host["endpoints"][DEAD]
    dead["connect"].update(result="refused", errno=111, error="Connection refused")
    dead["probe"].update(result="not_tried", ms=None)
    return host.on_every_route(next_upstream=list(words))


def counts(host: Host) -> Dict[Tuple[str, str], int]:
    return {(item["cause"], item["reason"]): item["count"] for item in hosts.verdict(host)["findings"]}


def losses(host: Host) -> List[str]:
    return [entry["why"] for entry in hosts.verdict(host)["missing"] if entry["what"] == "cause_of_losses"]


class TestDeadSpare:
    def test_what_another_server_answered_was_not_lost(self) -> None:
        host = with_dead_server().nginx_said(REFUSED, 60.0, 30.0, endpoint=DEAD)
        assert counts(host) == {MISMATCH: 0} and hosts.status(host) == "degraded"
        item = hosts.only(host)
        assert (item["severity"], item["remedy"]) == ("warning", [])
        assert "answers in its place" in item["summary"]

    @pytest.mark.parametrize("words", [["off"], ["timeout"], ["http_502"]])
    def test_where_nginx_may_not_go_on_it_was(self, words: List[str]) -> None:
        host = with_dead_server(words).nginx_said(REFUSED, 60.0, 30.0, endpoint=DEAD)
        assert counts(host) == {MISMATCH: 2}
        # To dial the live one twice would help nobody.
        assert hosts.only(host)["remedy"] == []

    def test_a_saved_snapshot_from_before_is_judged_as_it_was(self) -> None:
        host = with_dead_server().nginx_said(REFUSED, 60.0, 30.0, endpoint=DEAD)
        for route in host["nginx"]["routes"]:
            del route["next_upstream"]
        assert counts(host) == {MISMATCH: 2}

    def test_another_site_that_dials_the_dead_one_alone_lost_it(self) -> None:
        host = with_dead_server().nginx_said(REFUSED, 60.0, endpoint=DEAD)
        targets = [
            dict(target) for target in host["nginx"]["routes"][0]["endpoints"] if target["endpoint"] == DEAD
        ]
        host.another_site("blog.example", endpoints=targets)
        host["logs"]["events"][-1]["site"] = "blog.example"
        assert counts(host) == {MISMATCH: 1}


class TestLimits:
    """fastcgi_next_upstream_tries and fastcgi_next_upstream_timeout end a request before it comes to the live
    server.
    """

    OTHER = "127.0.0.1:8001"

    def two_dead(self, *ago: float, **limits: float) -> Host:
        """Each request failed on both, the first one first."""
        host = with_dead_server().on_every_route(**limits)
        host.second_server(host["endpoints"][DEAD], self.OTHER)
        if ago:
            host.nginx_said(REFUSED, *ago, endpoint=DEAD, passed=True)
            host.nginx_said(REFUSED, *ago, endpoint=self.OTHER)
        return host

    def by_endpoint(self, host: Host) -> Dict[str, int]:
        return {item["endpoint"]: item["count"] for item in hosts.verdict(host)["findings"]}

    def test_hit_both_tries_of_two_were_of_dead_servers(self) -> None:
        host = self.two_dead(60.0, 30.0, next_tries=2)
        assert self.by_endpoint(host) == {DEAD: 0, self.OTHER: 2}
        words = [item["summary"] for item in hosts.verdict(host)["findings"]]
        assert all("but not to each request: nginx asks 2 servers at most" in each for each in words)

    def test_hit_the_first_try_took_all_the_time(self) -> None:
        host = with_dead_server().on_every_route(next_seconds=10.0)
        host["endpoints"][DEAD]["connect"].update(result="timeout", errno=110)
        host.nginx_said("ng-timeout-connect", 60.0, endpoint=DEAD)
        assert sum(counts(host).values()) + len(losses(host)) == 1

    def test_near_miss_a_third_try_is_left(self) -> None:
        host = self.two_dead(60.0, 30.0, next_tries=3)
        assert self.by_endpoint(host) == {DEAD: 0, self.OTHER: 0}
        assert "not to each request" not in hosts.verdict(host)["findings"][0]["summary"]

    def test_near_miss_the_second_try_came_to_the_live_one(self) -> None:
        host = self.two_dead(next_tries=2).nginx_said(REFUSED, 60.0, endpoint=DEAD)
        assert self.by_endpoint(host) == {DEAD: 0, self.OTHER: 0}

    def test_near_miss_the_first_try_was_over_in_time(self) -> None:
        host = with_dead_server().on_every_route(next_seconds=90.0)
        host["endpoints"][DEAD]["connect"].update(result="timeout", errno=110)
        host.nginx_said("ng-timeout-connect", 60.0, endpoint=DEAD)
        assert sum(counts(host).values()) + len(losses(host)) == 0

    def test_decoy_no_limit(self) -> None:
        assert self.by_endpoint(self.two_dead(60.0, 30.0)) == {DEAD: 0, self.OTHER: 0}


class TestCrashBesideIt:
    """A worker crashes, and the only other server is dead."""

    def crashed(self, passed: bool) -> Host:
        """passed: the crash came first, and nginx went on to the dead one; else the other way round."""
        host = with_dead_server().fpm_said("fpm-exit-sigsegv", 60.0)
        marks: Tuple[Dict[str, Any], Dict[str, Any]] = ({"passed": True}, {})
        of_crash, of_dead = marks if passed else marks[::-1]
        host.nginx_said(CRASH, 60.0, **of_crash)
        return host.nginx_said(REFUSED, 60.0, endpoint=DEAD, **of_dead)

    @pytest.mark.parametrize("passed", [True, False])
    def test_the_request_counts_once_as_a_crash(self, passed: bool) -> None:
        assert counts(self.crashed(passed)) == {SEGFAULT: 1, MISMATCH: 0}

    @pytest.mark.parametrize("passed", [True, False])
    def test_what_found_no_live_server_then_is_of_the_crash(self, passed: bool) -> None:
        host = self.crashed(passed).nginx_said("ng-no-live", 58.0, 55.0, 52.0, endpoint="php")
        assert counts(host) == {SEGFAULT: 4, MISMATCH: 0} and not losses(host)

    def test_a_line_that_no_server_was_left_counts_once(self) -> None:
        """The crash and the line are of one request, while the dead one is out."""
        host = with_dead_server().fpm_said("fpm-exit-sigsegv", 60.0)
        host.nginx_said(REFUSED, 62.0, endpoint=DEAD)
        host.nginx_said(CRASH, 60.0, passed=True, none_left=True)
        host.nginx_said("ng-no-live", 60.0, endpoint="php")
        assert counts(host) == {SEGFAULT: 1, MISMATCH: 0} and not losses(host)

    @pytest.mark.parametrize("seconds, expected", [(10.0, 1), (900.0, 2)])
    def test_a_crash_takes_its_server_out_for_so_long(self, seconds: float, expected: int) -> None:
        host = with_dead_server().fpm_said("fpm-exit-sigsegv", 660.0).nginx_said(CRASH, 660.0)
        for target in host["nginx"]["routes"][0]["endpoints"]:
            target["fail_timeout"] = seconds
        host.nginx_said("ng-no-live", 60.0, endpoint="php")
        assert counts(host)[SEGFAULT] == expected

    def test_near_miss_another_upstream_without_a_live_server(self) -> None:
        host = self.crashed(True).nginx_said("ng-no-live", 58.0, endpoint="other")
        assert counts(host) == {SEGFAULT: 1, MISMATCH: 0}

    def test_a_post_that_was_sent_is_not_passed_on(self) -> None:
        host = with_dead_server().fpm_said("fpm-exit-sigsegv", 60.0).nginx_said(CRASH, 60.0, passed=False)
        assert counts(host)[SEGFAULT] == 1


class TestTwoLive:
    def two(self) -> Host:
        host = a_host().dialled("ok", None, "answered", 2.0).silent_logs()
        return host.second_server(place(host)).on_every_route(next_upstream=[])

    def test_what_the_other_answered_was_not_lost(self) -> None:
        host = self.two().nginx_said("ng-connect-enoent", 60.0)
        assert hosts.found(host) == ([], "healthy")

    def test_a_timeout_on_both_counts_on_the_second(self) -> None:
        host = self.two().nginx_said("ng-timeout-header", 90.0, passed=True)
        host.nginx_said("ng-timeout-header", 30.0, endpoint="unix:/run/php/second.sock")
        assert counts(host) == {("fastcgi_read_timeout", "slow_script"): 1}

    def test_both_dead_counts_once(self) -> None:
        host = self.two().nginx_said("ng-connect-enoent", 60.0, passed=True)
        host.nginx_said("ng-connect-enoent", 60.0, endpoint="unix:/run/php/second.sock")
        for facts in host["endpoints"].values():
            facts["probe"].update(result="not_tried")
            facts["connect"].update(result="missing", errno=2)
        assert sum(item["count"] for item in hosts.verdict(host)["findings"]) + len(losses(host)) <= 2


class TestNames:
    def by_name(self, live: str = "127.0.0.1") -> Host:
        """localhost is two addresses, of which one has a listener."""
        host = a_host("wrong_port").silent_logs()
        host.dials("localhost:9000", **port("localhost", 9000, family="name"))
        host.dialled("ok", None, "answered", 2.0).with_endpoint(
            addresses=[
                {"address": each, "result": "ok" if each == live else "refused", "errno": None}
                for each in ("127.0.0.1", "::1")
            ]
        )
        for each in place(host)["addresses"]:
            each["probe"] = "answered" if each["result"] == "ok" else "not_tried"
        return host.on_every_route(next_upstream=[])

    def test_the_dead_address_is_a_note(self) -> None:
        host = self.by_name().nginx_said(REFUSED, 60.0, 50.0, endpoint="[::1]:9000")
        notes = [entry for entry in hosts.verdict(host)["missing"] if entry["what"] == "spare_address"]
        assert len(notes) == 1 and notes[0]["why"].endswith("write 127.0.0.1:9000")
        assert not losses(host)

    @pytest.mark.parametrize("words, state", [(["off"], "active"), ([], None)])
    def test_hit_the_next_address_is_not_asked(self, words: List[str], state: Optional[str]) -> None:
        """Though php-fpm was started at that moment."""
        host = self.by_name().on_every_route(next_upstream=words).ran_since(60.0)
        host.nginx_said(REFUSED, 61.0, 60.0, endpoint="[::1]:9000")
        found = [(MISMATCH[0], "address_family", state)] if state else []
        assert hosts.found(host)[0] == found and not losses(host)

    def test_near_miss_php_fpm_was_started_since(self) -> None:
        host = self.by_name().on_every_route(next_upstream=["off"]).ran_since(60.0)
        host.nginx_said(REFUSED, 61.0, 60.5, endpoint="127.0.0.1:9000")
        assert [cause for cause, _reason, _state in hosts.causes(host)] == ["fpm_not_running"]

    def test_decoy_no_address_answers(self) -> None:
        host = self.by_name("::ffff").on_every_route(next_upstream=["off"])
        host.dialled("refused", 111, "not_tried").nginx_said(REFUSED, 60.0, endpoint="[::1]:9000")
        assert (MISMATCH[0], "address_family", "active") not in hosts.causes(host)

    def test_near_miss_a_refusal_of_the_live_address_is_no_note(self) -> None:
        host = self.by_name().nginx_said(REFUSED, 60.0, endpoint="[::1]:9000", passed=True)
        host.nginx_said(REFUSED, 60.0, endpoint="127.0.0.1:9000")
        assert counts(host) or losses(host)


class TestOtherUpstreams:
    @pytest.mark.parametrize(
        "endpoint, signature, words",
        [
            ("http://127.0.0.1:3000", REFUSED, "nobody listens there (connection refused)"),
            ("grpc://127.0.0.1:50051", "ng-timeout-header", "no answer in time"),
            ("uwsgi://unix:/run/app.sock", "ng-connect-enoent", "its socket is not there"),
            ("http://app", "ng-no-live", "2 lost requests of http://app"),
        ],
    )
    def test_their_losses_are_a_note(self, endpoint: str, signature: str, words: str) -> None:
        host = a_host().dialled("ok", None, "answered", 2.0).silent_logs()
        host.nginx_said(signature, 60.0, 50.0, endpoint=endpoint)
        notes = [
            entry["why"] for entry in hosts.verdict(host)["missing"] if entry["what"] == "other_upstream"
        ]
        assert hosts.found(host) == ([], "healthy")
        assert len(notes) == 1 and notes[0].startswith("2 lost requests of") and words in notes[0]

    def test_one_on_another_host_has_no_reason(self) -> None:
        host = a_host().dialled("ok", None, "answered", 2.0).silent_logs()
        host.nginx_said(REFUSED, 60.0, endpoint="http://192.0.2.7:3000")
        notes = [
            entry["why"] for entry in hosts.verdict(host)["missing"] if entry["what"] == "other_upstream"
        ]
        assert notes == ["1 lost requests of http://192.0.2.7:3000, which is not php-fpm"]

    def test_a_line_that_no_row_knows_is_shown_whole(self) -> None:
        host = a_host().dialled("ok", None, "answered", 2.0).silent_logs().nginx_said("ng-unknown", 60.0)
        assert hosts.status(host) == "degraded" and len(losses(host)) == 1 and key(host)
