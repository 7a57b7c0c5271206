# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What holds the workers of a full pool: kept connections, a dependency, no CPU; and what only looks so."""

from typing import Any, Dict, List, Optional

import pytest
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules import hosts
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.hosts import Host, a_host

SAMPLES = 6
MYSQL = "127.0.0.1:3306"
SESSION = "/run/sessions/sess_*"
TIGHT = {"path": "/sys/fs/cgroup/php", "cores": 0.1, "periods": 9, "throttled": 8, "seconds": 1.2}


def wait(
    kind: str, samples: int = SAMPLES, on: Optional[str] = None, holder: Optional[int] = None
) -> Dict[str, Any]:
    return {"kind": kind, "on": on, "holder": holder, "samples": samples}


def held(host: Host, *rows: List[Dict[str, Any]], cpu: float = 0.0, **facts: Any) -> Host:
    """The first workers were seen there, in the order of their pids; the others are not known."""
    workers = sorted(host["workers"], key=lambda worker: worker["pid"])
    made = [
        {"pid": worker["pid"], "samples": sum(each["samples"] for each in row), "cpu": cpu, "waits": row}
        for worker, row in zip(workers, rows)
    ]
    calm = {"seconds": 0.9, "throttles": [], "stolen": 0.0, "running": 1.0, "cpus": 2}
    host["waits"] = dict(calm, workers=made, **facts)
    return host


def full(*rows: List[Dict[str, Any]], **facts: Any) -> Host:
    """Two static workers, the queue is not empty, and the probe got no answer."""
    host = a_host("exhausted_static").dialled("ok", None, "no_answer").with_workers(busy=True)
    host.with_endpoint(queue=10, accepted=2).with_probe(queue=9, accepted=2, waited=3.0)
    return held(host, *rows, **facts)


def keeping(host: Host, keepalive: int, workers: int = 4) -> Host:
    """nginx has so many workers, each of which keeps so many idle connections."""
    at = {"file": "/etc/nginx/conf.d/kept.conf", "line": 3, "keep_conn_file": "/etc/nginx/site"}
    host.with_route(upstream_keepalive=keepalive, keep_conn=True, kept_at=dict(at, keep_conn_line=9))
    return host.with_nginx(workers=list(range(500, 500 + workers)))


def reason(host: Host) -> str:
    return str(hosts.only(host)["reason"])


