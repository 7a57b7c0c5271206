# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What nginx's files dial against what would listen, and with which rights."""

from typing import Any, Dict, List, Optional

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.ahead.endpoints import After
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.ahead import parts
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.ahead.parts import (
    SOCKET,
    endpoint,
    fpm,
    nginx,
    pool,
    route,
    web,
)
from ansible_collections.webmedic.php_fpm.tests.unit.support import FakeHost, Stat

MOVED = "unix:/run/php/moved.sock"


ACCOUNTS = {
    "root": (0, 0, [0]),
    "www-data": (33, 33, [33]),
    "web": (40, 40, [40, 50]),
    "shared": (50, 50, [50]),
}

GROUPS = "".join("%s:x:%d:\n" % (name, ids[1]) for name, ids in ACCOUNTS.items())


def host(**modes: int) -> FakeHost:
    """With /run/php, and these directories below /run."""
    stats = {"/run/" + name: Stat("directory", mode, 0, 0, 0, 0.0, 1, 1) for name, mode in modes.items()}
    return FakeHost({"/run/php/x": "", "/etc/group": GROUPS}, stats=stats, accounts=ACCOUNTS)


def after(
    web_server: Any, services: Any, endpoints: Any, there: Optional[FakeHost] = None, **launches: Any
) -> After:
    return After(there or host(), web_server, [web(), *services], endpoints, launches.get("launches", {}))


def lost(web_server: Any, services: Any, endpoints: Dict[str, Any]) -> List[Dict[str, Any]]:
    return list(after(web_server, services, endpoints).lost())


class TestNobodyListens:
    def test_hit_what_listens_now_is_no_file_of_a_pool(self) -> None:
        (problem,) = lost(nginx(route(SOCKET)), [fpm(pool(MOVED))], {SOCKET: endpoint(True, 35, 36)})
        assert (problem["kind"], problem["severity"], problem["already"]) == (
            "no_listener",
            "critical",
            False,
        )
        assert (problem["file"], problem["line"], problem["sites"]) == ("/etc/nginx/a", 7, ["a.example"])

    def test_hit_nobody_listens_now_either(self) -> None:
        (problem,) = lost(nginx(route(SOCKET)), [fpm(pool(MOVED))], {SOCKET: endpoint(False)})
        assert problem["already"] is True

    def test_hit_nginx_has_not_loaded_that_it_is_to_dial_it(self) -> None:
        loaded = {"configured": None, "newer_files": ["/etc/nginx/a"]}
        (problem,) = lost(nginx(route(MOVED), loaded=loaded), [fpm()], {MOVED: endpoint(False)})
        assert problem["already"] is False

    def test_hit_workers_that_outlived_their_master(self) -> None:
        there = {SOCKET: endpoint(True, 77, pool="a")}
        assert lost(nginx(route(SOCKET)), [fpm(pool(MOVED))], there)

    def test_a_backup_that_is_gone_is_a_warning(self) -> None:
        there = {SOCKET: endpoint(True, 35), "127.0.0.1:9999": endpoint(False)}
        (problem,) = lost(nginx(route(SOCKET, "127.0.0.1:9999")), [fpm()], there)
        assert problem["severity"] == "warning"

    @pytest.mark.parametrize(
        "dialled, listens, there",
        [
            (SOCKET, SOCKET, endpoint(False)),  # a stopped master's: its start makes it
            ("127.0.0.1:9000", "*:9000", endpoint(True, 35)),
            ("127.0.0.1:9000", "[::]:9000", endpoint(True, 35)),
            ("127.0.0.1:9000", MOVED, endpoint(True, 99, fpm=False)),  # another program's
            ("192.0.2.7:9000", MOVED, endpoint(None)),  # another host's
            ("php.example:9000", MOVED, endpoint(None)),
        ],
    )
    def test_near_miss(self, dialled: str, listens: str, there: Any) -> None:
        assert not lost(nginx(route(dialled)), [fpm(pool(listens))], {dialled: there})

    def test_near_miss_a_link_leads_to_the_socket(self) -> None:
        there = host()
        there.links["/run/php/php.sock"] = "a.sock"
        dialled = "unix:/run/php/php.sock"
        found = after(nginx(route(dialled)), [fpm()], {dialled: endpoint(True, 35)}, there).lost()
        assert not list(found)

    def test_near_miss_a_target_that_is_marked_down(self) -> None:
        way = route(MOVED, SOCKET)
        way["endpoints"][0]["down"] = True
        assert not lost(nginx(way), [fpm()], {MOVED: endpoint(False), SOCKET: endpoint(True, 35)})

    def test_a_stranger_who_listens_there_is_named_as_unknown(self) -> None:
        seen = after(
            nginx(route(SOCKET)),
            [fpm(pool(MOVED))],
            {SOCKET: endpoint(True, 88, fpm=False, claims_fpm=True, user="alice")},
        )
        assert not list(seen.lost())
        assert "alice" in seen.host.missing[0]["why"] and seen.host.missing[0]["what"] == "listener"


