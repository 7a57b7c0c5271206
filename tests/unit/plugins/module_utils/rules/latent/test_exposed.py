# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Others than the site can use its pool."""

from typing import Any, Callable, Dict, List

import pytest
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.hosts import Host, a_host
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.latent.by_cause import (
    by_cause,
)
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.latent.parts import (
    a_risky_host,
)
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.parts import master, pool

risks, the_risk = by_cause("exposed")


def door(**facts: Any) -> Dict[str, Any]:
    """Of the first pool. facts: what is open."""
    first = a_host()
    shut = {
        "pool": pool(first)["name"],
        "config": master(first)["config"],
        "endpoint": pool(first)["endpoint"],
        "everybody": False,
        "group": None,
        "members": [],
        "member_count": 0,
        "mode": "0660",
        "live": True,
        "open_to": [],
        "filter": None,
    }
    return dict(shut, **facts)


def page(kind: str = "status", **facts: Any) -> Dict[str, Any]:
    first = a_host()
    route = first["nginx"]["routes"][0]
    there = {
        "pool": pool(first)["name"],
        "config": master(first)["config"],
        "kind": kind,
        "path": "/" + kind,
        "url": "/" + kind,
        "site": route["site"],
        "listen": route["listen"],
        "server": {"file": "/etc/nginx/sites-enabled/0", "line": 1},
        "file": "/etc/nginx/sites-enabled/0",
        "line": 7,
        "location": "= /" + kind,
        "guard": None,
        "certain": True,
    }
    return dict(there, **facts)


def with_pages(*pages: Dict[str, Any]) -> Host:
    host = a_risky_host(web={"pages": list(pages), "shadowed": [], "aside": []})
    return host.on_every_route(server={"file": "/etc/nginx/sites-enabled/0", "line": 1})


def owned(*owners: List[str], user: str = "www-data") -> Host:
    """A site for each of these lists of accounts, in one pool."""
    host = a_risky_host().with_nginx(user=user)
    del host["nginx"]["routes"][1:]
    for number, accounts in enumerate(owners):
        facts = {
            "server": {"file": "/etc/nginx/%d" % number, "line": 1},
            "root": "/srv/%d" % number,
            "owners": accounts,
        }
        if number:
            host.another_site("site%d.example" % number, **facts)
        else:
            host.with_route(**facts)
    return host


# Reason -> a host that has it.
HITS: Dict[str, Callable[[], Host]] = {
    "socket_open_to_all": lambda: a_risky_host(doors=[door(everybody=True, mode="0666")]),
    "tcp_reachable": lambda: a_risky_host(doors=[door(open_to=["192.0.2.7"])]),
    "shared_pool": lambda: owned(["alice"], ["bob"]),
    "status_page_open": lambda: with_pages(page()),
}


class TestExposed:
    @pytest.mark.parametrize("reason", sorted(HITS))
    def test_hit_each_reason(self, reason: str) -> None:
        assert risks(HITS[reason]()) == [reason]

    def test_decoy_a_host_that_is_shut(self) -> None:
        assert risks(a_risky_host(doors=[], web={"pages": [], "shadowed": [], "aside": []})) == []

    @pytest.mark.parametrize("host", [a_host, a_risky_host])
    def test_decoy_nobody_looked(self, host: Any) -> None:
        assert risks(host()) == []


class TestSocket:
    def test_hit_everybody(self) -> None:
        found = the_risk(HITS["socket_open_to_all"]())
        assert found["summary"].startswith("Any account of this host may connect to /run/php/")
        assert (found["confidence"], found["pool"], found["sites"]) == ("certain", "www", found["sites"])
        assert "mode 0666" in found["evidence"][0]["text"]

    def test_hit_a_group_of_people(self) -> None:
        found = the_risk(a_risky_host(doors=[door(group="users", members=["ann", "bob"], member_count=9)]))
        assert found["summary"].startswith("Any member of group users may connect")
        assert "ann, bob and 7 others" in found["evidence"][0]["text"]

    @pytest.mark.parametrize("ties, actions", [({}, ["socket_shut"]), ({"shop.socket": "needs"}, [])])
    def test_near_miss_systemd_made_it(self, ties: Any, actions: Any) -> None:
        host = HITS["socket_open_to_all"]().with_pool(listen_mode="0666").with_unit(ties=ties)
        assert [remedy["action"] for remedy in the_risk(host)["remedy"]] == actions

    def test_near_miss_a_pool_that_is_gone_since(self) -> None:
        assert risks(a_risky_host(doors=[door(everybody=True, pool="gone")])) == []


class TestPort:
    def test_hit_it_says_what_is_not_known(self) -> None:
        host = a_risky_host(doors=[door(open_to=["2001:db8::7", "192.0.2.7"], endpoint="[::]:9000")])
        found = the_risk(host)
        assert found["confidence"] == "likely"
        assert found["summary"].startswith("Pool www takes every client at [2001:db8::7]:9000: who reaches")
        assert "a firewall was not looked at: it may keep others out" in [
            piece["text"] for piece in found["evidence"]
        ]

    def test_near_miss_systemd_keeps_others_out(self) -> None:
        assert risks(a_risky_host(doors=[door(open_to=["192.0.2.7"], filter="IPAddressDeny=any")])) == []


class TestSharedPool:
    def test_hit_names_both_owners(self) -> None:
        found = the_risk(HITS["shared_pool"]())
        assert found["summary"].startswith("Sites of alice, bob share pool www")
        assert found["sites"] == ["shop.example", "site1.example"]

    def test_hit_the_pool_is_one_owners_own(self) -> None:
        assert risks(owned(["alice"], ["bob"]).with_pool(user="alice")) == ["shared_pool"]

    @pytest.mark.parametrize(
        "owners",
        [
            [["alice"], ["alice"]],
            [["alice"], ["alice", "bob"]],  # alice can exchange both
            [["alice"], []],  # root's: a package
            [["alice"], ["www-data"]],
            [["alice"], None],
        ],
    )
    def test_near_miss(self, owners: List[Any]) -> None:
        assert risks(owned(*owners)) == []

    def test_near_miss_the_account_of_nginx_is_nobodys(self) -> None:
        assert risks(owned(["alice"], ["webserver"], user="webserver")) == []

    def test_decoy_each_has_its_own_pool(self) -> None:
        host = owned(["alice"], ["bob"]).another_pool(name="bob", endpoint="unix:/run/php/bob.sock")
        host.with_endpoint_of("unix:/run/php/bob.sock", dict(next(iter(host["endpoints"].values()))))
        host["endpoints"]["unix:/run/php/bob.sock"].update(real_path="/run/php/bob.sock")
        host.site_dials("site1.example", "unix:/run/php/bob.sock")
        assert risks(host) == []


class TestPages:
    def test_hit_one_finding_for_both_pages(self) -> None:
        found = the_risk(with_pages(page("ping"), page()))
        assert found["summary"] == (
            "Everybody on the net may ask for the status and ping page of pool www, at /status."
        )
        assert (found["severity"], found["confidence"]) == ("warning", "likely")
        assert "no page was asked for" in found["evidence"][-1]["text"]

    def test_hit_a_ping_page_alone_is_small(self) -> None:
        assert the_risk(with_pages(page("ping")))["severity"] == "info"

    def test_hit_in_doubt_it_is_possible(self) -> None:
        assert the_risk(with_pages(page(certain=False)))["confidence"] == "possible"

    def test_near_miss_a_guard(self) -> None:
        assert risks(with_pages(page(guard="deny all"))) == []
