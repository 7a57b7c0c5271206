# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An impostor: a stranger listens where a pool of this host should. Root's own programs and php-fpm itself
are none.
"""

from typing import Any, Callable, Dict

import pytest
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules import hosts
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.hosts import Host, a_host

CAUSE = "impostor"


def held_by(uid: int, answers: bool = True, **unit: Any) -> Host:
    """php-fpm is stopped, and a program of that account listens at its endpoint."""
    host = a_host("stopped").dialled("ok", probe="answered" if answers else "closed", ms=0.3).silent_logs()
    return (
        host.with_unit(**unit)
        .without_listeners(listening=True)
        .with_listener(
            pid=4711,
            comm="python3",
            exe="/usr/bin/python3",
            cmdline="python3",
            claims_fpm=False,
            uid=uid,
            user="stranger" if uid else "root",
            master_config=None,
            pool=None,
            unit=None,
        )
    )


HITS: Dict[str, Callable[[], Host]] = {
    "untrusted_php_fpm": lambda: held_by(1001),
    "not_php_fpm": lambda: held_by(1001, answers=False),
}


class TestStranger:
    @pytest.mark.parametrize("reason", sorted(HITS))
    def test_hit_whoever_answers_in_the_pools_place_is_named(self, reason: str) -> None:
        host = HITS[reason]()
        item = hosts.only(host)
        assert hosts.found(host) == ([(CAUSE, reason, "active")], "failing")
        assert (item["severity"], item["remedy"], hosts.actions(host)) == ("critical", [], [])
        assert "python3 (pid 4711) of stranger" in item["evidence"][0]["text"]

    @pytest.mark.parametrize("enabled, confidence", [("enabled", "certain"), ("disabled", "likely")])
    def test_hit_it_is_certain_unless_the_unit_was_disabled(self, enabled: str, confidence: str) -> None:
        assert hosts.only(held_by(1001, enabled=enabled))["confidence"] == confidence


class TestNoStranger:
    def test_near_miss_a_program_of_roots_such_as_a_proxy(self) -> None:
        """Of a container."""
        assert hosts.causes(held_by(0)) == []

    def test_near_miss_a_program_that_took_the_port_by_accident(self) -> None:
        """php-fpm's failed start tells that already."""
        assert CAUSE not in hosts.cause_ids(held_by(1001, answers=False, active="failed"))

    def test_near_miss_an_endpoint_that_no_pool_here_claims(self) -> None:
        assert CAUSE not in hosts.cause_ids(held_by(1001).with_pool(endpoint="unix:/run/php/other.sock"))

    def test_decoy_php_fpm_itself_with_its_workers(self) -> None:
        assert hosts.causes(a_host()) == []


class TestBeside:
    """At another address of the name that nginx dials."""

    def beside(self, uid: int = 1001) -> Host:
        host = a_host().silent_logs()
        stranger = {"pid": 77, "comm": "python3", "uid": uid, "user": "stranger", "claims_fpm": False}
        hosts.place(host)["beside"] = [stranger]
        return host

    def test_hit_a_stranger_gets_a_part_of_the_requests(self) -> None:
        item = hosts.only(self.beside())
        assert (item["cause"], item["reason"]) == (CAUSE, "not_php_fpm")
        assert item["summary"].startswith(
            "Beside php-fpm python3 (pid 77) of stranger listens on an address of"
        )

    def test_near_miss_a_program_of_roots(self) -> None:
        assert hosts.causes(self.beside(0)) == []

    @pytest.mark.parametrize("ours, theirs", [("::1", "127.0.0.1"), ("127.0.0.1", "::1")])
    def test_hit_php_fpm_has_any_address_of_the_name(self, ours: str, theirs: str) -> None:
        host = self.beside()
        here = {"result": "ok", "errno": None}
        rows = [dict(here, address=ours, probe="answered"), dict(here, address=theirs, probe="closed")]
        host.dials("localhost:9000", family="name", address="localhost", port=9000, addresses=rows)
        there = ("[%s]:9000" if ":" in ours else "%s:9000") % ours
        host.with_pool(listen=there, endpoint=there)
        assert hosts.causes(host) == [(CAUSE, "not_php_fpm", "active")]


class TestOrphans:
    """Workers whose master was killed: they hold the socket and answer."""

    def left(self, answers: bool = True, **facts: Any) -> Host:
        host = a_host("stopped").dialled("ok", probe="answered" if answers else "closed", ms=0.3)
        host.silent_logs().without_listeners(listening=True)
        worker = {"comm": "php-fpm8.2", "exe": hosts.master(host)["binary"], "uid": 33, "user": "www-data"}
        worker.update(cmdline="php-fpm: pool www", claims_fpm=True, master_config=None, unit=None)
        for pid in (61, 62):
            host.with_listener(pid=pid, **dict(worker, **dict({"pool": "www"}, **facts)))
        return host

    def test_hit(self) -> None:
        host = self.left()
        assert hosts.found(host) == ([("fpm_not_running", "orphaned", "active")], "degraded")
        item = hosts.only(host)
        assert (item["severity"], item["confidence"], item["remedy"]) == ("warning", "likely", [])
        assert {"source": "pids", "path": None, "text": "61 62"} in item["evidence"]
        assert item["facts"] == {"pids": [61, 62]}

    def test_near_miss_another_program_or_pool(self) -> None:
        for facts in ({"exe": "/home/eve/php-fpm8.2"}, {"exe": None}, {"pool": "other"}, {"pool": None}):
            assert hosts.cause_ids(self.left(**facts)) == [CAUSE]

    def test_near_miss_a_stranger_made_the_socket(self) -> None:
        """Who runs the real php-fpm, and ends its master."""
        assert hosts.cause_ids(self.left(maker=1001)) == hosts.cause_ids(self.left(maker=None)) == [CAUSE]
        assert hosts.cause_ids(self.left(maker=0)) == ["fpm_not_running"]

    def test_hit_of_an_accounts_own_php_fpm(self) -> None:
        host = self.left(maker=33)
        hosts.master(host)["account"] = "www-data"
        assert "orphaned" in [found[1] for found in hosts.causes(host)]

    def test_near_miss_one_of_them_is_a_stranger(self) -> None:
        host = self.left().with_listener(pid=63, comm="sh", exe="/bin/sh", uid=1001, user="eve", pool=None)
        hosts.place(host)["listeners"][-1]["claims_fpm"] = False
        assert hosts.cause_ids(host) == [CAUSE]

    def test_near_miss_they_do_not_answer(self) -> None:
        assert "orphaned" not in [found[1] for found in hosts.causes(self.left(answers=False))]
