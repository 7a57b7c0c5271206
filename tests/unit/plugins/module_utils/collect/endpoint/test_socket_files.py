# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The way to a socket through links."""

from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.endpoint.socket_files import walk
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.host import HostError
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.collect.hosts.sockets import (
    SocketHost,
    sock,
)


class TestWalk:
    def test_the_directories_of_both_ends_of_a_link(self) -> None:
        host = SocketHost(stats={"/srv/b/sock": sock(), "/run/x": sock()}, links={"/run/a": "../srv/b/sock"})
        assert walk(host, "/run/a").searched == ["/", "/run", "/srv", "/srv/b"]

    def test_a_circle_of_links_ends(self) -> None:
        host = SocketHost(links={"/a": "/b", "/b": "/a"})
        way = walk(host, "/a")
        assert way.stat is None and isinstance(way.error, HostError) and way.error.errno == 40
