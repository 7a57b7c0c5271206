# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What refuses the account of a pool on the way to a site's scripts."""

from typing import Any, Dict, Optional

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.host import Stat
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.pages.script_ways import (
    gone_roots,
    ways,
)
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.nginx.message_parts import shown_parts
from ansible_collections.webmedic.php_fpm.plugins.module_utils.signatures.lookup import meaning_of
from ansible_collections.webmedic.php_fpm.tests.unit.support import FakeHost

SOCKET, ROOT = "unix:/run/php.sock", "/srv/shop"
VIEW = "/proc/71/root"
STATUS = "Uid:\t1001\t1001\t1001\t1001\nGid:\t1001\t1001\t1001\t1001\nGroups:\t1001 \n"


def entry(mode: int, kind: str = "directory", uid: int = 0, at: float = 0.0) -> Stat:
    return Stat(kind, mode, uid, uid, 0, 0.0, 1, 1, at)


def look(
    stats: Dict[str, Stat],
    links: Optional[Dict[str, str]] = None,
    ours: Optional[Dict[str, Stat]] = None,
    site: str = "shop.example",
    awake: bool = True,
    chroot: Optional[str] = None,
    files: Optional[Dict[str, str]] = None,
    signature: str = "ng-stderr-primary",
    text: str = "",
    **route: Any,
) -> Any:
    """stats, links: of what the pool's account sees. ours: what the host has, where that is another."""
    view = VIEW if awake else "/proc/70/root"
    open_ones = {path: entry(0o755) for path in ("/", "/srv", "/run")}
    seen = {view + path: stat for path, stat in dict(open_ones, **stats).items()}
    namespaces = {"/proc/71/ns/mnt": "mnt:[2]", "/proc/self/ns/mnt": "mnt:[1]"} if ours else {}
    seen.update(dict(open_ones, **ours) if ours else {})
    host = FakeHost(
        files=dict({"/proc/71/status": STATUS}, **(files or {})),
        stats=seen,
        links=dict({view + path: target for path, target in (links or {}).items()}, **namespaces),
        accounts={"shop": (1001, 1001, [1001])},
    )
    pool = {"name": "shop", "endpoint": SOCKET, "user": "shop", "chroot": chroot, "file": "/pool.conf"}
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
        "taken_at": 1000.0,
        "window": 900,
        "nginx": {"routes": [of_php], "uid": 33, "gid": 33, "groups": [], "user": "www-data"},
        "endpoints": {SOCKET: {"real_path": "/run/php.sock"}},
        "fpm": {"masters": [{"config": "/f.conf", "running": True, "pid": 70, "pools": [pool]}]},
        "workers": [{"config": "/f.conf", "pool": "shop", "pid": 71}] if awake else [],
    }
    event: Any = {"source": "nginx", "signature": signature, "site": site}
    event["detail"] = shown_parts(meaning_of(event), text)
    return ways(host, snapshot, [event])


NO_DIRECTORY = {"site": "shop.example", "error": "No such file or directory"}
OPEN = {ROOT: entry(0o755), ROOT + "/index.php": entry(0o644, "file", at=9.0)}


class TestWays:
    def test_hit_a_directory_of_the_site_is_closed(self) -> None:
        (way,) = look(dict(OPEN, **{ROOT: entry(0o750)}))
        assert (way["blocked"]["path"], way["blocked"]["kind"]) == (ROOT, "directory")
        assert (way["blocked"]["wanted"], way["blocked"]["applies"]) == ("x", "other")
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
        assert way["blocked"]["wanted"] == "r"

    def test_hit_in_a_chroot_the_host_has_another_name_for_it(self) -> None:
        (way,) = look(dict(OPEN, **{ROOT: entry(0o700)}), chroot="/jail/")
        assert (way["blocked"]["path"], way["script"]) == ("/jail" + ROOT, ROOT + "/")

    def test_hit_the_chroot_lacks_what_the_host_has(self) -> None:
        there = dict(OPEN, **{"/srv/shop": entry(0o755)})
        (way,) = look({}, ours=there, chroot="/jail/")
        assert way["outside"] and not way["there"]
        assert "outside" not in look({}, ours={}, chroot="/jail/")[0]
        assert "outside" not in look(OPEN, ours=there, chroot="/jail/")[0]

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


class TestChanged:
    def changed(self, root: Stat, page: Stat) -> Any:
        (way,) = look({ROOT: root, ROOT + "/index.php": page})
        return way["changed"], way["rights"], way["linked"]

    def test_hit_its_mode_was_changed_last(self) -> None:
        root, page = entry(0o755, at=500.0), entry(0o644, "file", at=9.0)
        assert self.changed(root, page) == (ROOT, True, False)

    def test_near_miss_a_file_was_written_with_it(self) -> None:
        root, page = entry(0o755, at=500.0), entry(0o644, "file", at=9.0)._replace(mtime=500.0)
        assert self.changed(root, page) == (ROOT, False, False)
        assert self.changed(entry(0o755), entry(0o644, "file", at=9.0)) == (ROOT + "/index.php", True, False)


