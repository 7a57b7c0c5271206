# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""To whom a worker's connection leads: nginx of this host, or somebody else."""

from typing import Any

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.linux.worker_sockets import Sockets
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.nginx.listen import takes
from ansible_collections.webmedic.php_fpm.tests.unit.support import FakeHost

ROW = "   1: %s:D582 %s 01 00000000:00000000 00:00000000 00000000    33        0 4711 1 0 100 0\n"
OWN, OTHER, LOOP, LOOP9 = "0B02590A", "0C02590A", "0100007F", "0900007F"


def peer(local: str, remote: str, listen: str = "80", table: str = "tcp") -> Any:
    host: Any = FakeHost(files={"/proc/9/net/" + table: ROW % (local, remote)})
    sockets = Sockets(host, [9], [], lambda request: None, lambda *place: takes([listen], *place))
    return sockets.of(4711)


class TestPeer:
    @pytest.mark.parametrize(
        ("local", "remote", "named"),
        [
            (LOOP, LOOP + ":0050", "127.0.0.1:80"),
            (LOOP, LOOP9 + ":0050", "127.0.0.9:80"),
            (OWN, OWN + ":0050", "10.89.2.11:80"),
        ],
    )
    def test_hit_an_address_of_the_host(self, local: str, remote: str, named: str) -> None:
        assert peer(local, remote) == ("site", named)

    def test_near_miss_another_host_or_another_port(self) -> None:
        assert peer(OWN, OTHER + ":0050") == ("peer", "10.89.2.12:80")
        assert peer(LOOP, LOOP + ":0CEA") == ("peer", "127.0.0.1:3306")

    def test_near_miss_nginx_listens_on_another_address(self) -> None:
        assert peer(LOOP, LOOP + ":0050", "10.89.2.11:80") == ("peer", "127.0.0.1:80")
        assert peer(OWN, OWN + ":0050", "10.89.2.11:80") == ("site", "10.89.2.11:80")

    def test_decoy_a_datagram(self) -> None:
        assert peer(LOOP, LOOP + ":0050", table="udp") == ("peer", "127.0.0.1:80")
