# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who can use a pool beside nginx."""

from typing import Any, Dict, List, Optional

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.latent.doors import addresses, collect
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.collect.hosts.built import Built
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.hosts import Host, a_host

PASSWD = """root:x:0:0:root:/root:/bin/bash
www-data:x:33:33:www-data:/var/www:/usr/sbin/nologin
ann:x:1000:100::/home/ann:/bin/bash
bob:x:1001:100::/home/bob:/bin/bash
cid:x:1002:1002::/home/cid:/bin/bash
"""
GROUP = "root:x:0:\nwww-data:x:33:ann,bob\nusers:x:100:cid\ncid:x:1002:\nops:x:50:ann,bob\n"
TRIE = """Main:
  +-- 0.0.0.0/0 3 0 5
     |-- 192.0.2.0
        /24 link UNICAST
Local:
     |-- 127.0.0.1
        /32 host LOCAL
     |-- 192.0.2.7
        /32 host LOCAL
     |-- 192.0.2.255
        /32 link BROADCAST
"""
INET6 = """00000000000000000000000000000001 01 80 10 80       lo
20010db8000000000000000000000007 02 40 00 80     eth0
"""
DIRECTORIES = [
    {"path": path, "owner": "root", "group": "root", "mode": "0755", "acl": None}
    for path in ("/", "/run", "/run/php")
]


def machine(**files: str) -> Built:
    known = {"/etc/passwd": PASSWD, "/etc/group": GROUP, "/proc/net/fib_trie": TRIE}
    return Built(dict(known, **{"/proc/net/" + name: text for name, text in files.items()}))


def socket(**facts: Any) -> Host:
    host = a_host()
    host.with_endpoint(parents=[dict(each) for each in DIRECTORIES], acl=None)
    return host.with_endpoint(**dict({"owner": "www-data", "group": "www-data", "mode": "0660"}, **facts))


def port(listen: str, key: str, **facts: Any) -> Host:
    host = a_host().with_pool(listen=listen, endpoint=key, **facts)
    return host.dials(key, real_path=None, path=None, family="inet")


def found(host: Any, there: Optional[Built] = None) -> Any:
    return collect(there or machine(), host)


class TestSocket:
    def test_hit_a_mode_for_everybody(self) -> None:
        (door,) = found(socket(mode="0666"))
        assert (door["everybody"], door["mode"], door["live"]) == (True, "0666", True)

    def test_hit_no_socket_yet_and_a_mode_in_the_file(self) -> None:
        host = socket(mode=None, type="missing").with_pool(listen_mode="0666")
        (door,) = found(host)
        assert (door["everybody"], door["live"]) == (True, False)

    def test_near_miss_everybody_may_read_alone(self) -> None:
        """connect(2) needs write permission."""
        assert found(socket(mode="0664")) == []

    @pytest.mark.parametrize("mode", ["0750", "0710"])
    def test_near_miss_a_directory_above_is_shut(self, mode: str) -> None:
        host = socket(mode="0666")
        host["endpoints"][host["nginx"]["routes"][0]["endpoints"][0]["endpoint"]]["parents"][2]["mode"] = mode
        assert found(host) == []

    def test_near_miss_the_stock_one(self) -> None:
        assert found(socket()) == []


class TestGroups:
    @pytest.mark.parametrize(
        "facts",
        [
            {"group": "users"},
            {
                "acl": [
                    "user::rw-",
                    "user:www-data:rw-",
                    "group::---",
                    "group:users:rw-",
                    "mask::rw-",
                    "other::---",
                ]
            },
        ],
    )
    def test_hit_people_of_a_group(self, facts: Dict[str, Any]) -> None:
        (door,) = found(socket(**facts))
        assert (door["group"], door["members"], door["member_count"]) == ("users", ["ann", "bob", "cid"], 3)

    @pytest.mark.parametrize(
        "facts",
        [
            {"group": "cid"},  # one person
            {"group": "www-data"},  # nginx's own: who is in it was let in
            {"group": "users", "mode": "0640"},
            {"acl": ["user::rw-", "group::---", "group:users:rw-", "mask::r--", "other::---"]},
            {"acl": ["user::rw-", "group::---", "user:ann:rw-", "mask::rw-", "other::---"]},
        ],
    )
    def test_near_miss(self, facts: Dict[str, Any]) -> None:
        assert found(socket(**facts)) == []

    def test_near_miss_they_cannot_search_a_directory(self) -> None:
        host = socket(group="ops")
        parents = host["endpoints"][host["nginx"]["routes"][0]["endpoints"][0]["endpoint"]]["parents"]
        parents[2].update(mode="0750", group="www-data")
        assert found(host) == []
        parents[2].update(group="ops")
        assert [door["group"] for door in found(host)] == ["ops"]


class TestPort:
    def test_hit_each_address(self) -> None:
        (door,) = found(port("9000", "*:9000"), machine(if_inet6=INET6))
        assert door["open_to"] == ["192.0.2.7"]
        (door,) = found(port("[::]:9000", "[::]:9000"), machine(if_inet6=INET6))
        assert door["open_to"] == ["192.0.2.7", "2001:db8::7"]

    def test_hit_an_address_of_its_own(self) -> None:
        assert found(port("192.0.2.7:9000", "192.0.2.7:9000"))[0]["open_to"] == ["192.0.2.7"]

    @pytest.mark.parametrize("key", ["127.0.0.1:9000", "[::1]:9000", "localhost:9000"])
    def test_near_miss_this_host_alone(self, key: str) -> None:
        assert found(port(key, key)) == []

    def test_near_miss_only_named_clients(self) -> None:
        assert found(port("9000", "*:9000", allowed_clients=["192.0.2.1"])) == []

    def test_near_miss_a_host_without_a_net(self) -> None:
        local = TRIE.replace("192.0.2.7\n        /32 host", "192.0.2.7\n        /32 link")
        assert found(port("9000", "*:9000"), machine(fib_trie=local)) == []

    def test_what_systemd_keeps_out(self) -> None:
        unit = a_host()["fpm"]["masters"][0]["unit"]
        command = "systemctl show -p IPAddressDeny,IPAddressAllow -- %s" % unit
        shut = "IPAddressAllow=127.0.0.0/8\nIPAddressDeny=0.0.0.0/0 ::/0\n"
        (door,) = found(port("9000", "*:9000"), machine().answers(command, shut))
        assert door["filter"] == "IPAddressDeny=any, IPAddressAllow=127.0.0.0/8"
        (door,) = found(
            port("9000", "*:9000"), machine().answers(command, "IPAddressDeny=\nIPAddressAllow=\n")
        )
        assert door["filter"] is None

    def test_what_systemd_keeps_out_may_be_unknown(self) -> None:
        there = machine()
        (door,) = found(port("9000", "*:9000"), there)
        assert door["filter"] == "unknown"
        assert [entry["what"] for entry in there.missing] == ["risk_unseen"]


class TestAddresses:
    def test_what_is_none_is_left_out(self) -> None:
        assert addresses(machine(if_inet6=INET6 + "zz\n" + "g" * 32 + " 1 2 3 4 x\n")) == [
            "192.0.2.7",
            "2001:db8::7",
        ]
        empty: List[str] = []
        assert addresses(Built({})) == empty
