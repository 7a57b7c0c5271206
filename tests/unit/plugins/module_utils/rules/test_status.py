# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The status of a host, and of an upstream with several servers."""

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.rules.status import NEEDED_FOR_HEALTH
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules import hosts
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.hosts import Host, a_host

MISMATCH = "socket_path_mismatch"


class TestStatus:
    @pytest.mark.parametrize(
        "fault, status",
        [
            ("stopped", "failing"),
            ("two_path_and_exhausted", "failing"),
            ("one_vhost_wrong", "degraded"),
            ("segfault", "degraded"),
            ("was_down", "recovered"),
            ("plain", "healthy"),
            ("old_502s", "healthy"),
            ("no_php", "not_applicable"),
        ],
    )
    def test_of_real_hosts(self, fault: str, status: str) -> None:
        assert hosts.status(a_host(fault)) == status

    def test_the_active_finding_decides_beside_a_recovered_one(self) -> None:
        host = a_host("slow_location").nginx_said("ng-connect-enoent", 500.0).ran_since(400.0)
        assert hosts.found(host) == (
            [
                ("fastcgi_read_timeout", "slow_script", "active"),
                ("fpm_not_running", "stopped", "recovered"),
            ],
            "degraded",
        )


class TestUnseen:
    @pytest.mark.parametrize("what", sorted(NEEDED_FOR_HEALTH))
    def test_what_health_depends_on_makes_it_unknown(self, what: str) -> None:
        assert hosts.status(a_host().unseen(what)) == "unknown"

    @pytest.mark.parametrize("what", ["kernel_log", "unit_log", "fpm_log", "worker_memory", "socket_backlog"])
    def test_what_only_tells_why_does_not_cost_the_health(self, what: str) -> None:
        assert hosts.status(a_host().unseen(what)) == "healthy"

    def test_failing_wins(self) -> None:
        assert hosts.status(a_host("stopped").unseen(*sorted(NEEDED_FOR_HEALTH))) == "failing"

    def test_degraded_wins(self) -> None:
        assert hosts.status(a_host("segfault").unseen("fpm_config")) == "degraded"

    def test_recovered_is_not_claimed(self) -> None:
        assert hosts.status(a_host("was_down").unseen("connect_as_nginx")) == "unknown"

    def test_without_nginxs_configuration_nothing_is_known(self) -> None:
        """Nothing is dialled, and nothing was looked at."""
        assert hosts.status(a_host("no_php").unseen("nginx_config")) == "unknown"

    def test_an_endpoint_that_was_not_dialled_is_unknown(self) -> None:
        assert hosts.status(a_host().dialled("not_tried")) == "unknown"


class TestUnexplained:
    @pytest.mark.parametrize("result, errno", [("unreachable", 113), ("timeout", 110), ("error", 91)])
    def test_an_endpoint_without_a_cause_is_never_healthy(self, result: str, errno: int) -> None:
        host = a_host("exhausted_tcp").dials(hosts.REMOTE, **hosts.REMOTE_FACTS)
        host.dialled(result, errno).silent_logs()
        assert hosts.found(host) == hosts.UNKNOWN
        assert [entry["what"] for entry in hosts.verdict(host)["missing"]] == ["live_probe"]

    def test_losses_without_a_cause_are_degraded(self) -> None:
        """And missing says so."""
        host = a_host().nginx_said("ng-premature-header", 60.0)
        entry = hosts.verdict(host)["missing"][0]
        assert hosts.found(host) == hosts.DEGRADED
        assert entry["what"] == "cause_of_losses" and "a line of ng-premature-header" in entry["why"]

    def test_a_route_that_is_decided_at_run_time_is_unknown(self) -> None:
        host = a_host().another_route(endpoints=[], variable=True, **{"pass": "$backend"})
        assert hosts.status(host) == "unknown"
        assert "$backend" in hosts.verdict(host)["missing"][0]["why"]

    def test_nginx_that_does_not_run_is_no_healthy_way_to_php(self) -> None:
        assert hosts.status(a_host().with_nginx(running=False, master=None, workers=[])) == "unknown"


