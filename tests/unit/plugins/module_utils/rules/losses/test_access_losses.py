# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the error log is silent, the access log and php-fpm's own log are the evidence."""

from typing import Any, List, Tuple

import pytest
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules import hosts
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.hosts import Host, a_host

SEGFAULT = [("invalid_response", "segfault", "active")]
SLOW = [("fastcgi_read_timeout", "slow_script", "active")]
FULL = [("max_children_exhausted", "max_children", "recovered")]
TERMINATED = [("request_terminated", "request_terminate_timeout", "active")]
OTHER = "unix:/run/php/other.sock"


def silent(fault: str = "plain", **facts: Any) -> Host:
    """nginx said nothing of what happened there."""
    host = a_host(fault)
    return host.without_events("nginx").logging(**facts)


def crashed(*ago: float, **facts: Any) -> Host:
    return silent(**facts).fpm_said("fpm-exit-sigsegv", *ago)


def notes(host: Host, what: str) -> List[str]:
    return [entry["why"] for entry in hosts.verdict(host)["missing"] if entry["what"] == what]


def two_sites(*ago: float, **facts: Any) -> Host:
    """They share an access log that names neither, and the second dials a pool of its own. Losses: ago."""
    host = silent().another_site("blog.example")
    second = host["nginx"]["routes"][-1]
    second["endpoints"] = [dict(second["endpoints"][0], endpoint=OTHER, written=OTHER)]
    host.with_endpoint_of(OTHER, dict(hosts.place(host), **hosts.unix(OTHER[len("unix:") :])))
    host.another_pool(name="blog", endpoint=OTHER)
    return host.logging(**facts).answered("access-502", *ago, site=None)


class TestCrash:
    def test_hit_the_access_log_counts_what_the_error_log_hides(self) -> None:
        host = crashed(30, 20, 10).answered("access-502", 30, 20, 10)
        assert hosts.found(host) == (SEGFAULT, "degraded")
        item = hosts.only(host)
        assert (item["count"], item["confidence"], item["since"]) == (3, "likely", hosts.now(host) - 30)
        assert [piece["source"] for piece in item["evidence"]] == ["fpm_log", "nginx_access_log"]

    def test_hit_php_fpms_log_alone(self) -> None:
        host = crashed(30, unlogged=["off"])
        assert hosts.found(host) == (SEGFAULT, "degraded")
        assert hosts.only(host)["count"] == 0 and "no log tells" in hosts.only(host)["summary"]

    def test_near_miss_a_worker_that_lost_nobody(self) -> None:
        assert hosts.found(crashed(30)) == hosts.HEALTHY

    def test_near_miss_a_502_at_another_time(self) -> None:
        host = crashed(300).answered("access-502", 10)
        assert hosts.found(host) == hosts.DEGRADED
        assert "no error log tells why" in notes(host, "cause_of_losses")[0]

    def test_near_miss_killed_while_idle_perhaps(self) -> None:
        host = silent(unlogged=["off"]).fpm_said("fpm-exit-sigkill", 30)
        assert hosts.found(host) == hosts.UNKNOWN

    def test_decoy_a_502_that_was_meant(self) -> None:
        assert hosts.found(silent().answered("access-502-meant", 30)) == hosts.HEALTHY

    @pytest.mark.parametrize("status", ["500", "503", "499"])
    def test_decoy_an_answer_of_phps_own(self, status: str) -> None:
        assert hosts.found(silent().answered("access-" + status, 30)) == hosts.HEALTHY

    def test_decoy_where_the_error_log_speaks_it_is_believed(self) -> None:
        host = a_host().silent_logs().logging("error").answered("access-502", 30)
        assert hosts.found(host) == hosts.HEALTHY

    def test_decoy_an_old_snapshot_has_no_access_log(self) -> None:
        assert hosts.found(a_host().fpm_said("fpm-exit-sigsegv", 30)) == hosts.HEALTHY


class TestBrokenErrorLog:
    """It would tell of losses, and cannot be read."""

    def host(self, **facts: Any) -> Host:
        host = a_host().silent_logs().logging("error", **facts).fpm_said("fpm-exit-sigsegv", 30)
        entry = {"what": "nginx_log", "path": "/var/log/nginx/error.log", "why": "deleted", "needs": None}
        host["missing"].append(entry)
        return host

    def test_hit_the_access_log_tells(self) -> None:
        host = self.host().answered("access-502", 30)
        assert hosts.found(host) == (SEGFAULT, "degraded") and hosts.only(host)["count"] == 1

    def test_hit_php_fpms_log_alone(self) -> None:
        assert hosts.found(self.host(unlogged=["off"])) == (SEGFAULT, "degraded")

    def test_near_miss_nothing_lost_is_not_known_to_be_healthy(self) -> None:
        assert hosts.found(self.host()) == hosts.UNKNOWN

    def test_decoy_another_log_cannot_be_read(self) -> None:
        host = self.host().answered("access-502", 30)
        host["missing"][-1]["path"] = "/var/log/nginx/other.log"
        host["logs"]["files"][0]["size"] = 900
        assert hosts.found(host) == hosts.UNKNOWN


