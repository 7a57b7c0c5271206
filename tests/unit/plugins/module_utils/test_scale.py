# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A host with thousands of sites and endpoints: the verdict takes time linear in their number, and none is
left out in silence.
"""

from typing import Any, Dict

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.exchange.reply import fit
from ansible_collections.webmedic.php_fpm.plugins.module_utils.rules.diagnose import diagnose
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.growth import MOST, growth
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules import hosts

Snapshot = Dict[str, Any]


def large(fault: str, many: int, apart: bool = True) -> Snapshot:
    """The host with this fault, with so many sites, each with a pool and an endpoint of its own; or all with
    one endpoint.
    """
    snapshot = hosts.seen(fault)
    key, route, master = hosts.key(snapshot), snapshot["nginx"]["routes"][0], hosts.master(snapshot)
    pool, place, events = master["pools"][0], hosts.place(snapshot), snapshot["logs"]["events"]
    names = [key.replace(".sock", "-%d.sock" % number) if apart else key for number in range(many)]
    snapshot["nginx"]["routes"] = [
        dict(
            route,
            site="site%d" % number,
            server_names=["site%d" % number],
            line=number,
            endpoints=[dict(route["endpoints"][0], endpoint=name, written=name)],
        )
        for number, name in enumerate(names)
    ]
    snapshot["endpoints"].update((name, dict(place, path=name[5:], real_path=name[5:])) for name in names)
    listens = pool["endpoint"] == key
    master["pools"] = [
        dict(pool, name="p%d" % number, endpoint=name if listens else "unix:/run/other%d.sock" % number)
        for number, name in enumerate(names if apart else names[:1])
    ]
    snapshot["logs"]["events"] = [
        dict(
            event,
            site="site%d" % number,
            endpoint=event["endpoint"] and name,
            pool=event["pool"] and "p%d" % number,
        )
        for event in events
        for number, name in enumerate(names[:1] if event["source"] == "fpm" and not event["pool"] else names)
    ]
    snapshot["workers"] = [
        dict(worker, pool="p%d" % number) for worker in snapshot["workers"][:1] for number in range(many)
    ]
    snapshot["missing"] = snapshot["missing"] + [
        {"what": "endpoint", "path": name, "why": "x", "needs": None} for name in names
    ]
    return snapshot


def upstream(many: int) -> Snapshot:
    """Half of the servers of one upstream are dead."""
    snapshot = hosts.seen("plain")
    key, route = hosts.key(snapshot), snapshot["nginx"]["routes"][0]
    dead = hosts.place(hosts.seen("other_upstream"))
    names = ["unix:/run/%d.sock" % number for number in range(many)]
    route.update(
        upstream="php", endpoints=[dict(route["endpoints"][0], endpoint=name, written=name) for name in names]
    )
    for number, name in enumerate(names):
        snapshot["endpoints"][name] = snapshot["endpoints"][key] if number % 2 else dead
    return snapshot


def verdict(snapshot: Snapshot) -> Any:
    return fit(diagnose(snapshot))


def sites_of(size: int) -> int:
    return size // 128


# What went wrong for each of the sites: nothing, then each kind of finding, with a unit and without.
FAULTS = (
    "plain",
    "stopped",
    "socket_0600",
    "socket_deleted",
    "other_upstream",
    "old_socket",
    "exhausted_static",
    "worker_oom",
    "worker_killed",
    "segfault",
    "slow_location",
    "was_down",
    "not_fastcgi",
    "tcp_vs_unix",
    "killed_master",
    "parent_directory",
    "runtime_dir_missing",
)


class TestTime:
    """The verdict takes time that is linear in what a host has."""

    @pytest.mark.parametrize("apart", [True, False])
    @pytest.mark.parametrize("fault", FAULTS)
    def test_many_sites(self, fault: str, apart: bool) -> None:
        assert growth(verdict, lambda size: large(fault, sites_of(size), apart)) <= MOST

    def test_an_upstream_of_many_servers(self) -> None:
        assert growth(verdict, lambda size: upstream(sites_of(size))) <= MOST