class TestKept:
    """Connections that nginx keeps open."""

    def test_hit_idle_workers_while_others_wait(self) -> None:
        item = hosts.only(a_host("pinned_unix"))
        assert (item["reason"], item["confidence"], item["severity"]) == (
            "keepalive_pinned",
            "certain",
            "critical",
        )
        directive = item["evidence"][0]
        assert directive["path"] == "/etc/nginx/conf.d/kept.conf" and directive["line"] == 3
        assert "more workers would be held as well" in item["summary"]
        assert item["remedy"] == [] and hosts.actions(a_host("pinned_unix")) == []

    def test_hit_the_cure_is_counted(self) -> None:
        """Seven connections of each of four workers leave two of thirty workers free."""
        idle = [[wait("kept")]] * 2
        host = keeping(full(*idle), 16).with_pool(max_children=30)
        assert "set keepalive to 7 or less" in hosts.only(host)["summary"]
        assert "take keepalive out" in hosts.only(keeping(full(*idle), 16))["summary"]

    def test_hit_a_newer_nginx_keeps_them_by_itself(self) -> None:
        host = keeping(full(*[[wait("kept")]] * 2), 32)
        hosts.route(host)["kept_at"]["by_default"] = True
        item = hosts.only(host)
        assert item["reason"] == "keepalive_pinned" and item["remedy"] == []
        assert "write keepalive 0 into the upstream (/etc/nginx/conf.d/kept.conf:3)" in item["summary"]

    def test_hit_the_place_and_its_kind_are_of_one_upstream(self) -> None:
        host = keeping(full(*[[wait("kept")]] * 2), 32).another_route(first=True, kept_at=None)
        host["nginx"]["routes"][0].update(upstream_keepalive=0)
        assert "take keepalive out (/etc/nginx/conf.d/kept.conf:3)" in hosts.only(host)["summary"]

    def test_hit_workers_that_are_busy_by_turns(self) -> None:
        """Who comes through the nginx worker that keeps the connection is served."""
        item = hosts.only(keeping(full(*[[wait("sleep", 3), wait("kept", 3)]] * 2), 16))
        assert (item["reason"], item["confidence"]) == ("keepalive_pinned", "likely")

    def test_hit_busy_workers_that_nginx_may_keep_later(self) -> None:
        host = keeping(full(*[[wait("sleep")]] * 2), 16)
        assert (reason(host), hosts.actions(host)) == ("keepalive_pinned", [])
        assert hosts.only(host)["confidence"] == "likely"

    def test_hit_nobody_waits_and_nobody_was_lost(self) -> None:
        """Visitors may be served over the open connections: it is a warning."""
        host = keeping(full(*[[wait("kept")]] * 2), 16).silent_logs()
        host.with_endpoint(queue=0).with_probe(queue=1)
        assert (reason(host), hosts.only(host)["severity"]) == ("keepalive_pinned", "warning")

    def test_hit_a_worker_is_free_by_now_and_others_are_idle(self) -> None:
        host = keeping(full([wait("kept")], [wait("accept")]), 16).dialled("ok", None, "answered", 2.0)
        host.silent_logs().with_endpoint(queue=0, accepted=1).with_probe(queue=0, accepted=1)
        assert reason(host.nginx_said("ng-timeout-header", 40.0)) == "keepalive_pinned"

    def test_near_miss_fewer_connections_than_workers(self) -> None:
        host = keeping(full(*[[wait("sleep")]] * 2), 1, workers=1)
        assert (reason(host), hosts.actions(host)) == ("max_children", ["pool_size_set"])

    def test_near_miss_a_dependency_holds_the_workers(self) -> None:
        host = keeping(full(*[[wait("peer", on=MYSQL)]] * 2), 16)
        assert reason(host) == "slow_dependency"

    def test_near_miss_workers_that_read_a_request(self) -> None:
        """Without kept connections it is a client whose request is slow to come."""
        assert reason(full(*[[wait("kept")]] * 2)) == "slow_visitors"

    def test_decoy_it_was_taken_out_since(self) -> None:
        host = keeping(full([wait("kept")], [wait("accept")]), 16).dialled("ok", None, "answered", 2.0)
        host.silent_logs().with_endpoint(queue=0, accepted=1).with_probe(queue=0, accepted=1)
        host.nginx_said("ng-timeout-header", 40.0)
        host.with_nginx(config_newer=False, config_changed_at=hosts.now(host) - 20)
        assert "keepalive_pinned" not in [item for _cause, item, _state in hosts.causes(host)]


REDIS = "127.0.0.1:6379"


class TestAskedAgainAndAgain:
    """As for the lock of a session in Redis: a question, 20 ms of sleep, and so on."""

    @pytest.mark.parametrize(
        "row",
        [
            [wait("sleep", 5), wait("peer", 1, REDIS)],
            [wait("peer", 2, "unix:/run/memcached/memcached.sock"), wait("sleep", 4)],
        ],
    )
    def test_hit_they_do_nothing_but_ask_and_sleep(self, row: List[Dict[str, Any]]) -> None:
        item = hosts.only(full(row, row))
        assert (item["reason"], item["confidence"]) == ("slow_dependency", "likely")
        assert item["remedy"] == []
        assert any(name in item["summary"] for name in ("Redis at 127.0.0.1:6379", "Memcached at unix:/run"))

    @pytest.mark.parametrize(
        "row, cpu",
        [
            ([wait("sleep", 6)], 0.0),
            ([wait("sleep", 5), wait("peer", 1, REDIS)], 0.1),
            ([wait("sleep", 4), wait("peer", 1, REDIS), wait("cpu", 1)], 0.0),
            ([wait("sleep", 5), wait("futex", 1)], 0.0),
            ([wait("sleep", 5), wait("peer", 1, MYSQL)], 0.0),
        ],
    )
    def test_near_miss_they_do_something_else_too(self, row: List[Dict[str, Any]], cpu: float) -> None:
        assert reason(full(row, row, cpu=cpu)) == "max_children"

    def test_decoy_few_of_the_workers(self) -> None:
        asking = [wait("sleep", 5), wait("peer", 1, REDIS)]
        assert reason(full(asking, [wait("sleep", 6)])) == "max_children"


