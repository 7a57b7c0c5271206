# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Pools that get no workers: no process can be made, or each worker ends as it starts."""

from typing import Any, Dict, List, Optional

import pytest
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules import hosts
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.hosts import Host
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.workers.test_waiting import (
    full,
    wait,
)

CAUSE = "max_children_exhausted"
UNIT_GROUP = {"path": "/sys/fs/cgroup/system.slice/php8.2-fpm.service", "limit": 4, "processes": 4}
GROUP = dict(UNIT_GROUP, path="/sys/fs/cgroup")


def without_forks(limit: Optional[Dict[str, Any]] = None, ago: float = 2.0, code: int = 11) -> Host:
    """Two workers of eight are busy, and fork(2) failed."""
    host = full([wait("sleep")], [wait("sleep")]).with_pool(max_children=8)
    host["waits"]["process_limit"] = limit
    return host.fpm_said("fpm-fork-failed", ago, pool=None, detail={"errno": code})


def ending(*ago: float, seconds: float = 0.004, code: int = 70, filtered: bool = False) -> Host:
    """Workers that were started ended at once."""
    host = full().with_workers(busy=False)
    host["workers"], host["waits"]["workers"] = [], []
    host.with_endpoint(accepted=0).with_probe(accepted=0)
    if filtered:
        return host.fpm_said("fpm-exit-sigsys", *ago, detail={"seconds": seconds, "signal": 31})
    detail = {"seconds": seconds, "code": code}
    return host.fpm_said("fpm-exit-%d" % code, *ago, detail=detail)


def reasons(host: Host) -> List[Any]:
    return [reason for cause, reason, _state in hosts.causes(host) if cause == CAUSE]


class TestForks:
    @pytest.mark.parametrize(
        "limit, code, words",
        [
            (UNIT_GROUP, 11, "TasksMax=4 of php8.2-fpm.service is reached"),
            (GROUP, 11, "a limit of 4 processes (pids.max) of control group /sys/fs/cgroup is reached"),
            (None, 11, "the kernel gives it no other process"),
            (UNIT_GROUP, 12, "the kernel has no memory for another process"),
        ],
    )
    def test_hit_each_says_why(self, limit: Any, code: int, words: str) -> None:
        item = hosts.only(without_forks(limit, code=code))
        assert (item["cause"], item["reason"], item["remedy"]) == (CAUSE, "cannot_fork", [])
        assert words in item["summary"] and "2 workers and may have 8" in item["summary"]

    def test_near_miss_it_was_long_ago(self) -> None:
        assert "cannot_fork" not in reasons(without_forks(UNIT_GROUP, ago=300.0))

    def test_near_miss_the_pool_has_all_its_workers(self) -> None:
        assert reasons(without_forks(UNIT_GROUP).with_pool(max_children=2)) == ["max_children"]

    def test_decoy_forks_that_fail_while_pages_come(self) -> None:
        host = without_forks().dialled("ok", None, "answered", 2.0).silent_logs()
        assert reasons(host.with_endpoint(queue=0, accepted=0).with_probe(queue=0, accepted=0)) == []


class TestEnds:
    def test_hit_each_ends_as_it_starts(self) -> None:
        item = hosts.only(ending(3.0, 2.0, 1.0))
        assert (item["cause"], item["reason"], item["remedy"]) == (CAUSE, "ends_at_start", [])
        assert "exit code 70 after 0.004 s" in item["summary"]

    @pytest.mark.parametrize(
        "directory, capabilities, words",
        [
            ("/srv/app", [], ": /srv/app, in which they are to work, is not there."),
            (None, ["CAP_SETGID", "CAP_SETUID"], " without CAP_SETGID and CAP_SETUID."),
        ],
    )
    def test_hit_what_they_lack_is_named(self, directory: Any, capabilities: Any, words: str) -> None:
        host = ending(3.0, 2.0, 1.0)
        master = host["fpm"]["masters"][0]
        setup = {"config": master["config"], "pool": master["pools"][0]["name"]}
        host["waits"]["setups"] = [dict(setup, directory=directory, capabilities=capabilities)]
        assert hosts.only(host)["summary"].endswith(words)
        host["waits"]["setups"][0]["pool"] = "another"
        assert words not in hosts.only(host)["summary"]

    @pytest.mark.parametrize("seconds, named", [(0.001, True), (4.0, False)])
    def test_hit_a_filter_of_system_calls_ends_each(self, seconds: float, named: bool) -> None:
        host = ending(3.0, 2.0, 1.0, seconds=seconds, filtered=True)
        assert ("ends_at_start" in reasons(host)) == named
        if named:
            assert "SIGSYS, by SystemCallFilter= after 0.001 s" in hosts.only(host)["summary"]

    def test_near_miss_they_ended_later(self) -> None:
        assert "ends_at_start" not in reasons(ending(3.0, 2.0, 1.0, seconds=4.0))

    def test_near_miss_another_code(self) -> None:
        assert "ends_at_start" not in reasons(ending(3.0, 2.0, 1.0, code=255))

    def test_near_miss_it_was_long_ago(self) -> None:
        assert "ends_at_start" not in reasons(ending(300.0, 290.0))

    def test_decoy_one_worker_alone(self) -> None:
        assert "ends_at_start" not in reasons(ending(2.0))

    def test_decoy_others_answer(self) -> None:
        host = ending(3.0, 2.0, 1.0).dialled("ok", None, "answered", 2.0)
        assert "ends_at_start" not in reasons(host)

    @pytest.mark.parametrize("waits", [True, False])
    def test_near_miss_nothing_tells_why_there_is_none(self, waits: bool) -> None:
        """A slow host's logs may not be read in time."""
        host = full().without_workers().with_endpoint(accepted=0).with_probe(accepted=0)
        host["waits"] = {**host["waits"], "workers": []} if waits else None
        report = hosts.verdict(host)
        assert (report["status"], report["findings"], report["plan"]) == ("unknown", [], [])
        assert "has no worker, of at most" in str(report["missing"])

    def test_decoy_other_pools_have_all_processes(self) -> None:
        host = full().without_workers().with_endpoint(accepted=0).with_probe(accepted=0)
        host["fpm"]["masters"][0]["process_max"] = 1
        host["workers"] = [dict(full()["workers"][0], pool="blog")]
        assert reasons(host) == ["process_max"]
