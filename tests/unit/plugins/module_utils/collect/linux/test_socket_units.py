# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which unit of systemd's makes the socket at an address."""

from typing import Any, Dict

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.linux import socket_units as subject
from ansible_collections.webmedic.php_fpm.tests.unit.support import FakeHost

ETC, LIB = "/etc/systemd/system", "/lib/systemd/system"
UNIT = "[Socket]\nListenStream=/run/php-shop.sock\nSocketMode=0660\n"


def units(files: Dict[str, str]) -> Any:
    return subject.socket_units(FakeHost(files))


class TestFiles:
    def test_hit_the_service_of_the_same_name(self) -> None:
        found = units({ETC + "/php-shop.socket": UNIT})
        assert found == [("php-shop.socket", "php-shop.service", ["unix:/run/php-shop.sock"])]

    def test_hit_the_service_that_it_names(self) -> None:
        found = units({LIB + "/web.socket": UNIT + "ListenStream=9010\nService=php.service\n"})
        assert found == [("web.socket", "php.service", ["unix:/run/php-shop.sock", "*:9010"])]

    def test_hit_a_drop_in_moves_it(self) -> None:
        moved = "[Socket]\nListenStream=\nListenStream=/run/new.sock\n"
        found = units({LIB + "/web.socket": UNIT, ETC + "/web.socket.d/a.conf": moved})
        assert [unit.listens for unit in found] == [["unix:/run/new.sock"]]

    def test_near_miss_a_file_that_etc_has_as_well(self) -> None:
        found = units({LIB + "/web.socket": UNIT, ETC + "/web.socket": "[Socket]\nListenStream=/run/b\n"})
        assert [unit.listens for unit in found] == [["unix:/run/b"]]

    @pytest.mark.parametrize("name", ["web@.socket", "web.service", "web socket.socket", "web.socket.bak"])
    def test_decoy_other_files(self, name: str) -> None:
        assert units({"%s/%s" % (ETC, name): UNIT}) == []


class TestMakers:
    def made_by(self, key: str, listens: str, result: str = "missing", pool: str = "unix:/run/b") -> Any:
        shown = {"systemctl show -p LoadState -- php-shop.service": (0, "LoadState=masked\n", "")}
        host = FakeHost({ETC + "/php-shop.socket": "[Socket]\nListenStream=%s\n" % listens}, shown)
        places: Any = {key: {"connect": {"result": result}}}
        pools = [{"endpoint": pool}]
        snapshot: Any = {"host": {"systemd": True}, "fpm": {"masters": [{"pools": pools}]}}
        subject.note_makers(host, snapshot, places)
        return places[key].get("made_by")

    @pytest.mark.parametrize(
        "key, listens",
        [
            ("unix:/run/php-shop.sock", "/run/php-shop.sock"),
            ("unix:/run/php-shop.sock", "/var/run/php-shop.sock"),
            ("127.0.0.1:9010", "127.0.0.1:9010"),
            ("127.0.0.1:9010", "9010"),
        ],
    )
    def test_hit_the_unit_and_the_state_of_its_service(self, key: str, listens: str) -> None:
        assert self.made_by(key, listens) == {
            "name": "php-shop.socket",
            "service": "php-shop.service",
            "load": "masked",
        }

    @pytest.mark.parametrize(
        "key, listens",
        [("unix:/run/php-shop.sock", "/run/php-shop.sock2"), ("127.0.0.1:9010", "9011")],
    )
    def test_decoy_a_unit_for_another_address(self, key: str, listens: str) -> None:
        assert self.made_by(key, listens) is None

    def test_near_miss_somebody_is_there(self) -> None:
        assert self.made_by("127.0.0.1:9010", "127.0.0.1:9010", "ok") is None

    def test_near_miss_a_pool_is_known(self) -> None:
        assert self.made_by("127.0.0.1:9010", "9010", pool="*:9010") is None