class TestPathCache:
    THERE = {"/rel": entry(0o755), "/rel/7": entry(0o755), "/rel/7/index.php": entry(0o644, "file")}

    def cached(self, **texts: str) -> Any:
        files = {"/php.ini": texts.get("ini", ""), "/pool.conf": texts.get("pool", "")}
        (way,) = look(self.THERE, links={ROOT: "/rel/7"}, files=files)
        assert way["linked"]
        return way["cached"]

    def test_hit_the_longest_time_of_all_files(self) -> None:
        assert self.cached() == 120
        assert self.cached(ini="realpath_cache_ttl = 600 ; s") == 600
        assert (
            self.cached(ini="realpath_cache_ttl=1", pool="php_admin_value[realpath_cache_ttl] = 900") == 900
        )

    @pytest.mark.parametrize("name", ["about.php", "gone.php"])
    def test_hit_and_near_miss_a_script_that_is_there(self, name: str) -> None:
        text = "line 0Unable to open primary script: %s/%s (No such file or directory)" % (ROOT, name)
        there = {VIEW + ROOT + "/about.php": "/rel/7/index.php", ROOT: "/rel/7"}
        (way,) = look(dict(self.THERE, **{ROOT + "/about.php": entry(0o644, "file")}), links=there, text=text)
        assert way["open"] == ([ROOT + "/about.php"] if name == "about.php" else [])

    def test_near_miss_a_comment(self) -> None:
        assert self.cached(ini=";realpath_cache_ttl = 600") == 120

    def test_decoy_a_variable(self) -> None:
        assert self.cached(pool="php_value[realpath_cache_ttl] = ${TTL}") is None

    def test_decoy_no_link_is_on_the_way(self) -> None:
        assert "cached" not in look(OPEN)[0]


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
    def seen(self, mode: int, site: str = "shop.example", page: str = "index.php") -> Any:
        view = {"/srv": entry(0o755), ROOT: entry(mode), "%s/%s" % (ROOT, page): entry(0o644, "file")}
        host = FakeHost(stats=dict(view, **{"/": entry(0o755)}))
        route = {"site": "shop.example", "root": ROOT, "location": "~ \\.php$", "params": {}, "endpoints": []}
        nginx = {"routes": [route], "uid": 33, "gid": 33, "groups": [33], "user": "www-data", "workers": []}
        snapshot: Any = {
            "taken_at": 9.0,
            "window": 9,
            "nginx": nginx,
            "endpoints": {},
            "fpm": {"masters": []},
            "workers": [],
        }
        event: Any = {"source": "nginx", "signature": "ng-stat-denied", "site": site}
        return ways(host, snapshot, [event])

    def test_hit_nginx_may_not_search_it(self) -> None:
        (way,) = self.seen(0o700)
        assert (way["blocked"]["path"], way["pool"], way["user"]) == (ROOT, "", "www-data")

    def test_near_miss_nginx_may(self) -> None:
        assert [way["blocked"] for way in self.seen(0o711)] == [None]

    @pytest.mark.parametrize("page", ["index.php", "app.php", "public/index.php", "shop.php"])
    def test_hit_and_near_miss_the_page_that_is_there(self, page: str) -> None:
        (way,) = self.seen(0o755, page=page)
        assert way["page"] == ("" if page == "shop.php" else "%s/%s" % (ROOT, page))

    def test_decoy_another_site(self) -> None:
        assert self.seen(0o700, "blog.example") == []


class TestHidden:
    def test_hit_the_unit_shows_another_directory(self) -> None:
        (way,) = look({ROOT: entry(0o000)._replace(inode=9)}, ours=OPEN)
        assert (way["hidden"]["path"], way["hidden"]["who"]) == (ROOT, "php-fpm")

    def test_hit_the_unit_shows_an_empty_one(self) -> None:
        (way,) = look({"/srv": entry(0o755)}, ours=OPEN)
        assert way["hidden"]["path"] == ROOT and not way["there"]

    def test_near_miss_the_unit_shows_a_directory_with_pages(self) -> None:
        (way,) = look(dict(OPEN, **{ROOT: entry(0o755)._replace(inode=9)}), ours=OPEN)
        assert way["hidden"] is None

    def test_decoy_the_host_has_no_page_either(self) -> None:
        (way,) = look({ROOT: entry(0o755)._replace(inode=9)}, ours={ROOT: entry(0o755)})
        assert way["hidden"] is None


