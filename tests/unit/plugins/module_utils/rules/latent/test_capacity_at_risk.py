# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a pool or nginx is set to that a rush turns into an outage."""

from typing import Any, Callable, Dict

import pytest
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.hosts import Host, a_host
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.latent.capacity_parts import (
    of_capacity,
    risks,
    the_risk,
)

CAUSE = "capacity_at_risk"
KEPT = {"file": "/etc/nginx/conf.d/up.conf", "line": 3, "keep_conn_file": "/k", "keep_conn_line": 9}


def static(settings: Any = None, **pool: Any) -> Host:
    return of_capacity(a_host().with_pool(**dict({"pm": "static"}, **pool)), settings)


def short(wanted: int = 4096, effective: int = 128, somaxconn: Any = 128, **more: Any) -> Host:
    """A queue that the kernel cut."""
    host = a_host().with_pool(backlog=wanted).with_endpoint(backlog=effective)
    return of_capacity(host, somaxconn=somaxconn, **more)


def kept(connections: int = 16, workers: int = 5) -> Host:
    host = a_host().with_pool(max_children=workers).with_nginx(workers=[41, 42])
    return of_capacity(host.with_route(upstream_keepalive=connections, kept_at=KEPT))


HITS: Dict[str, Callable[[], Host]] = {
    "static_silent": static,
    "backlog_above_somaxconn": short,
    "keepalive_can_pin": kept,
}


class TestStatic:
    def test_hit_it_is_an_info_and_names_the_pool(self) -> None:
        found = the_risk(static())
        assert (found["severity"], found["confidence"], found["pool"]) == ("info", "certain", "www")
        assert found["sites"] == ["shop.example"] and found["evidence"][0]["line"] == 11

    def test_hit_a_status_page_that_waits_for_a_free_worker(self) -> None:
        found = the_risk(static(status_path="/status"))
        assert "waits for a free worker" in found["evidence"][1]["text"]

    @pytest.mark.parametrize("pm", ["dynamic", "ondemand", None])
    def test_near_miss_another_manager_says_when_it_is_full(self, pm: Any) -> None:
        assert risks(static(pm=pm)) == []

    def test_near_miss_a_status_page_with_a_listener_of_its_own(self) -> None:
        assert risks(static({"status_listen": "127.0.0.1:9001"}, status_path="/status")) == []

    def test_near_miss_a_slow_log(self) -> None:
        assert risks(static(slowlog_timeout=5.0)) == []

    def test_hit_changed_since_it_was_loaded_is_likely(self) -> None:
        assert the_risk(static({"stale": True}))["confidence"] == "likely"

    def test_decoy_a_pool_that_nobody_dials(self) -> None:
        assert risks(of_capacity(a_host().another_pool(name="b", endpoint="unix:/b", pm="static"))) == []


class TestBacklog:
    def test_hit_the_kernel_decides(self) -> None:
        found = the_risk(short())
        assert "holds 128 connections, and listen.backlog asks for 4096" in found["summary"]
        assert [piece["source"] for piece in found["evidence"]] == ["socket", "php-fpm", "kernel"]

    def test_decoy_a_socket_of_systemds_has_a_backlog_of_its_own(self) -> None:
        assert risks(short().with_unit(ties={"shop.socket": "needs"})) == []

    def test_hit_the_limit_was_raised_and_php_fpm_not_restarted(self) -> None:
        assert "until php-fpm restarts" in the_risk(short(somaxconn=4096))["evidence"][2]["text"]

    def test_hit_the_limit_cannot_be_read(self) -> None:
        assert "could not be read" in the_risk(short(somaxconn=None))["evidence"][2]["text"]

    @pytest.mark.parametrize(
        ("wanted", "effective"), [(511, 511), (128, 4096), (-1, 128), (0, 128), (None, 128)]
    )
    def test_near_miss_no_more_is_asked_than_there_is(self, wanted: Any, effective: int) -> None:
        assert risks(short(wanted, effective)) == []

    def test_near_miss_the_kernel_did_not_tell(self) -> None:
        assert risks(of_capacity(a_host().with_pool(backlog=4096).with_endpoint(backlog=None))) == []

    def test_decoy_another_program_listens(self) -> None:
        host = a_host().with_pool(backlog=4096).without_listeners(backlog=128).with_listener()
        assert risks(of_capacity(host)) == []


class TestKept:
    def test_hit_two_workers_of_nginx_keep_as_many_each(self) -> None:
        found = the_risk(kept(3, 5))
        assert "6 idle connections" in found["summary"] and "one of its 5 workers" in found["summary"]
        assert found["evidence"][1]["path"] == KEPT["file"]

    def test_near_miss_one_worker_stays_free(self) -> None:
        assert risks(kept(2, 5)) == []

    def test_near_miss_a_keepalive_without_keep_conn(self) -> None:
        assert risks(of_capacity(a_host().with_route(upstream_keepalive=16))) == []

    def test_near_miss_it_has_happened_and_is_no_risk(self) -> None:
        assert risks(of_capacity(kept().dialled("ok", None, "no_answer"))) == []

    def test_decoy_a_pool_of_another_host(self) -> None:
        host = a_host().without_masters()
        facts = of_capacity()["risks"]
        host.with_route(upstream_keepalive=16, kept_at=KEPT)["risks"] = dict(facts, pool_settings=[])
        assert risks(host) == []


class TestKeptByDefault:
    def test_hit_a_newer_nginx_keeps_some_by_itself(self) -> None:
        host = a_host().with_pool(max_children=5).with_nginx(workers=[41, 42])
        host.with_route(upstream="php", upstream_keepalive=32, kept_at=dict(KEPT, by_default=True))
        found = the_risk(of_capacity(host))
        assert found["reason"] == "keepalive_can_pin" and "64 idle connections" in found["summary"]
        assert found["evidence"][1]["text"].startswith("nginx's default, keepalive 32 in each of nginx's 2")


class TestUnseen:
    @pytest.mark.parametrize("make", [static, short])
    def test_near_miss_without_the_files_nothing_is_said(self, make: Callable[[], Host]) -> None:
        host = make()
        host["risks"] = {"missing": []}
        assert risks(host) == []

    def test_decoy_a_host_that_is_set_up_well(self) -> None:
        assert risks(of_capacity()) == []
