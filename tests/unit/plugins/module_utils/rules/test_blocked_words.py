# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The sentence that tells what refuses an account, from the facts of the snapshot."""

from typing import Any, Dict, List, Optional

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.linux.permission import (
    READ,
    WRITE,
    Component,
    Entry,
    Identity,
    blocked_by,
)
from ansible_collections.webmedic.php_fpm.plugins.module_utils.rules.blocked_words import why_blocked

WWW = Identity("www-data", 33, [33])
OTHERS = "is neither root nor in group root"


def seen(mode: int, uid: int = 0, gid: int = 0, last: int = WRITE, folder: bool = False, **more: Any) -> Any:
    """What refuses www-data at this file."""
    names = {0: "root", 33: "www-data"}
    acl: Optional[List[Entry]] = more.get("acl")
    file = Component("/run/a.sock", folder, uid, gid, mode, acl, names[uid], names[gid])
    return blocked_by([file], WWW, last)


def an_acl(user: int, mask: int) -> List[Entry]:
    return [Entry(1, 6, 0), Entry(2, user, 33), Entry(4, 0, 0), Entry(16, mask, 0), Entry(32, 0, 0)]


BY_OWNER_AND_MODE: Dict[str, Any] = {
    f"mode 0660, owner root:root: www-data {OTHERS}, and others have no write (w) permission": seen(0o660),
    f"mode 0600, owner root:root: www-data {OTHERS}, and others have no read (r) permission": seen(
        0o600, last=READ
    ),
    f"mode 0700, owner root:root: www-data {OTHERS}, and others have no search (x) permission": seen(
        0o700, folder=True
    ),
    "mode 0600, owner root:www-data: www-data is in group www-data, which has no write (w) permission": seen(
        0o600, 0, 33
    ),
    "mode 0460, owner www-data:root: www-data is the owner, and the owner has no write (w) permission": seen(
        0o460, 33
    ),
}
BY_ACL: Dict[str, Any] = {
    "the ACL's user entry that applies to www-data grants no write (w) permission": an_acl(4, 6),
    "the ACL's entry for www-data grants write (w) permission, and the ACL's mask takes it away (getfacl "
    "shows #effective; setfacl -m m::rw gives it back)": an_acl(6, 4),
    "the ACL's group entry that applies to www-data grants no write (w) permission": [
        Entry(8, 4, 33),
        *an_acl(6, 6)[2:],
    ],
    f"www-data {OTHERS} nor named in the ACL, and others have no write (w) permission": an_acl(6, 6)[2:],
}
OF_KIND = {
    "user_not_in_force": "nginx's workers run as www-data; its configuration says web2 by now, who may: "
    "reload nginx",
    "group_not_in_force": "www-data is in group a, b, not in force in the running workers: reload nginx",
    "group_needs_restart": "www-data is in group a, b, not in force in the running workers: restart nginx",
    "group_of_the_master": "only nginx's master is in group a, b (SupplementaryGroups=): usermod -aG a,b "
    "www-data, reload nginx",
    "socket_unit": f"www-data {OTHERS}, and others have no write (w) permission",
}


class TestSentence:
    @pytest.mark.parametrize("words", sorted(BY_OWNER_AND_MODE))
    def test_by_owner_and_mode(self, words: str) -> None:
        assert why_blocked(BY_OWNER_AND_MODE[words]) == words

    @pytest.mark.parametrize("words", sorted(BY_ACL))
    def test_by_an_acl(self, words: str) -> None:
        assert why_blocked(seen(0o660, acl=BY_ACL[words])) == "mode 0660, owner root:root: " + words

    def test_the_mask_of_a_directory_is_given_back_for_search(self) -> None:
        assert "setfacl -m m::x gives" in why_blocked(seen(0o750, folder=True, acl=an_acl(5, 4)))

    @pytest.mark.parametrize("kind", sorted(OF_KIND))
    @pytest.mark.parametrize("masked", [False, True])
    def test_what_is_not_in_force(self, kind: str, masked: bool) -> None:
        """Near miss: a mask is the reason of a socket's own kind alone."""
        facts = dict(seen(0o660), kind=kind, groups=["a", "b"], configured="web2")
        facts["masked"] = masked and kind != "socket_unit"
        assert why_blocked(facts) == "mode 0660, owner root:root: " + OF_KIND[kind]

    def test_of_a_security_module(self) -> None:
        facts: Any = {"path": "/a.sock", "kind": "mandatory_access", "acl": False, "user": "www-data"}
        assert why_blocked(facts) == (
            "owner, mode and ACL of the socket and of its directories allow www-data, and the kernel still "
            "refused: a security module (SELinux, AppArmor) did"
        )

    def test_a_percent_sign_in_a_name_is_kept(self) -> None:
        assert "100%s is neither" in why_blocked(dict(seen(0o660), user="100%s"))


class TestOlder:
    """A snapshot from before the facts."""

    def test_its_sentence_is_kept(self) -> None:
        older: Any = {"path": "/a.sock", "kind": "socket", "acl": False, "why": "mode 0600: words"}
        assert why_blocked(older) == "mode 0600: words"

    def test_decoy_neither_facts_nor_a_sentence(self) -> None:
        unknown: Any = {"path": "/a.sock", "kind": "socket", "acl": False}
        assert why_blocked(unknown) == "owner, mode or ACL refuse it"