def with_dead_server(host: Host, backup: bool = False) -> Host:
    return host.second_server(hosts.place(a_host("old_socket")), backup=backup)


class TestSeveralServers:
    def test_a_dead_one_costs_no_site_while_another_answers(self) -> None:
        """nginx goes on to the next server."""
        host = with_dead_server(a_host())
        item = hosts.only(host)
        assert (item["cause"], item["severity"], item["state"]) == (MISMATCH, "warning", "active")
        assert hosts.status(host) == "degraded"

    def test_a_dead_backup_is_latent_with_nothing_planned(self) -> None:
        host = with_dead_server(a_host(), backup=True)
        assert (hosts.only(host)["state"], hosts.actions(host)) == ("latent", [])
        assert hosts.status(host) == "healthy"

    def test_one_marked_down_saves_nobody(self) -> None:
        """Though it answers another site."""
        host = a_host("one_vhost_wrong")
        host.site_with_server("unix:/run/php/php.sock", "unix:/run/php/php8.2-fpm.sock", down=True)
        assert [item["severity"] for item in hosts.verdict(host)["findings"]] == ["critical"]

    def test_all_dead_is_failing(self) -> None:
        host = with_dead_server(a_host("old_socket"))
        assert hosts.status(host) == "failing"
        assert {item["severity"] for item in hosts.verdict(host)["findings"]} == {"critical"}


class TestSeveralEndpoints:
    def test_a_silent_one_does_not_fail_for_anothers_fault(self) -> None:
        host = a_host("one_vhost_wrong").silent_logs()
        host.with_probe_of("unix:/run/php/php8.2-fpm.sock", result="closed", ms=None)
        assert hosts.status(host) == "degraded"

    def test_a_site_with_a_dead_one_beside_a_living_is_degraded(self) -> None:
        """Two locations, not an upstream: what the dead one serves is lost."""
        host = a_host("one_vhost_wrong").on_every_route(site="shop.example", server_names=["shop.example"])
        item = hosts.only(host)
        assert (item["cause"], item["severity"]) == (MISMATCH, "critical")
        assert hosts.status(host) == "degraded"

    def test_a_stopped_unit_is_mended_beside_a_wrong_path(self) -> None:
        """Another site dials what no pool has."""
        host = a_host("stopped")
        dead = "unix:/run/php/never.sock"
        host.with_endpoint_of(dead, dict(hosts.place(host), path="/run/php/never.sock"))
        target = dict(hosts.route(host)["endpoints"][0], endpoint=dead, written=dead)
        host.another_site("ill.example", first=True, endpoints=[target])
        item = hosts.only(host)
        assert (item["cause"], item["reason"]) == ("fpm_not_running", "stopped")
        assert hosts.actions(host) == ["unit_start"] and "ill.example" in item["sites"]


class TestSilent:
    """An endpoint was asked and gave no answer, and no rule says why."""

    def silent(self, fault: str = "plain") -> Host:
        return a_host(fault).dialled("ok", None, "closed")

    def test_a_warning_does_not_make_it_better(self) -> None:
        assert hosts.status(a_host("segfault")) == "degraded"
        host = self.silent("segfault")
        assert hosts.status(host) == "unknown"
        assert "live_probe" in [entry["what"] for entry in hosts.verdict(host)["missing"]]

    def test_nor_do_losses_without_a_cause(self) -> None:
        host = self.silent().nginx_said("ng-unknown", 60.0)
        assert hosts.status(host) == "unknown"
        whats = [entry["what"] for entry in hosts.verdict(host)["missing"]]
        assert {"live_probe", "cause_of_losses"} <= set(whats)

    def test_near_miss_one_that_refused_somebody_else(self) -> None:
        host = a_host("segfault").dialled("denied", 13).with_connect(as_user=None, tried=True)
        assert hosts.status(host) == "degraded"

    def test_near_miss_one_in_whose_place_another_answers(self) -> None:
        host = self.silent("segfault")
        host.second_server(a_host().dialled("ok", None, "answered", 2.0)["endpoints"].popitem()[1])
        assert hosts.status(host) == "degraded"