class TestDependency:
    @pytest.mark.parametrize(
        "fault, suite, named",
        [
            ("waits_for_unix_socket", "trixie", "MySQL at unix:/run/mysqld/mysqld.sock"),
            ("waits_for_session", "bullseye", "the lock of a session file in /run/sessions"),
            ("late_for_mysql", "bookworm", "MySQL at 127.0.0.1:3306"),
        ],
    )
    def test_hit_real_hosts(self, fault: str, suite: str, named: str) -> None:
        item = hosts.only(a_host(fault, suite))
        assert item["reason"] == "slow_dependency" and named in item["summary"]
        assert "more workers would wait as well" in item["summary"]
        assert hosts.actions(a_host(fault, suite)) == []

    @pytest.mark.parametrize(
        "row, named",
        [
            (wait("remote_file", on="/srv/media"), "the network file system /srv/media"),
            (wait("remote_file"), "a network file system"),
            (wait("program", on="convert"), "the program convert"),
            (wait("program"), "a program that they started"),
            (wait("lock", on="/var/www/shop/var/lock"), "the lock of /var/www/shop/var/lock"),
            (wait("futex"), "a lock in memory (futex)"),
        ],
    )
    def test_hit_what_else_they_may_wait_for(self, row: Dict[str, Any], named: str) -> None:
        assert named in hosts.only(full([row], [row]))["summary"]

    def behind(self, first: Dict[str, Any], state: str = "disk_wait") -> Host:
        """The second worker is in a wait of the kernel's own (d_alloc_parallel, on a real host)."""
        host = full([first], [wait("other")])
        second = max(worker["pid"] for worker in host["workers"])
        host["halted"] = [{"pid": second, "kind": state, "function": "d_alloc_parallel"}]
        return host

    def test_hit_one_waits_for_a_server_and_the_other_for_that_one(self) -> None:
        item = hosts.only(self.behind(wait("remote_file", on="/srv/remote")))
        assert item["reason"] == "slow_dependency" and "/srv/remote" in item["summary"]
        assert item["evidence"][0]["text"].startswith("2 of 2 workers wait")

    def test_near_miss_the_first_one_sleeps(self) -> None:
        assert reason(self.behind(wait("sleep"))) == "disk_wait"

    def test_near_miss_the_second_one_was_stopped(self) -> None:
        assert reason(self.behind(wait("remote_file", on="/srv/remote"), "stopped")) == "stopped"

    def test_hit_each_is_in_the_wait_of_a_network_file_system(self) -> None:
        row = [wait("remote_file", on="/srv/nfs")]
        host = full(row, row)
        host["halted"] = [
            {"pid": worker["pid"], "kind": "disk_wait", "function": "rpc_wait_bit_killable"}
            for worker in host["workers"]
        ]
        item = hosts.only(host)
        assert (item["reason"], hosts.actions(host)) == ("slow_dependency", [])
        assert "the network file system /srv/nfs" in item["summary"]

    def test_near_miss_the_server_of_another_pools_workers(self) -> None:
        host = full([wait("other")], [wait("other")])
        host["waits"]["workers"].append(
            dict(host["waits"]["workers"][0], pid=999, waits=[wait("remote_file")])
        )
        host["halted"] = [
            {"pid": worker["pid"], "kind": "disk_wait", "function": "io_schedule"}
            for worker in host["workers"]
        ]
        assert reason(host) == "disk_wait"

    def test_hit_who_holds_the_lock_waits_for_a_database(self) -> None:
        first, second = sorted(worker["pid"] for worker in full()["workers"])
        host = full([wait("peer", on=MYSQL)], [wait("lock", on=SESSION, holder=first)])
        assert "MySQL at 127.0.0.1:3306" in hosts.only(host)["summary"] and second > first

    def test_hit_one_holds_the_lock_and_the_other_waits(self) -> None:
        first = min(worker["pid"] for worker in full()["workers"])
        item = hosts.only(full([wait("sleep")], [wait("lock", on=SESSION, holder=first)]))
        assert (item["reason"], item["confidence"]) == ("slow_dependency", "likely")
        assert "worker %d holds the lock" % first in item["evidence"][1]["text"]

    def test_near_miss_only_one_of_two_waits(self) -> None:
        assert reason(full([wait("peer", on=MYSQL)], [wait("sleep")])) == "max_children"

    def test_near_miss_each_waits_for_another(self) -> None:
        assert reason(full([wait("peer", on=MYSQL)], [wait("peer", on="10.0.0.2:80")])) == "max_children"

    def test_near_miss_seen_there_at_a_few_samples(self) -> None:
        row = [wait("sleep", 4), wait("peer", 2, on=MYSQL)]
        assert reason(full(row, row)) == "max_children"

    def test_near_miss_it_works_with_what_comes(self) -> None:
        """Many short queries: the worker is on a CPU as well."""
        row = [wait("peer", on=MYSQL)]
        assert reason(full(row, row, cpu=0.7)) == "max_children"

    def test_decoy_scripts_that_sleep(self) -> None:
        host = full([wait("sleep")], [wait("sleep")])
        assert (reason(host), hosts.actions(host)) == ("max_children", ["pool_size_set"])

    def test_decoy_workers_that_wait_for_a_connection_or_a_client(self) -> None:
        assert reason(full([wait("accept")], [wait("client")])) == "max_children"

    def test_decoy_nobody_looked(self) -> None:
        host = full([wait("peer", on=MYSQL)], [wait("peer", on=MYSQL)])
        host["waits"] = None
        assert reason(host) == "max_children"
        del host["waits"]
        assert reason(host) == "max_children"


