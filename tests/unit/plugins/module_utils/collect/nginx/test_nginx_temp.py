# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The directory that refuses nginx's temporary files."""

from typing import Any, Dict, Optional

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.host import Room, Stat
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.nginx.nginx_temp import (
    closed_roots,
    denied_files,
    temp_dirs,
)
from ansible_collections.webmedic.php_fpm.tests.unit.support import FakeHost

NGINX = {"uid": 33, "gid": 33, "groups": [7], "workers": []}
BODY, FILE = "/var/lib/nginx/body", "/var/lib/nginx/body/0000000001"


def folder(mode: int, uid: int = 0, gid: int = 0) -> Stat:
    return Stat("directory", mode, uid, gid, 0, 0.0, 1, 1)


def seen(stat: Stat, path: str = FILE, parent: int = 0o755, **rooms: Room) -> Dict[str, Any]:
    stats = {each: folder(parent) for each in ("/", "/var", "/var/lib", "/var/lib/nginx")}
    host = FakeHost(stats=dict(stats, **{BODY: stat}))
    host.rooms = {BODY: rooms["room"]} if rooms else {}
    event = {"source": "nginx", "signature": "ng-body-temp-eacces", "detail": {"path": path}}
    (found,) = temp_dirs(host, NGINX, [event, event])
    return dict(found)


class TestDirectory:
    def test_hit_owner_and_mode_refuse(self) -> None:
        found = seen(folder(0o700))
        assert (found["path"], found["owner"], found["mode"]) == (BODY, "root", "0700")
        assert (found["writable"], found["full"]) == (False, False)

    def test_hit_a_directory_above_refuses(self) -> None:
        found = seen(folder(0o700, 33), parent=0o700)
        assert (found["path"], found["writable"]) == ("/", False)

    def test_hit_no_room_for_who_is_not_root(self) -> None:
        assert seen(folder(0o700, 33), room=Room(False, 900, 5, 0))["full"]

    @pytest.mark.parametrize("others, full", [(6144, True), (2 * 1024 * 1024, False), (None, False)])
    def test_near_miss_what_came_back_is_no_room(self, others: Optional[int], full: bool) -> None:
        assert seen(folder(0o700, 33), room=Room(False, 900, 5, others))["full"] is full

    def test_near_miss_the_owner_and_a_group_may(self) -> None:
        assert seen(folder(0o700, 33))["writable"] and seen(folder(0o770, 0, 7))["writable"]

    def test_near_miss_a_hashed_file_below_it(self) -> None:
        assert seen(folder(0o700, 33), BODY + "/1/00/0000000001")["path"] == BODY

    def test_hit_the_directory_is_gone(self) -> None:
        stats = {each: folder(0o755) for each in ("/", "/var", "/var/lib", "/var/lib/nginx")}
        for path, lacks in ((FILE, BODY), ("/var/lib/nginx/1/00/0000000001", None)):
            event = {"source": "nginx", "signature": "ng-body-temp-eacces", "detail": {"path": path}}
            (found,) = temp_dirs(FakeHost(stats=stats), NGINX, [event])
            assert (found["path"], found["lacks"]) == ("/var/lib/nginx", lacks)

    def test_hit_nginx_may_not_make_a_level_below(self) -> None:
        stats = {each: folder(0o755) for each in ("/", "/var", "/var/lib", "/var/lib/nginx", BODY)}
        event = {"source": "nginx", "signature": "ng-resp-temp-eacces", "detail": {"path": BODY + "/1"}}
        (found,) = temp_dirs(FakeHost(stats=stats), NGINX, [event])
        assert (found["path"], found["writable"], found["lacks"]) == (BODY, False, None)

    def test_decoy_a_line_that_names_no_path(self) -> None:
        event = {"source": "nginx", "signature": "ng-body-temp-eacces", "detail": {"errno": 13}}
        assert temp_dirs(FakeHost(), NGINX, [event]) == []


class TestClosedRoots:
    def roots(self, mode: int, root: str = "/srv/shop", site: str = "shop.example") -> Any:
        host = FakeHost(stats={"/": folder(0o755), "/srv": folder(0o755), "/srv/shop": folder(mode)})
        event = {"source": "nginx", "signature": "ng-redirect-cycle", "site": "shop.example"}
        return closed_roots(host, dict(NGINX, routes=[{"site": site, "root": root}]), [event])

    def test_hit_nginx_may_not_search_it(self) -> None:
        (found,) = self.roots(0o700)
        assert (found["path"], found["mode"]) == ("/srv/shop", "0700")

    def test_near_miss_nginx_may_search_it_and_not_write(self) -> None:
        assert self.roots(0o711) == []

    def test_decoy_another_site_or_a_variable(self) -> None:
        assert self.roots(0o700, site="blog.example") == self.roots(0o700, "/srv/$host") == []


class TestDeniedFiles:
    def seen(self, mode: int, above: int = 0o755) -> Any:
        file = Stat("file", mode, 0, 7, 0, 0.0, 1, 1)
        host = FakeHost(stats={"/": folder(0o755), "/etc": folder(above), "/etc/shop.htpasswd": file})
        event = {"source": "nginx", "signature": "ng-file-denied", "detail": {"path": "/etc/shop.htpasswd"}}
        (found,) = denied_files(host, NGINX, [event])
        return found["path"], found["writable"]

    def test_hit_the_file_refuses(self) -> None:
        assert self.seen(0o600) == ("/etc/shop.htpasswd", False)

    def test_hit_a_directory_above_refuses(self) -> None:
        assert self.seen(0o640, above=0o700) == ("/etc", False)

    def test_near_miss_the_group_may_read(self) -> None:
        assert self.seen(0o640) == ("/etc/shop.htpasswd", True)

    def test_decoy_a_body_that_nginx_could_not_keep(self) -> None:
        event = {"source": "nginx", "signature": "ng-body-temp-eacces", "detail": {"path": "/x"}}
        assert denied_files(FakeHost(), NGINX, [event]) == []