class TestEmptyErrorLog:
    """Somebody emptied it, and what it told is gone."""

    def host(self, size: int, crashed: float = 30) -> Host:
        host = a_host().silent_logs().logging("error").fpm_said("fpm-exit-sigsegv", crashed)
        host["logs"]["files"][0]["size"] = size
        return host.answered("access-502", 30, 30)

    def test_hit_a_worker_crashed_beside_a_502(self) -> None:
        host = self.host(0)
        assert hosts.found(host) == (SEGFAULT, "degraded") and hosts.only(host)["count"] == 2

    def test_hit_php_fpm_ended_a_request(self) -> None:
        host = self.host(0, 500).fpm_said("fpm-terminate", 30)
        assert hosts.found(host) == (TERMINATED, "degraded")

    def stopped(self, start: float) -> Host:
        """php-fpm was stopped when the 502s came, and runs since then."""
        host = self.host(0, 500).ran_since(start)
        stop = (32, "systemd[1]: Stopping php..."), (31, "systemd[1]: Stopped php.")
        begin = (start + 0.1, "systemd[1]: Starting php..."), (start, "systemd[1]: Started php.")
        return host.journal(*stop, *begin)

    def test_hit_php_fpm_was_stopped_then(self) -> None:
        assert hosts.found(self.stopped(25)) == ([("fpm_not_running", "stopped", "recovered")], "recovered")

    def begun(self, host: Host, ago: float) -> Host:
        """The first entry of the error log came so long ago."""
        host["logs"]["files"][0].update(size=900, begins=hosts.now(host) - ago)
        return host

    def test_hit_it_has_entries_since(self) -> None:
        found = [("fpm_not_running", "stopped", "recovered")], "recovered"
        assert hosts.found(self.begun(self.stopped(25), 20)) == found
        assert hosts.found(self.begun(self.host(0), 20)) == (SEGFAULT, "degraded")

    def test_near_miss_its_first_entry_is_older(self) -> None:
        assert hosts.found(self.begun(self.stopped(25), 31)) == hosts.HEALTHY
        assert hosts.found(self.begun(self.host(0), 31)) == hosts.HEALTHY

    def own_page(self, ago: float, own: bool = True) -> Host:
        host = self.begun(self.host(0, 500), ago)
        for event in host["access"]["events"]:
            event.update(own_page=own, sample=dict(event["sample"], path="/a.log"))
        return host

    def test_hit_nginxs_own_page_and_no_cause(self) -> None:
        host = self.own_page(20)
        assert hosts.found(host) == hosts.DEGRADED
        (note,) = notes(host, "cause_of_losses")
        assert "2 requests with 502 and nginx's own page" in note

    def test_decoy_nginxs_own_page_perhaps_of_another_program(self) -> None:
        host = self.own_page(20)
        host["access"]["other_logs"] = ["/a.log"]
        assert hosts.found(host) == hosts.HEALTHY and notes(host, "losses_elsewhere")

    def test_near_miss_nginx_is_told_to_answer_so(self) -> None:
        host = self.own_page(20)
        answer = {
            "site": "shop.example",
            "logs": [],
            "status": 502,
            "kind": "return",
            "written": "return 502",
        }
        host["access"]["own_answers"] = [dict(answer, file="/a", line=1, level=None, off=False)]
        assert hosts.found(host) == hosts.HEALTHY

    def test_near_miss_nginxs_own_page_and_an_older_error_log(self) -> None:
        assert hosts.found(self.own_page(31)) == hosts.HEALTHY

    def test_decoy_a_page_of_the_application_beside_a_stop(self) -> None:
        host = self.begun(self.stopped(25), 20)
        for event in host["access"]["events"]:
            event["own_page"] = False
        assert hosts.found(host) == hosts.HEALTHY

    def test_decoy_another_program_answers_502_in_the_same_log(self) -> None:
        host = self.stopped(25)
        host["access"]["other_logs"] = [event["sample"]["path"] for event in host["access"]["events"]]
        assert hosts.found(host) == hosts.HEALTHY
        host = self.stopped(25)
        for site in host["nginx"]["site_logs"]:
            site["others"] = True
        assert hosts.found(host) == hosts.HEALTHY

    def started(self, *before: Tuple[float, str]) -> Host:
        """php-fpm came up in the second of the 502s: nginx logs the second alone."""
        host = self.host(0, 500).ran_since(29.8)
        return host.journal(
            *before, (29.9, "systemd[1]: Starting php..."), (29.8, "systemd[1]: Started php.")
        )

    def test_near_miss_the_host_booted_in_that_second(self) -> None:
        assert hosts.found(self.started()) == hosts.HEALTHY

    def test_hit_php_fpm_was_restarted_in_that_second(self) -> None:
        stop = (30.1, "systemd[1]: Stopping php..."), (30, "systemd[1]: Stopped php.")
        assert hosts.found(self.started(*stop))[0] == [("fpm_not_running", "stopped", "recovered")]

    def test_near_miss_it_ran_by_then(self) -> None:
        assert hosts.found(self.stopped(30.9).ran_since(31.5)) == hosts.HEALTHY

    def test_near_miss_the_error_log_has_lines(self) -> None:
        """They may be older than the window."""
        assert hosts.found(self.host(900)) == hosts.HEALTHY

    def test_near_miss_its_predecessor_was_read(self) -> None:
        host = self.host(0)
        before = host["logs"]["files"][0]
        host["logs"]["files"].append(dict(before, path=before["path"] + ".1.gz", size=900))
        assert hosts.found(host) == hosts.HEALTHY

    def test_near_miss_a_crash_at_another_time(self) -> None:
        assert hosts.found(self.host(0, 500)) == hosts.HEALTHY

    def test_decoy_a_reload_beside_an_answer_of_the_page(self) -> None:
        host = self.host(0, 500).fpm_said("fpm-reloading", 30, pool=None)
        assert hosts.found(host) == hosts.HEALTHY


