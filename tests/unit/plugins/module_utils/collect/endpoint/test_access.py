# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What refuses nginx on the way to a socket, and what a sandbox hides from it."""

import os
from typing import Any, Dict, List, Optional

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.endpoint import probe as dialling
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.host import Stat
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.collect.hosts.sockets import (
    IDENTITY,
    SAT,
    SEEN,
    Dialler,
    a_host,
    folder,
    look,
    sandboxed,
    sock,
)


class TestBlocked:
    def test_a_closed_directory_is_named(self) -> None:
        host = a_host().stated("/run/php", Stat("directory", 0o700, 0, 0, 0, 1.0, 2, 1))
        endpoint = look(host, dialler=Dialler(13))
        assert endpoint["connect"]["blocked_by"]["path"] == "/run/php"
        assert endpoint["connect"]["blocked_by"]["kind"] == "directory"
        assert endpoint["parents"][-1] == {
            "path": "/run/php",
            "owner": "root",
            "group": "root",
            "mode": "0700",
            "acl": None,
        }

    def test_an_acl_is_judged(self) -> None:
        masked = {
            (SAT, "system.posix_acl_access"): bytes.fromhex(SEEN["acl_xattr_masked"]),
            (SAT, "security.selinux"): b"system_u:object_r:httpd_var_run_t:s0\0",
        }
        endpoint = look(a_host(xattrs=masked).stated(SAT, sock(0o640, 0, 0)), dialler=Dialler(13))
        assert endpoint["connect"]["blocked_by"]["acl"] and endpoint["connect"]["blocked_by"]["masked"]
        assert "user:www-data:rw-" in endpoint["acl"] and "mask::r--" in endpoint["acl"]
        assert endpoint["selinux"] == "system_u:object_r:httpd_var_run_t:s0"

    def test_a_refusal_of_no_known_kind_is_mandatory_access(self) -> None:
        assert look(a_host(), dialler=Dialler(13))["connect"]["blocked_by"]["kind"] == "mandatory_access"

    def test_what_connects_is_not_blocked(self) -> None:
        assert look(a_host().stated(SAT, sock(0o600, 0, 0)))["connect"]["blocked_by"] is None

    def test_our_own_refusal_is_not_nginxs(self) -> None:
        """We were refused; owner and mode let nginx in."""
        host = a_host().for_a_user()
        assert (
            look(host, dialler=Dialler(13), identity=dict(IDENTITY, uid=33 if os.geteuid() != 33 else 34))[
                "connect"
            ]["blocked_by"]
            is None
        )


class TestGroup:
    """A group that the running workers have not taken."""

    def test_hit_a_group_that_the_workers_have_not_taken(self) -> None:
        host = a_host().stated(SAT, sock(0o660, 0, 1000)).has_accounts(**{"www-data": (33, 33, [33, 1000])})
        blocked = look(host, dialler=Dialler(13))["connect"]["blocked_by"]
        assert (blocked["kind"], blocked["groups"]) == ("group_not_in_force", ["1000"])

    def test_hit_workers_of_an_accounts_own_nginx_need_a_restart(self) -> None:
        """They keep the groups of their master."""
        host = a_host().stated(SAT, sock(0o660, 0, 1000)).has_accounts(**{"www-data": (33, 33, [33, 1000])})
        blocked = look(host, dialler=Dialler(13), identity=dict(IDENTITY, account=33))["connect"][
            "blocked_by"
        ]
        assert blocked["kind"] == "group_needs_restart" and blocked["groups"]

    def test_hit_a_group_that_only_the_master_has(self) -> None:
        host = a_host().stated(SAT, sock(0o660, 0, 1000)).has_accounts(**{"www-data": (33, 33, [33])})
        identity = dict(IDENTITY, master_groups=[0, 1000])
        blocked = look(host, dialler=Dialler(13), identity=identity)["connect"]["blocked_by"]
        assert (blocked["kind"], blocked["groups"]) == ("group_of_the_master", ["1000"])

    def test_near_miss_roots_own_group_is_given_to_nobody(self) -> None:
        host = a_host().stated(SAT, sock(0o660, 0, 0)).has_accounts(**{"www-data": (33, 33, [33])})
        identity = dict(IDENTITY, master_groups=[0])
        assert look(host, dialler=Dialler(13), identity=identity)["connect"]["blocked_by"]["kind"] == "socket"

    @pytest.mark.parametrize("uid, kind", [(999, "user_not_in_force"), (998, "socket")])
    def test_hit_the_user_of_the_configuration_may(self, uid: int, kind: str) -> None:
        """Near miss: that one may not either."""
        host = a_host().stated(SAT, sock(0o600, 999, 0)).has_accounts(**{"www-data": (33, 33, [33])})
        configured = {"user": "web2", "uid": uid, "groups": [uid], "file": "/n.conf", "line": 1}
        identity = dict(IDENTITY, configured=configured)
        assert look(host, dialler=Dialler(13), identity=identity)["connect"]["blocked_by"]["kind"] == kind

    @pytest.mark.parametrize(
        "gid, groups, identity",
        [
            (1000, [33], IDENTITY),
            (33, [33], dict(IDENTITY, gid=100, groups=[100])),
            (1000, [33, 1000], dict(IDENTITY, pid=None)),
        ],
    )
    def test_near_miss_a_group_that_no_new_worker_has_either(
        self, gid: int, groups: List[int], identity: Dict[str, Any]
    ) -> None:
        """Not in it; nginx's configuration gives another group of its own; no worker runs."""
        host = a_host().stated(SAT, sock(0o660, 0, gid)).has_accounts(**{"www-data": (33, 33, groups)})
        assert look(host, dialler=Dialler(13), identity=identity)["connect"]["blocked_by"]["kind"] == "socket"


