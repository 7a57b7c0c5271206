# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a running master does not see of its host."""

from typing import Any, Dict, Optional

from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.php_fpm.unseen import unseen

ROW = "0000000000000000: 00000002 00000000 00010000 0001 01 %d %s\n"
GONE = "712 700 0:50 /tmp/systemd-private-x/tmp//deleted /tmp rw shared:4 - overlay overlay rw\n"
UNIT: Any = {"sandbox": {"PrivateTmp": "yes"}}


class AHost:
    """As root, of a master with pid 7. theirs: sockets that it sees."""

    def __init__(self, namespace: str = "mnt:[2]", theirs: Optional[Dict[str, str]] = None) -> None:
        self.links = {"/proc/7/ns/mnt": namespace, "/proc/self/ns/mnt": "mnt:[1]"}
        paths = ["/tmp/mysql.sock", "/tmp/mysql.sock", "/run/redis.sock", "/tmp/gone.sock"]
        rows = "".join(ROW % (number, path) for number, path in enumerate(paths))
        self.texts = {"/proc/net/unix": "Num\n" + rows, "/proc/7/mountinfo": GONE}
        self.types = {"/tmp/mysql.sock": "socket", "/run/redis.sock": "socket", **(theirs or {})}
        self.readlink, self.text, self.type_of = self.links.get, self.texts.get, self.types.get

    def is_root(self) -> bool:
        return True


def look(host: Any) -> Any:
    return unseen(host, 7, UNIT)


class TestUnseen:
    def test_hit_a_socket_of_the_hosts_own_tmp(self) -> None:
        assert look(AHost()) == {"mounts": ["/tmp"], "sockets": ["/tmp/mysql.sock"]}

    def test_near_miss_it_sees_the_socket(self) -> None:
        assert look(AHost(theirs={"/proc/7/root/tmp/mysql.sock": "socket"}))["sockets"] == []

    def test_decoy_it_has_the_mounts_of_its_host(self) -> None:
        assert look(AHost("mnt:[1]")) == {"mounts": [], "sockets": []}