class TestOtherCauses:
    def test_hit_a_stopped_master_gets_its_count(self) -> None:
        host = silent("stopped", target="/dev/null").answered("access-502", 20, 10)
        item = hosts.only(host)
        assert (item["cause"], item["reason"], item["count"]) == ("fpm_not_running", "stopped", 2)
        assert hosts.status(host) == "failing"

    def back(self, start: float, *lost: float) -> Host:
        """The master started so long ago, as the unit's journal says, and runs."""
        host = silent(target="/dev/null").ran_since(start).answered("access-502", *lost)
        return host.journal((start + 0.1, "systemd[1]: Starting php..."), (start, "systemd[1]: Started php."))

    def test_hit_a_master_that_was_down_for_a_while(self) -> None:
        host = self.back(30.5, 60, 50, 40)
        assert hosts.found(host) == ([("fpm_not_running", "stopped", "recovered")], "recovered")
        assert hosts.only(host)["count"] == 3

    def test_near_miss_crashes_just_after_a_start(self) -> None:
        host = self.back(30.5, 30, 30).fpm_said("fpm-exit-sigsegv", 30)
        assert hosts.found(host) == (SEGFAULT, "degraded")

    def test_near_miss_losses_before_a_start_that_no_journal_has(self) -> None:
        assert hosts.found(self.back(30.5, 60).journal()) == hosts.DEGRADED

    def test_hit_a_504_is_a_timeout_and_changes_nothing(self) -> None:
        host = silent().answered("access-504", 150, 120, 90, 60, 30).with_first_worker(busy=True)
        assert hosts.found(host) == (SLOW, "degraded") and hosts.actions(host) == []

    def test_hit_terminated_requests(self) -> None:
        host = silent().fpm_said("fpm-terminate", 30).answered("access-502", 30)
        assert hosts.found(host) == (TERMINATED, "degraded") and hosts.only(host)["count"] == 1
        host = silent(unlogged=["off"]).fpm_said("fpm-terminate", 30)
        assert hosts.found(host) == (TERMINATED, "degraded") and hosts.only(host)["count"] == 0

    def test_near_miss_terminated_and_nothing_lost(self) -> None:
        assert hosts.found(silent().fpm_said("fpm-terminate", 30)) == hosts.HEALTHY

    def test_near_miss_a_line_about_another_endpoint(self) -> None:
        host = silent().answered("access-502", 30, endpoint="127.0.0.1:3000")
        assert hosts.found(host) == hosts.HEALTHY

    def test_what_both_logs_tell_is_counted_once(self) -> None:
        """At level crit nginx still says that a socket is missing."""
        host = silent("stopped").nginx_said("ng-connect-enoent", 20, 10).answered("access-502", 20, 10)
        assert hosts.only(host)["count"] == 2