class TestGoneRoots:
    def gone(
        self,
        stats: Dict[str, Stat],
        fstab: str = "",
        mounts: str = "",
        missed: str = "shop.example",
        logs: Any = (),
        **route: Any,
    ) -> Any:
        """missed: the site that an error log names; logs: of site_logs."""
        of_php = {
            "site": "shop.example",
            "root": ROOT,
            "params": {"SCRIPT_FILENAME": "$document_root$fastcgi_script_name"},
            "endpoints": [{"endpoint": SOCKET}],
        }
        pool = {"name": "shop", "endpoint": SOCKET, "user": "shop", "chroot": None}
        snapshot: Any = {
            "taken_at": 1000.0,
            "window": 900,
            "nginx": {"routes": [dict(of_php, **route)], "site_logs": list(logs)},
            "endpoints": {SOCKET: {"real_path": "/run/php.sock"}},
            "fpm": {"masters": [{"config": "/f.conf", "running": True, "pid": 70, "pools": [pool]}]},
            "workers": [{"config": "/f.conf", "pool": "shop", "pid": 71}],
        }
        files = {"/proc/71/status": STATUS, "/etc/fstab": fstab, "/proc/self/mounts": mounts}
        host = FakeHost(files=files, stats=dict({"/": entry(0o755), "/srv": entry(0o755)}, **stats))
        events: Any = [{"site": missed}]
        return [(each.pop("root"), each) for each in map(dict, gone_roots(host, snapshot, events, 5.0))]

    def test_hit_the_directory_is_not_there(self) -> None:
        assert self.gone({}) == [(ROOT, NO_DIRECTORY)]

    def test_hit_its_file_system_is_not_mounted(self) -> None:
        fstab = "# a table\nnas:/srv /srv nfs nofail 0 0\n"
        facts = {"site": "shop.example", "device": "nas:/srv", "place": "/srv"}
        assert self.gone({ROOT: entry(0o755)}, fstab) == self.gone({}, fstab) == [(ROOT, facts)]

    def test_near_miss_what_fstab_has_is_mounted_or_no_matter(self) -> None:
        fstab, empty = "nas:/srv /srv nfs nofail 0 0\n", {ROOT: entry(0o755)}
        assert self.gone(empty, fstab, "nas:/srv /srv nfs4 rw 0 0\n") == []
        assert self.gone(empty, "#" + fstab) == self.gone(empty, fstab.replace("nofail", "noauto")) == []
        assert self.gone(OPEN, fstab) == []
        assert self.gone(dict(empty, **{ROOT + "/app.php": entry(0o644, "file")}), fstab) == []

    def test_hit_somebody_asks_by_the_access_log_of_the_site(self) -> None:
        def logs(*sites: str) -> Any:
            return [{"site": site, "access": [{"paths": ["/a.log"]}], "others": False} for site in sites]

        written = {"/a.log": entry(0o644, "file")._replace(mtime=9.0)}
        assert len(self.gone(written, missed="", logs=logs("shop.example"))) == 1
        assert self.gone(written, missed="", logs=logs("shop.example", "blog.example")) == []
        assert self.gone({"/a.log": entry(0o644, "file")}, missed="", logs=logs("shop.example")) == []

    def test_near_miss_nobody_asks_for_a_site_that_was_given_up(self) -> None:
        assert self.gone({}, missed="blog.example") == []
        fstab = "nas:/srv /srv nfs nofail 0 0\n"
        assert len(self.gone({}, fstab, missed="blog.example")) == 1

    @pytest.mark.parametrize("script", ["/srv/app/$fastcgi_script_name", "/srv/app/front.php"])
    def test_hit_the_scripts_are_elsewhere_and_gone(self, script: str) -> None:
        there, params = (
            {ROOT: entry(0o755), ROOT + "/index.php": entry(0o644, "file")},
            {"SCRIPT_FILENAME": script},
        )
        assert self.gone(there, params=params) == [("/srv/app", NO_DIRECTORY)]

    def test_near_miss_they_are_where_the_workers_look(self) -> None:
        params = {"SCRIPT_FILENAME": "/srv/app$fastcgi_script_name"}
        assert self.gone({VIEW + "/srv/app": entry(0o755)}, params=params) == []

    def test_near_miss_php_fpm_has_it(self) -> None:
        assert self.gone({VIEW + ROOT + "/index.php": entry(0o644, "file")}) == []

    def test_decoy_php_needs_nothing_of_it(self) -> None:
        fixed = {"SCRIPT_FILENAME": "/opt/front.php"}
        assert self.gone({"/opt": entry(0o755)}, params=fixed) == self.gone({}, root="$home") == []
        assert self.gone({}, endpoints=[{"endpoint": "10.0.0.9:9000"}]) == []
