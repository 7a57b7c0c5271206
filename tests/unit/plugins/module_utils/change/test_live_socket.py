# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rights of a socket that is open: one user more, nobody else, and exactly back. On real sockets, with
real ACLs.
"""

import os
import socket
import struct
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
from ansible_collections.webmedic.php_fpm.plugins.module_utils.verdict.step import Access, NoAcl, Refusal

NONE = 0xFFFFFFFF
TAGS = {"u:": 1, "u": 2, "g:": 4, "g": 8, "m": 16, "o": 32}
# Of base-passwd, on each Debian.
GAMES, GAMES_UID, DAEMON_GID, UUCP = "games", 5, 1, "uucp"


def acl(text: str) -> bytes:
    """ "u::6 u:5:6 g::0 m:6 o::0" as the kernel has it."""
    packed = struct.pack("<I", 2)
    for word in text.split():
        tag, name, bits = word.split(":")
        packed += struct.pack(
            "<HHI", TAGS[tag if name or tag in "mo" else tag + ":"], int(bits), int(name) if name else NONE
        )
    return packed


def shown(raw: Optional[bytes]) -> List[str]:
    return acl_text(parse_acl(raw), str, str) or []


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
            ["user::rw-", "user:5:rw-", "user:7:rw-", "group::rw-", "group:1:---", "mask::rw-", "other::---"],
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
            ["user::rw-", "user:5:rw-", "user:7:rw-", "group::r--", "group:1:rw-", "mask::rw-", "other::---"],
        ),
    ],
)
def test_one_user_may_connect_and_nobody_else_gains(
    before: Optional[str], mode: int, kept: Any, after: List[str]
) -> None:
    assert sorted(shown(with_write(acl(before) if before else None, mode, 5, kept))) == sorted(after)


def test_a_user_whom_a_hand_shut_out_by_name_stays_out() -> None:
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

    def rights(self) -> Dict[str, Any]:
        found = os.stat(self.path)
        return {
            "mode": found.st_mode,
            "uid": found.st_uid,
            "gid": found.st_gid,
            "acl": os.getxattr(self.path, ACL) if ACL in os.listxattr(self.path) else None,
        }


@pytest.fixture
def listening(tmp_path: Any, monkeypatch: Any) -> Iterator[Listening]:
    if os.geteuid() != 0:
        pytest.skip("only root changes the owner of a file")
    made = Listening(tmp_path, monkeypatch)
    yield made
    made.door.close()


def test_the_entry_is_there_at_once_and_goes_without_a_trace(listening: Listening) -> None:
    before, found = listening.rights(), live_socket.look(listening.access)
    live_socket.grant(listening.access)
    assert "user:5:rw-" in shown(listening.rights()["acl"])
    live_socket.put_back(listening.access.path, found.file, found.before, found.after)
    assert listening.rights() == before


def test_an_acl_that_a_hand_spoiled_comes_back_spoiled(listening: Listening) -> None:
    os.setxattr(listening.path, ACL, acl("u::6 g::6 g:1:7 m::0 o::0"))
    before, found = listening.rights(), live_socket.look(listening.access)
    live_socket.grant(listening.access)
    live_socket.put_back(listening.access.path, found.file, found.before, found.after)
    assert listening.rights() == before


def test_rights_that_somebody_gave_since_are_not_taken_back(listening: Listening) -> None:
    found = live_socket.look(listening.access)
    live_socket.grant(listening.access)
    os.chmod(listening.path, 0o640)
    now = listening.rights()
    live_socket.put_back(listening.access.path, found.file, found.before, found.after)
    assert listening.rights() == now


def test_a_socket_that_was_made_anew_or_is_gone_is_left_as_it_is(listening: Listening) -> None:
    found = live_socket.look(listening.access)
    live_socket.grant(listening.access)
    os.unlink(listening.path)
    live_socket.put_back(listening.access.path, found.file, found.before, found.after)
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(listening.path)
        now = listening.rights()
        live_socket.put_back(listening.access.path, found.file, found.before, found.after)
        assert listening.rights() == now


@pytest.mark.parametrize("swapped", ["link", "file", "other socket"])
def test_what_somebody_put_in_its_place_is_not_touched(listening: Listening, swapped: str) -> None:
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
        live_socket.grant(listening.access)
    other.close()
    assert listening.rights()["acl"] is None


def test_the_socket_of_another_program_is_not_touched(listening: Listening) -> None:
    with pytest.raises(Refusal, match="is not the socket that php-fpm"):
        live_socket.look(listening.access._replace(pid=1))


def test_a_file_system_without_acls_is_told_apart(listening: Listening, monkeypatch: Any) -> None:
    def refused(*_arguments: Any) -> bytes:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(live_socket.os, "getxattr", refused)
    with pytest.raises(NoAcl):
        live_socket.look(listening.access)


def test_the_users_own_group_may_have_the_socket(listening: Listening) -> None:
    live_socket.grant(listening.access._replace(by="group"))
    found = listening.rights()
    assert (found["gid"], found["mode"] & 0o777, found["acl"]) == (60, 0o660, None)


@pytest.mark.parametrize(
    "by, mode, owner, words",
    [
        ("group", 0o660, (0, 10), "uucp, who may use .* now, would be locked out"),  # gid 10 is uucp's own
        ("owner", 0o600, (10, 0), "uucp, who may use .* now, would be locked out"),
    ],
)
def test_nobody_who_has_access_is_locked_out(
    listening: Listening, by: str, mode: int, owner: Any, words: str
) -> None:
    os.chown(listening.path, *owner)
    os.chmod(listening.path, mode)
    with pytest.raises(Refusal, match=words):
        live_socket.look(listening.access._replace(by=by))


def test_a_group_with_others_in_it_is_not_given_the_socket(listening: Listening, monkeypatch: Any) -> None:
    monkeypatch.setattr(live_socket, "_others_in", lambda _gid, _user: ["someone"])
    with pytest.raises(Refusal, match=r"has others in it \(someone\)"):
        live_socket.look(listening.access._replace(by="group"))


def test_an_owner_without_its_own_bit_gets_that_bit(listening: Listening) -> None:
    os.chown(listening.path, GAMES_UID, DAEMON_GID)
    os.chmod(listening.path, 0o060)
    live_socket.grant(listening.access)
    assert listening.rights()["mode"] & 0o777 == 0o660


def test_the_groups_of_an_account_begin_with_its_own() -> None:
    assert live_socket.groups_of(GAMES)[0] == "games" and live_socket.groups_of("nobody-of-that-name") == []
