# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What refuses the account of a pool on the way to a site's scripts."""

from typing import Any, Dict, Optional

from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.host import Stat
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.script_ways import ways
from ansible_collections.webmedic.php_fpm.tests.unit.support import FakeHost

SOCKET, ROOT = "unix:/run/php.sock", "/srv/shop"
VIEW = "/proc/71/root"
STATUS = "Uid:\t1001\t1001\t1001\t1001\nGid:\t1001\t1001\t1001\t1001\nGroups:\t1001 \n"


def entry(mode: int, kind: str = "directory", uid: int = 0, at: float = 0.0) -> Stat:
    return Stat(kind, mode, uid, uid, 0, 0.0, 1, 1, at)


def look(
    stats: Dict[str, Stat],
    links: Optional[Dict[str, str]] = None,
    site: str = "shop.example",
    awake: bool = True,
    chroot: Optional[str] = None,
    signature: str = "ng-stderr-primary",
    **route: Any,
) -> Any:
    """stats, links: of what the pool's account sees."""
    view = VIEW if awake else "/proc/70/root"
    open_ones = {path: entry(0o755) for path in ("/", "/srv", "/run")}
    seen = {view + path: stat for path, stat in dict(open_ones, **stats).items()}
    host = FakeHost(
        files={"/proc/71/status": STATUS},
        stats=seen,
        links={view + path: target for path, target in (links or {}).items()},
        accounts={"shop": (1001, 1001, [1001])},
    )
    pool = {"name": "shop", "endpoint": SOCKET, "user": "shop", "chroot": chroot}
    of_php = dict(
        {
            "site": "shop.example",
            "root": ROOT,
            "location": "~ \\.php$",
            "params": {"SCRIPT_FILENAME": "$document_root$fastcgi_script_name"},
            "endpoints": [{"endpoint": SOCKET}],
        },
        **route,
    )
    snapshot: Any = {
        "nginx": {"routes": [of_php], "uid": 33, "gid": 33, "groups": [], "user": "www-data"},
        "endpoints": {SOCKET: {"real_path": "/run/php.sock"}},
        "fpm": {"masters": [{"config": "/f.conf", "running": True, "pid": 70, "pools": [pool]}]},
        "workers": [{"config": "/f.conf", "pool": "shop", "pid": 71}] if awake else [],
    }
    event: Any = {"source": "nginx", "signature": signature, "site": site}
    return ways(host, snapshot, [event])


OPEN = {ROOT: entry(0o755), ROOT + "/index.php": entry(0o644, "file", at=9.0)}


class TestWays:
    def test_hit_a_directory_of_the_site_is_closed(self) -> None:
        (way,) = look(dict(OPEN, **{ROOT: entry(0o750)}))
        assert (way["blocked"]["path"], way["blocked"]["kind"]) == (ROOT, "directory")
        assert "others have no search (x) permission" in way["blocked"]["why"]
        assert way["script"] == ROOT + "/" and way["front"]

    def test_hit_a_directory_above_is_closed(self) -> None:
        (way,) = look(dict(OPEN, **{"/srv": entry(0o700, uid=5)}))
        assert way["blocked"]["path"] == "/srv"

    def test_hit_a_link_leads_into_a_closed_one(self) -> None:
        there = {"/rel": entry(0o700), "/rel/7": entry(0o755), "/rel/7/index.php": entry(0o644, "file")}
        (way,) = look(there, links={ROOT: "/rel/7"})
        assert way["blocked"]["path"] == "/rel"

    def test_hit_the_page_is_closed(self) -> None:
        (way,) = look(dict(OPEN, **{ROOT + "/index.php": entry(0o600, "file")}))
        assert (way["blocked"]["kind"], way["there"]) == ("file", True)
        assert "no read (r) permission" in way["blocked"]["why"]

    def test_hit_in_a_chroot_the_host_has_another_name_for_it(self) -> None:
        (way,) = look(dict(OPEN, **{ROOT: entry(0o700)}), chroot="/jail/")
        assert (way["blocked"]["path"], way["script"]) == ("/jail" + ROOT, ROOT + "/")

    def test_near_miss_it_is_the_accounts_own(self) -> None:
        (way,) = look(dict(OPEN, **{ROOT: entry(0o700, uid=1001)}))
        assert (way["blocked"], way["changed_at"]) == (None, 9.0)

    def test_near_miss_a_pool_without_workers(self) -> None:
        (way,) = look(dict(OPEN, **{ROOT: entry(0o700)}), awake=False)
        assert way["blocked"]["path"] == ROOT and way["user"] == "shop"

    def test_decoy_there_is_no_front_page(self) -> None:
        (way,) = look({ROOT: entry(0o755)})
        assert (way["blocked"], way["there"]) == (None, False)

    def test_decoy_another_site_or_a_variable(self) -> None:
        assert look(OPEN, site="blog.example") == look(OPEN, root="$sites") == []

    def test_decoy_a_location_that_is_not_the_front(self) -> None:
        assert [way["front"] for way in look(OPEN, location="^~ /admin")] == [False]
        assert [way["front"] for way in look(OPEN, location="= /index.php")] == [True]


class TestAlias:
    def test_hit_the_path_is_there_below_the_alias(self) -> None:
        there = {"/srv/blog": entry(0o755)}
        assert [way.get("doubled") for way in look(there, root="/srv", alias="/blog")] == ["/blog"]
        assert [way.get("doubled") for way in look(there, root="/srv/", alias="^~ /blog/")] == ["/blog/"]

    def test_near_miss_it_is_not_there(self) -> None:
        assert "doubled" not in look(OPEN, alias="/blog")[0]

    def test_decoy_no_alias_or_one_of_the_whole_site(self) -> None:
        assert "doubled" not in look(OPEN)[0]
        assert "doubled" not in look(OPEN, alias="/")[0]


class TestOfNginx:
    def seen(self, mode: int, site: str = "shop.example") -> Any:
        view = {"/srv": entry(0o755), ROOT: entry(mode)}
        host = FakeHost(stats=dict(view, **{"/": entry(0o755)}))
        route = {"site": "shop.example", "root": ROOT, "location": "~ \\.php$", "params": {}, "endpoints": []}
        nginx = {"routes": [route], "uid": 33, "gid": 33, "groups": [33], "user": "www-data"}
        snapshot: Any = {"nginx": nginx, "endpoints": {}, "fpm": {"masters": []}, "workers": []}
        event: Any = {"source": "nginx", "signature": "ng-stat-denied", "site": site}
        return ways(host, snapshot, [event])

    def test_hit_nginx_may_not_search_it(self) -> None:
        (way,) = self.seen(0o700)
        assert (way["blocked"]["path"], way["pool"], way["user"]) == (ROOT, "", "www-data")

    def test_near_miss_nginx_may(self) -> None:
        assert [way["blocked"] for way in self.seen(0o711)] == [None]

    def test_decoy_another_site(self) -> None:
        assert self.seen(0o700, "blog.example") == []