def denied(made: Any, web_server: Any = None, there: Optional[FakeHost] = None, **launches: Any) -> List[Any]:
    server = web_server or nginx(route(SOCKET))
    return list(after(server, [fpm(made)], {SOCKET: endpoint(True, 35)}, there, launches=launches).denied())


ROOT = {"listen_owner": "root", "listen_group": "root"}


class TestSocketDenied:
    @pytest.mark.parametrize(
        "settings",
        [
            ROOT,
            {"listen_owner": None, "listen_group": None},  # the master's own
            {"listen_mode": "0000"},
            dict(ROOT, acl_users=["web"]),
            {"acl_users": ["web"]},  # an ACL makes owner and group void
            dict(ROOT, listen_mode="0640", listen_group="www-data"),
        ],
    )
    def test_hit(self, settings: Dict[str, Any]) -> None:
        (problem,) = denied(pool(**settings))
        assert (problem["kind"], problem["already"]) == ("socket_denied", False)
        assert (problem["file"], problem["line"], problem["pool"]) == (parts.POOL_FILE, 3, "a")

    @pytest.mark.parametrize(
        "settings",
        [
            {},
            dict(ROOT, listen_mode="0666"),
            dict(ROOT, listen_group="www-data"),
            {"listen_group": None},  # the owner's own group
            dict(ROOT, acl_users=["www-data"]),
            dict(ROOT, acl_groups=["www-data"]),
            dict(ROOT, listen_group="33"),
            dict(ROOT, listen_group="of-a-directory-service"),
            dict(ROOT, acl_groups=["of-a-directory-service"]),
        ],
    )
    def test_near_miss(self, settings: Dict[str, Any]) -> None:
        assert not denied(pool(**settings))

    def test_the_user_of_the_files_counts_not_the_running_one(self) -> None:
        configured = {"user": "web", "uid": 40, "groups": [40], "file": "/etc/nginx/nginx.conf", "line": 1}
        loaded = {"configured": configured, "newer_files": ["/etc/nginx/nginx.conf"]}
        assert denied(pool(), nginx(route(SOCKET), loaded=loaded))

    def test_near_miss_a_group_that_a_start_gives_nginx(self) -> None:
        """The running workers are not in it yet."""
        server = nginx(route(SOCKET), user="web", uid=40, gid=40, groups=[40])
        assert not denied(pool(**{**ROOT, "listen_group": "shared"}), server)

    def test_hit_a_directory_that_nginx_may_not_search(self) -> None:
        (problem,) = denied(pool(), there=host(php=0o750))
        assert (problem["file"], problem["line"]) == ("/run/php", None)

    def test_hit_a_directory_that_systemd_closes_at_the_start(self) -> None:
        made = {parts.UNIT: parts.launch(["/run/php"], RuntimeDirectoryMode=["0750"])}
        assert denied(pool(), there=host(php=0o755), **made)[0]["file"] == "/run/php"

    def test_near_miss_a_directory_that_systemd_opens_at_the_start(self) -> None:
        made = {parts.UNIT: parts.launch(["/run/php"], RuntimeDirectoryMode=["0755"])}
        assert not denied(pool(), there=host(php=0o700), **made)

    def test_who_is_unknown_is_not_judged(self) -> None:
        assert not denied(pool(**ROOT), nginx(route(SOCKET), uid=None))