class TestHidden:
    """A unit's sandbox."""

    def test_a_listener_with_its_own_view_of_files(self) -> None:
        """PrivateTmp= on php-fpm: the table names the path, and only the process sees the file."""
        endpoint = look(a_host().without_socket().stated("/proc/35/root" + SAT, sock()), dialler=Dialler(2))
        assert (
            endpoint["exists"],
            endpoint["listening"],
            endpoint["inode_matches"],
            endpoint["listener_path"],
        ) == (
            False,
            True,
            False,
            "/proc/35/root" + SAT,
        )

    def test_nginx_with_its_own_view_of_files(self) -> None:
        dialler = Dialler(2)
        host = a_host().link("/proc/41/ns/mnt", "mnt:[2]").link("/proc/self/ns/mnt", "mnt:[1]")
        endpoint = look(host, dialler=dialler)
        assert endpoint["exists"] is False and dialler.calls[0][1].root == "/proc/41/root"
        same = Dialler()
        assert (
            look(
                a_host().link("/proc/41/ns/mnt", "mnt:[1]").link("/proc/self/ns/mnt", "mnt:[1]"),
                dialler=same,
            )["exists"]
            is True
        )
        assert same.calls[0][1] == dialling.Rights(33, 33, [33], "")

    @pytest.mark.parametrize(
        "theirs, shown, path, setting",
        [
            (
                {"/run": folder(9, 0)},
                "InaccessiblePaths=-/run +/boot\nProtectHome=no",
                "/run",
                "InaccessiblePaths=-/run",
            ),
            (
                {"/run": folder(2), "/run/php": folder(9)},
                "TemporaryFileSystem=/opt /run/php:ro\n",
                "/run/php",
                "TemporaryFileSystem=/run/php:ro",
            ),
            (
                {"/run": folder(2), "/run/php": folder(9)},
                "BindPaths=/srv/x:/run/php:rbind /run/php:/y\n",
                "/run/php",
                "BindPaths=/srv/x:/run/php:rbind",
            ),
            (
                {"/run": folder(2), "/run/php": folder(9)},
                "PrivateTmp=yes\nProtectHome=yes\nRootDirectory=\n",
                "/run/php",
                None,
            ),
            (
                {"/": folder(9), "/run": folder(10)},
                "RootDirectory=/srv/nginx\n",
                "/",
                "RootDirectory=/srv/nginx",
            ),
        ],
    )
    def test_hit_the_setting_that_hides_the_way(
        self, theirs: Dict[str, Stat], shown: str, path: str, setting: Optional[str]
    ) -> None:
        endpoint = look(sandboxed(theirs, shown), dialler=Dialler(13))
        assert endpoint["hidden"] == {
            "path": path,
            "who": "nginx",
            "unit": "nginx.service",
            "setting": setting,
        }

    def test_near_miss_a_sandbox_that_hides_other_files(self) -> None:
        """PrivateTmp=, as on Enterprise Linux: the refusal is the socket's own."""
        same = {"/run": folder(2), "/run/php": folder(3), SAT: sock(0o600, 0, 0)}
        host = sandboxed(same, "PrivateTmp=yes\n").stated(SAT, sock(0o600, 0, 0))
        endpoint = look(host, dialler=Dialler(13))
        assert (
            endpoint["hidden"] is None
            and endpoint["connect"]["blocked_by"]["kind"] == "socket"
            and not host.calls
        )

    def test_hit_php_fpms_own_view_of_files(self) -> None:
        links = {"/proc/35/ns/mnt": "mnt:[2]", "/proc/self/ns/mnt": "mnt:[1]", "/proc/41/ns/mnt": "mnt:[1]"}
        host = (
            a_host(links=links)
            .without_socket()
            .stated("/proc/35/root" + SAT, sock())
            .stated("/run/php", folder(3))
            .stated("/proc/35/root/run/php", folder(9))
        )
        endpoint = look(host, dialler=Dialler(2))
        assert (endpoint["hidden"]["who"], endpoint["hidden"]["unit"]) == ("php-fpm", "php8.2-fpm.service")