class TestVisitors:
    """Who sends or reads slowly, where nginx passes all on as it comes."""

    @pytest.mark.parametrize("kind, named", [("client", "fastcgi_buffering"), ("kept", "fastcgi_request")])
    def test_hit_workers_in_the_middle_of_a_request(self, kind: str, named: str) -> None:
        host = full([wait(kind)], [wait(kind)])
        item = hosts.only(host)
        assert (item["reason"], item["confidence"], hosts.actions(host)) == ("slow_visitors", "likely", [])
        assert named in item["summary"]

    def test_near_miss_half_of_them(self) -> None:
        assert reason(full([wait("client")], [wait("sleep")])) == "max_children"

    def test_near_miss_a_page_that_computes_between_its_parts(self) -> None:
        assert reason(full(*[[wait("client", 2), wait("cpu", 4)]] * 2)) == "max_children"

    def test_near_miss_a_database_sends_what_they_pass_on(self) -> None:
        assert reason(full(*[[wait("peer", 4, MYSQL), wait("client", 2)]] * 2)) == "slow_dependency"

    def test_decoy_connections_that_nginx_keeps(self) -> None:
        assert reason(keeping(full(*[[wait("kept")]] * 2), 16)) == "keepalive_pinned"


class TestCpu:
    HUNGRY = [wait("cpu")]

    def starved(self, **facts: Any) -> Host:
        return full(self.HUNGRY, self.HUNGRY, cpu=0.05, **facts)

    def test_hit_a_quota_on_a_real_host(self) -> None:
        item = hosts.only(a_host("throttled", "trixie"))
        assert item["reason"] == "cpu_starved" and "the CPU quota of 0.05 CPUs" in item["summary"]
        assert item["evidence"][1]["path"].endswith("/cpu.stat")

    def test_hit_a_quota_of_a_unit_is_named(self) -> None:
        group = "/sys/fs/cgroup/system.slice/php8.2-fpm.service"
        item = hosts.only(self.starved(throttles=[dict(TIGHT, path=group)]))
        assert "CPUQuota= of 0.1 CPUs of php8.2-fpm.service" in item["summary"]

    def test_hit_steal_time(self) -> None:
        assert "the hypervisor" in hosts.only(self.starved(stolen=0.4))["summary"]

    def test_hit_a_crowd_of_processes(self) -> None:
        host = self.starved(running=12.0)
        assert "12 processes that want the 2 CPUs" in hosts.only(host)["summary"]
        assert hosts.actions(host) == []

    def test_hit_two_workers_that_share_a_quota_of_one_cpu(self) -> None:
        assert reason(full(self.HUNGRY, self.HUNGRY, cpu=0.5, throttles=[TIGHT])) == "cpu_starved"

    def test_hit_stolen_time_counts_as_the_guests_own(self) -> None:
        assert reason(full(self.HUNGRY, self.HUNGRY, cpu=0.97, stolen=0.5)) == "cpu_starved"

    def test_hit_pages_that_use_up_all_cpus(self) -> None:
        host = full(self.HUNGRY, self.HUNGRY, cpu=0.9, running=2.5)
        assert (reason(host), hosts.actions(host)) == ("cpu_starved", [])
        assert "1.8 of 2 CPUs" in hosts.only(host)["summary"]

    def test_near_miss_pages_that_compute_and_leave_cpus_idle(self) -> None:
        assert reason(full(self.HUNGRY, self.HUNGRY, cpu=0.9, running=2.0, cpus=4)) == "max_children"

    def test_near_miss_a_quota_that_stops_nobody(self) -> None:
        assert reason(self.starved(throttles=[dict(TIGHT, throttled=1)])) == "max_children"

    def test_near_miss_workers_that_have_their_cpu(self) -> None:
        assert reason(full(self.HUNGRY, self.HUNGRY, cpu=0.9, throttles=[TIGHT])) == "max_children"

    def test_decoy_sleepers_on_a_crowded_host(self) -> None:
        """They wait for a CPU when they wake, and want hardly any of it."""
        assert reason(full(self.HUNGRY, self.HUNGRY, cpu=0.01, running=30.0)) == "max_children"
