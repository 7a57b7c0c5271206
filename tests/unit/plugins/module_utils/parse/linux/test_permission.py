# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which component of a path refuses nginx. The ACL is the one that php-fpm wrote for listen.acl_users =
www-data,man.
"""

import json
import os
from typing import Any, List, Optional

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.linux import permission
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.linux.permission import (
    Component,
    Identity,
)
from ansible_collections.webmedic.php_fpm.tests.unit.places import fixtures

FIXTURES = fixtures("sockets")
WWW = Identity("www-data", 33, [33])
NGINX = Identity("nginx", 101, [101])
UIDS = {6: "man", 33: "www-data"}
GIDS = {4: "adm"}


def captured(name: str) -> Any:
    with open(os.path.join(FIXTURES, "8.2-debian12-saturated.json"), encoding="utf-8") as stream:
        return json.load(stream)[name]


def socket_file(
    mode: int, uid: int = 0, gid: int = 0, acl: Optional[List[permission.Entry]] = None
) -> Component:
    return Component(
        "/run/php/a.sock",
        False,
        uid,
        gid,
        mode,
        acl,
        UIDS.get(uid, "root"),
        "www-data" if gid == 33 else "root",
    )


def directory(path: str, mode: int = 0o755, uid: int = 0, gid: int = 0) -> Component:
    return Component(path, True, uid, gid, mode, None, UIDS.get(uid, "root"), "root")


def fpm_acl(name: str = "acl_xattr") -> List[permission.Entry]:
    acl = permission.parse_acl(bytes.fromhex(captured(name)))
    assert acl is not None
    return acl


class TestAcl:
    def test_reads_as_getfacl_prints_it(self) -> None:
        shown = permission.acl_text(fpm_acl(), lambda uid: UIDS[uid], lambda gid: GIDS[gid])
        assert shown == captured("getfacl").split()

    @pytest.mark.parametrize("raw", [None, b"", b"\1\0\0\0", b"\2\0\0"])
    def test_none_for_no_acl_or_an_unknown_version(self, raw: Optional[bytes]) -> None:
        assert permission.parse_acl(raw) is None
        assert permission.acl_text(None, str, str) is None

    def test_listen_acl_users_lets_in_whom_the_mode_would_not(self) -> None:
        assert permission.blocked_by([socket_file(0o660, acl=fpm_acl())], WWW) is None
        assert permission.blocked_by([socket_file(0o660, acl=fpm_acl())], Identity("x", 1000, [4])) is None

    def test_account_that_the_acl_does_not_name_is_refused(self) -> None:
        blocked = permission.blocked_by([socket_file(0o660, acl=fpm_acl())], NGINX)
        assert blocked is not None and blocked["acl"] is True
        assert (blocked["applies"], blocked["masked"]) == ("other", False)

    @pytest.mark.parametrize("who", [WWW, Identity("x", 1000, [4])])
    def test_mask_takes_away_what_an_entry_grants(self, who: Identity) -> None:
        """What chmod g-w leaves behind: the entries still read rw-."""
        blocked = permission.blocked_by([socket_file(0o640, acl=fpm_acl("acl_xattr_masked"))], who)
        assert blocked is not None and blocked["acl"] is True
        assert blocked["masked"] is True and blocked["applies"] in ("user entry", "group entry")

    def test_mask_does_not_bind_the_owner(self) -> None:
        assert (
            permission.blocked_by([socket_file(0o640, uid=33, acl=fpm_acl("acl_xattr_masked"))], WWW) is None
        )

    def test_group_entry_without_permission_decides_before_other(self) -> None:
        entries = [
            permission.Entry(1, 6, 0),
            permission.Entry(4, 6, 0),
            permission.Entry(8, 4, 4),
            permission.Entry(16, 6, 0),
            permission.Entry(32, 6, 0),
        ]
        blocked = permission.blocked_by([socket_file(0o666, acl=entries)], Identity("x", 1000, [4]))
        assert blocked is not None and (blocked["applies"], blocked["masked"]) == ("group entry", False)
        assert permission.blocked_by([socket_file(0o666, acl=entries)], Identity("x", 1000, [5])) is None


class TestMode:
    @pytest.mark.parametrize(
        "mode, uid, gid, who, passes",
        [
            (0o660, 33, 33, WWW, True),
            (0o660, 0, 33, WWW, True),
            (0o666, 0, 0, WWW, True),
            (0o660, 0, 0, WWW, False),
            (0o600, 0, 0, WWW, False),
            (0o000, 33, 33, WWW, False),
            # The first class that applies decides, even when a later one would grant.
            (0o066, 33, 33, WWW, False),
            (0o606, 0, 33, WWW, False),
            # Reading is not connecting.
            (0o664, 0, 0, WWW, False),
            (0o000, 33, 33, Identity("root", 0, [0]), True),
            (0o660, 33, 33, Identity("nginx", 101, [101, 33]), True),
        ],
    )
    def test_first_class_that_applies_decides(
        self, mode: int, uid: int, gid: int, who: Identity, passes: bool
    ) -> None:
        assert (permission.blocked_by([directory("/"), socket_file(mode, uid, gid)], who) is None) is passes

    def test_all_that_refuses_is_a_fact(self) -> None:
        blocked = permission.blocked_by([directory("/"), socket_file(0o660)], WWW)
        assert blocked == {
            "path": "/run/php/a.sock",
            "kind": "socket",
            "acl": False,
            "user": "www-data",
            "owner": "root",
            "group": "root",
            "mode": "0660",
            "wanted": "w",
            "applies": "other",
            "masked": False,
        }

    @pytest.mark.parametrize("mode, uid, applies", [(0o600, 0, "group"), (0o460, 33, "owner")])
    def test_the_class_that_applies_is_named(self, mode: int, uid: int, applies: str) -> None:
        blocked = permission.blocked_by([socket_file(mode, uid, 33)], WWW)
        assert blocked is not None and blocked["applies"] == applies

    def test_first_closed_directory_is_named(self) -> None:
        blocked = permission.blocked_by(
            [directory("/"), directory("/run"), directory("/run/php", 0o700), socket_file(0o600)], WWW
        )
        assert blocked is not None
        assert (blocked["path"], blocked["kind"]) == ("/run/php", "directory")
        assert (blocked["wanted"], blocked["mode"]) == ("x", "0700")

    def test_near_miss_directory_open_to_search_alone(self) -> None:
        assert permission.blocked_by([directory("/run/php", 0o711), socket_file(0o666)], WWW) is None
