# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a process with a mount namespace of its own may not see."""

from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.linux.unseen import (
    gone_mounts,
    listening_paths,
)

MOUNTS = """\
700 660 0:50 / / rw,relatime - overlay overlay rw
712 700 0:50 /tmp/systemd-private-1-php8.4-fpm.service-x/tmp//deleted /tmp rw shared:4 - overlay overlay rw
713 700 0:50 /srv/the\\040shop//deleted /var/www/the\\040shop rw - ext4 /dev/sda1 rw
714 700 0:50 /srv/deleted /var/www/blog rw - ext4 /dev/sda1 rw
"""
SOCKETS = """\
Num       RefCount Protocol Flags    Type St Inode Path
0000000000000000: 00000002 00000000 00010000 0001 01 11 /tmp/mysql.sock
0000000000000000: 00000003 00000000 00000000 0001 03 12 /tmp/mysql.sock
0000000000000000: 00000002 00000000 00000000 0002 01 13 /run/systemd/notify
0000000000000000: 00000002 00000000 00010000 0001 01 14 @abstract
0000000000000000: 00000002 00000000 00010000 0001 01 15
0000000000000000: 00000002 00000000 00010000 0001 01 16 /tmp/with space.sock
"""


class TestGoneMounts:
    def test_hit_and_decoy_a_directory_of_that_name(self) -> None:
        assert gone_mounts(MOUNTS) == ["/tmp", "/var/www/the shop"]

    def test_near_miss_nothing_is_mounted(self) -> None:
        assert gone_mounts("") == []


class TestListeningPaths:
    def test_hit_streams_that_listen_at_a_path(self) -> None:
        assert listening_paths(SOCKETS) == ["/tmp/mysql.sock", "/tmp/with space.sock"]
