# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An impostor: a stranger listens where a pool of this host should. Root's own programs and php-fpm itself
are none.
"""

from typing import Any, Callable, Dict

import pytest
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules import hosts
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.hosts import seen

CAUSE = "impostor"


def held_by(uid: int, answers: bool = True, claims_fpm: bool = False, **unit: Any) -> hosts.Snapshot:
    """php-fpm is stopped, and a program of that account listens at its endpoint."""
    snapshot = hosts.silent_logs(
        hosts.dialled(seen("stopped"), "ok", probe="answered" if answers else "closed", ms=0.3)
    )
    hosts.unit(snapshot).update(unit)
    hosts.place(snapshot).update(
        listening=True,
        listeners=[
            {
                "pid": 4711,
                "comm": "python3",
                "exe": "/usr/bin/python3",
                "cmdline": "python3",
                "fpm": False,
                "claims_fpm": claims_fpm,
                "uid": uid,
                "user": "stranger" if uid else "root",
                "master_config": None,
                "pool": None,
                "unit": None,
            }
        ],
    )
    return snapshot


HITS: Dict[str, Callable[[], hosts.Snapshot]] = {
    "untrusted_php_fpm": lambda: held_by(1001),
    "not_php_fpm": lambda: held_by(1001, answers=False),
}


@pytest.mark.parametrize("reason", sorted(HITS))
def test_hit_whoever_answers_in_the_pools_place_is_named(reason: str) -> None:
    snapshot = HITS[reason]()
    item = hosts.only(snapshot)
    assert (item["cause"], item["reason"], item["state"], item["severity"], item["remedy"]) == (
        CAUSE,
        reason,
        "active",
        "critical",
        [],
    )
    assert "python3 (pid 4711) of stranger" in item["evidence"][0]["text"]
    assert hosts.verdict(snapshot)["status"] == "failing" and hosts.actions(snapshot) == []


def test_hit_it_is_certain_unless_the_pools_unit_was_disabled() -> None:
    assert hosts.only(held_by(1001))["confidence"] == "certain"
    assert hosts.only(held_by(1001, enabled="disabled"))["confidence"] == "likely"


def test_near_miss_a_program_of_roots_such_as_a_containers_proxy() -> None:
    assert hosts.causes(held_by(0)) == []


def test_near_miss_a_program_that_took_the_port_by_accident() -> None:
    """php-fpm's failed start tells that already."""
    snapshot = held_by(1001, answers=False, active="failed")
    assert CAUSE not in [cause for cause, _reason, _state in hosts.causes(snapshot)]


def test_near_miss_an_endpoint_that_no_pool_of_this_host_claims() -> None:
    snapshot = held_by(1001)
    hosts.pool(snapshot)["endpoint"] = "unix:/run/php/other.sock"
    assert CAUSE not in [cause for cause, _reason, _state in hosts.causes(snapshot)]


def test_decoy_php_fpm_itself_and_its_workers() -> None:
    assert hosts.causes(seen("plain")) == []
