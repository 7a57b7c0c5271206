# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rights of a socket that is open: one user more, nobody else, and exactly back. On real sockets, with
real ACLs.
"""

import os
import socket
from typing import Any, Dict, Iterator, List, Optional

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.change import live_socket
from ansible_collections.webmedic.php_fpm.plugins.module_utils.change.rights import (
    ACL,
    GROUP_ENTRY,
    OWN_GROUP,
    USER_ENTRY,
    with_write,
)
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.linux.processes import Process
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.linux.permission import (
    acl_text,
    parse_acl,
)
from ansible_collections.webmedic.php_fpm.plugins.module_utils.work.step import Access, NoAcl, Refusal
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.change.acls import acl, attribute

# Of base-passwd, on each Debian.
GAMES, GAMES_UID, DAEMON_GID, UUCP = "games", 5, 1, "uucp"


def shown(raw: Optional[bytes]) -> List[str]:
    return acl_text(parse_acl(raw), str, str) or []


class TestAclWithWrite:
    @pytest.mark.parametrize(
        "before, mode, kept, after",
        [
            (None, 0o660, (), ["user::rw-", "user:5:rw-", "group::rw-", "mask::rw-", "other::---"]),
            (None, 0o600, (), ["user::rw-", "user:5:rw-", "group::---", "mask::rw-", "other::---"]),
            # A mask that a hand spoiled: what the configuration made applies again, and what a hand had added
            # does not.
            (
                "u::6 u:5:6 u:7:6 g::6 g:1:7 m::0 o::0",
                0o600,
                ((USER_ENTRY, 5), (USER_ENTRY, 7), OWN_GROUP),
                [
                    "user::rw-",
                    "user:5:rw-",
                    "user:7:rw-",
                    "group::rw-",
                    "group:1:---",
                    "mask::rw-",
                    "other::---",
                ],
            ),
            (
                "u::6 u:5:6 g::6 g:1:6 m::0 o::0",
                0o600,
                (),
                ["user::rw-", "user:5:rw-", "group::---", "group:1:---", "mask::rw-", "other::---"],
            ),
            (
                "u::6 u:7:6 g::4 g:1:6 m::6 o::0",
                0o660,
                ((GROUP_ENTRY, 1),),
                [
                    "user::rw-",
                    "user:5:rw-",
                    "user:7:rw-",
                    "group::r--",
                    "group:1:rw-",
                    "mask::rw-",
                    "other::---",
                ],
            ),
        ],
    )
    def test_nobody_but_the_user_gains(
        self, before: Optional[str], mode: int, kept: Any, after: List[str]
    ) -> None:
        assert sorted(shown(with_write(acl(before) if before else None, mode, 5, kept))) == sorted(after)

    def test_a_user_whom_a_hand_shut_out_stays_out(self) -> None:
        with pytest.raises(Refusal, match="a person's word"):
            with_write(acl("u::6 u:5:0 g::6 m::6 o::0"), 0o660, 5, ())


class Listening:
    """A socket that a false master listens on."""

    def __init__(self, folder: Any, monkeypatch: Any) -> None:
        self.path = str(folder / "php.sock")
        self.door = socket.socket(socket.AF_UNIX)
        self.door.bind(self.path)
        self.door.listen(1)
        os.chmod(self.path, 0o600)
        me = Process(
            os.getpid(),
            1,
            "php-fpm8.2",
            "php-fpm: master process (/etc/x.conf)",
            "/usr/sbin/php-fpm8.2",
            0,
            0,
            [0],
            1.0,
        )
        monkeypatch.setattr(live_socket, "process", lambda _host, pid: me if pid == me.pid else None)
        self.access = Access(self.path, os.getpid(), GAMES, "entry")

    def look(self, **access: Any) -> live_socket.Seen:
        return live_socket.look(self.access._replace(**access))

    def grant(self, **access: Any) -> None:
        live_socket.grant(self.access._replace(**access))

    def put_back(self, seen: live_socket.Seen) -> None:
        live_socket.put_back(self.path, seen.file, seen.before, seen.after)

    def rights(self) -> Dict[str, Any]:
        status = os.stat(self.path)
        return {
            "mode": status.st_mode,
            "uid": status.st_uid,
            "gid": status.st_gid,
            "acl": attribute(self.path, ACL),
        }


@pytest.fixture
def listening(tmp_path: Any, monkeypatch: Any) -> Iterator[Listening]:
    if os.geteuid() != 0:
        pytest.skip("only root changes the owner of a file")
    made = Listening(tmp_path, monkeypatch)
    yield made
    made.door.close()


class TestEntry:
    def test_it_is_there_at_once_until_it_is_taken_back(self, listening: Listening) -> None:
        before, seen = listening.rights(), listening.look()
        listening.grant()
        assert "user:5:rw-" in shown(listening.rights()["acl"])
        listening.put_back(seen)
        assert listening.rights() == before

    def test_an_acl_that_a_hand_spoiled_comes_back_spoiled(self, listening: Listening) -> None:
        os.setxattr(listening.path, ACL, acl("u::6 g::6 g:1:7 m::0 o::0"))
        before, seen = listening.rights(), listening.look()
        listening.grant()
        listening.put_back(seen)
        assert listening.rights() == before

    def test_rights_that_somebody_gave_since_are_not_taken_back(self, listening: Listening) -> None:
        seen = listening.look()
        listening.grant()
        os.chmod(listening.path, 0o640)
        now = listening.rights()
        listening.put_back(seen)
        assert listening.rights() == now

    def test_a_socket_made_anew_or_gone_is_left_as_it_is(self, listening: Listening) -> None:
        seen = listening.look()
        listening.grant()
        os.unlink(listening.path)
        listening.put_back(seen)
        with socket.socket(socket.AF_UNIX) as other:
            other.bind(listening.path)
            now = listening.rights()
            listening.put_back(seen)
            assert listening.rights() == now

    def test_a_file_system_without_acls_is_told_apart(self, listening: Listening, monkeypatch: Any) -> None:
        def refused(*_arguments: Any) -> bytes:
            raise OSError(95, "Operation not supported")

        monkeypatch.setattr(live_socket.os, "getxattr", refused)
        with pytest.raises(NoAcl):
            listening.look()

    def test_an_owner_without_its_own_bit_gets_that_bit(self, listening: Listening) -> None:
        os.chown(listening.path, GAMES_UID, DAEMON_GID)
        os.chmod(listening.path, 0o060)
        listening.grant()
        assert listening.rights()["mode"] & 0o777 == 0o660


class TestStranger:
    @pytest.mark.parametrize("swapped", ["link", "file", "other socket"])
    def test_what_somebody_put_in_its_place_is_not_touched(self, listening: Listening, swapped: str) -> None:
        """The directory may be the pool's user's own."""
        os.rename(listening.path, listening.path + ".real")
        other = socket.socket(socket.AF_UNIX)
        if swapped == "link":
            os.symlink(listening.path + ".real", listening.path)
        elif swapped == "file":
            open(listening.path, "w").close()
        else:
            other.bind(listening.path)
        with pytest.raises((Refusal, OSError)):
            listening.grant()
        other.close()
        assert listening.rights()["acl"] is None

    def test_the_socket_of_another_program_is_not_touched(self, listening: Listening) -> None:
        with pytest.raises(Refusal, match="is not the socket that php-fpm"):
            listening.look(pid=1)


class TestGroup:
    def test_the_users_own_group_may_have_the_socket(self, listening: Listening) -> None:
        listening.grant(by="group")
        rights = listening.rights()
        assert (rights["gid"], rights["mode"] & 0o777, rights["acl"]) == (60, 0o660, None)

    @pytest.mark.parametrize(
        "by, mode, owner, words",
        [
            (
                "group",
                0o660,
                (0, 10),
                "uucp, who may use .* now, would be locked out",
            ),  # gid 10 is uucp's own
            ("owner", 0o600, (10, 0), "uucp, who may use .* now, would be locked out"),
        ],
    )
    def test_nobody_who_has_access_is_locked_out(
        self, listening: Listening, by: str, mode: int, owner: Any, words: str
    ) -> None:
        os.chown(listening.path, *owner)
        os.chmod(listening.path, mode)
        with pytest.raises(Refusal, match=words):
            listening.look(by=by)

    def test_a_group_with_others_in_it_is_not_given_the_socket(
        self, listening: Listening, monkeypatch: Any
    ) -> None:
        monkeypatch.setattr(live_socket, "_others_in", lambda _gid, _user: ["someone"])
        with pytest.raises(Refusal, match=r"has others in it \(someone\)"):
            listening.look(by="group")