class TestSharedLog:
    """An access log that names neither site nor upstream."""

    def test_hit_php_fpms_log_tells_whose_it_was(self) -> None:
        host = two_sites(30).fpm_said("fpm-exit-sigsegv", 30)
        assert hosts.found(host) == (SEGFAULT, "degraded")
        assert (hosts.only(host)["count"], hosts.only(host)["site"]) == (1, "shop.example")

    def test_hit_the_endpoint_that_does_not_answer_has_them(self) -> None:
        host = two_sites(30, 20)
        host["endpoints"][OTHER]["probe"]["result"] = "closed"
        assert notes(host, "cause_of_losses") and not notes(host, "losses_elsewhere")

    def test_near_miss_losses_that_nothing_explains(self) -> None:
        host = two_sites(30, 20)
        assert hosts.found(host) == hosts.DEGRADED
        assert "2 lost requests" in notes(host, "cause_of_losses")[0]
        assert len(notes(host, "cause_of_losses")) == 1

    def test_near_miss_another_program_may_have_lost_them(self) -> None:
        host = two_sites(30, 20, others=True)
        assert hosts.found(host) == hosts.HEALTHY and len(notes(host, "losses_elsewhere")) == 1

    def test_decoy_nothing_lost(self) -> None:
        host = two_sites(30)
        host["access"]["events"] = []
        assert hosts.found(host) == hosts.HEALTHY


class TestGaveUp:
    """Visitors who left while the pool was full: 499."""

    def full(self, *ago: float, signature: str = "access-499-waited") -> Host:
        host = a_host().silent_logs().logging("error").fpm_said("fpm-max-children-dynamic", 60)
        return host.answered(signature, *ago) if ago else host

    def test_hit_they_had_waited(self) -> None:
        host = self.full(60, 50, 40)
        assert hosts.found(host) == (FULL, "recovered")
        assert (hosts.only(host)["count"], hosts.only(host)["confidence"]) == (3, "likely")
        assert hosts.actions(host) == []

    def test_hit_many_left_then_and_hardly_any_else(self) -> None:
        host = self.full(60, 55, 50, 45, 40, 800, signature="access-499")
        assert hosts.found(host) == (FULL, "recovered")
        assert hosts.only(host)["confidence"] == "possible"

    @pytest.mark.parametrize(
        "ago, signature",
        [
            ((60, 50), "access-499-waited"),
            ((800, 700, 600), "access-499-waited"),
            ((60, 55, 50, 45), "access-499"),
            ((60, 55, 50, 45, 40, 800, 700, 600), "access-499"),
        ],
    )
    def test_near_miss_too_few_or_at_other_times(self, ago: Tuple[float, ...], signature: str) -> None:
        assert hosts.found(self.full(*ago, signature=signature)) == hosts.HEALTHY

    def test_decoy_the_pool_was_full_and_all_were_served(self) -> None:
        assert hosts.found(self.full()) == hosts.HEALTHY

    def test_decoy_visitors_left_a_pool_with_room(self) -> None:
        host = a_host().silent_logs().logging("error").answered("access-499-waited", 60, 50, 40)
        assert hosts.found(host) == hosts.HEALTHY


class TestTries:
    DEAD = "127.0.0.1:8000"

    def two(self) -> Host:
        """A worker crashed, beside a dead second server."""
        host = crashed(30)
        host.second_server(dict(hosts.place(host), **hosts.port("127.0.0.1", 8000)), self.DEAD)
        host.with_probe_of(self.DEAD, result="not_tried")
        host["endpoints"][self.DEAD]["connect"].update(result="refused", errno=111)
        return host.on_every_route(next_upstream=[])

    def counts(self, host: Host) -> List[Tuple[str, int]]:
        return sorted((item["cause"], item["count"]) for item in hosts.verdict(host)["findings"])

    def test_hit_the_server_that_should_have_answered(self) -> None:
        tried = [hosts.key(self.two()), self.DEAD]
        host = self.two().answered("access-502", 30, endpoint=self.DEAD, tried=tried)
        assert self.counts(host) == [("invalid_response", 1), ("socket_path_mismatch", 0)]

    def test_hit_no_server_was_left_after_it(self) -> None:
        tried = [hosts.key(self.two()), self.DEAD]
        host = self.two().answered("access-502", 30, endpoint=self.DEAD, tried=tried)
        host.answered("access-502", 29, 28, none_left=True).fpm_said("fpm-exit-sigsegv", 29, 28)
        assert self.counts(host) == [("invalid_response", 3), ("socket_path_mismatch", 0)]

    def test_near_miss_only_the_dead_one_was_tried(self) -> None:
        host = self.two().answered("access-502", 30, endpoint=self.DEAD)
        assert ("socket_path_mismatch", 1) in self.counts(host)
