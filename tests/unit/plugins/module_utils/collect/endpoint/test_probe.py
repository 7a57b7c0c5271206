# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Dialling, against real sockets of this process; what they send is what php-fpm, nginx and sshd sent."""

import json
import os
import socket
import tempfile
import threading
import time
from typing import Any, Iterator, List, Optional

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.endpoint import probe as dialling
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.endpoint.probe import (
    Rights,
    Target,
    probe,
)
from ansible_collections.webmedic.php_fpm.tests.unit.places import fixtures

FIXTURES = fixtures("sockets")
with open(os.path.join(FIXTURES, "8.2-debian12-saturated.json"), encoding="utf-8") as stream:
    SEEN = json.load(stream)
FPM, HTTP = bytes.fromhex(SEEN["fcgi"]), bytes.fromhex(SEEN["nginx80"])
NOBODY = Rights(65534, 65534, [65534], "")
only_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can take another account's rights")


class Place:
    """A directory for sockets, and listeners in it that end with the test."""

    def __init__(self, directory: str) -> None:
        self.directory = directory
        self.open: List[socket.socket] = []

    def listen(self, name: str, reply: Optional[bytes], backlog: int = 8, mode: int = 0o666) -> Target:
        """reply: what to answer once the question came; b"" closes at once; None never accepts."""
        path = os.path.join(self.directory, name)
        server = socket.socket(socket.AF_UNIX)
        server.bind(path)
        os.chmod(path, mode)
        server.listen(backlog)
        self.serve(server, reply)
        return Target("unix:" + path, "unix", path, 0)

    def serve(self, server: socket.socket, reply: Optional[bytes]) -> None:
        self.open.append(server)
        if reply is not None:
            threading.Thread(target=self._answer, args=(server, reply), daemon=True).start()

    @staticmethod
    def _answer(server: socket.socket, reply: bytes) -> None:
        while True:
            try:
                peer = server.accept()[0]
            except OSError:
                return
            if reply:
                assert peer.recv(100)[:2] == b"\x01\x09"
                peer.sendall(reply)
            peer.close()


@pytest.fixture(name="place")
def fixture_place() -> Iterator[Place]:
    with (
        tempfile.TemporaryDirectory()
    ) as directory:  # pytest's own tmp_path can be longer than a socket's path may be
        os.chmod(directory, 0o755)
        place = Place(directory)
        yield place
        for row in place.open:
            row.close()


def ask(target: Target, seconds: float = 20.0, rights: Optional[Rights] = None) -> Any:
    results = probe([target], rights, seconds)
    assert [row["key"] for row in results] == [target.key]
    return results[0]


class TestAnswer:
    def test_a_free_worker_answers_at_once(self, place: Place) -> None:
        began = time.monotonic()
        outcome = ask(place.listen("a", FPM), 30.0)
        assert outcome["connect"] == {"result": "ok", "errno": None, "error": None}
        assert outcome["probe"]["result"] == "answered" and 0 < outcome["probe"]["ms"] < 20000
        assert time.monotonic() - began < 20

    def test_a_listener_that_never_accepts_gives_no_answer(self, place: Place) -> None:
        began = time.monotonic()
        outcome = ask(place.listen("a", None), 0.3)
        assert 0.3 <= time.monotonic() - began < 20
        assert outcome["connect"]["result"] == "ok"
        assert outcome["probe"]["result"] == "no_answer" and outcome["probe"]["ms"] is None
        assert outcome["probe"]["waited"] > 0

    def test_an_http_server_is_not_fastcgi(self, place: Place) -> None:
        outcome = ask(place.listen("a", HTTP))
        assert outcome["probe"]["result"] == "not_fastcgi" and "HTTP/1.1 400" in outcome["probe"]["detail"]

    def test_a_peer_that_closes_at_once_is_closed(self, place: Place) -> None:
        """What listen.allowed_clients does, with or without a reset."""
        assert ask(place.listen("a", b""))["probe"]["result"] == "closed"


class TestConnect:
    def test_a_file_that_nobody_listens_on_refuses(self, place: Place) -> None:
        target = place.listen("a", None)
        place.open.pop().close()
        outcome = ask(target)
        assert (outcome["connect"]["result"], outcome["connect"]["errno"], outcome["connect"]["error"]) == (
            "refused",
            111,
            "Connection refused",
        )
        assert outcome["probe"]["result"] == "not_tried"

    def test_an_absent_file_is_missing(self, place: Place) -> None:
        outcome = ask(Target("unix:x", "unix", place.directory + "/none", 0))
        assert (outcome["connect"]["result"], outcome["connect"]["errno"]) == ("missing", 2)

    def test_a_full_backlog_is_full_at_once(self, place: Place) -> None:
        target = place.listen("a", None, backlog=0)
        waiting = socket.socket(socket.AF_UNIX)
        waiting.connect(target.address)
        outcome = ask(target)
        assert (outcome["connect"]["result"], outcome["connect"]["errno"]) == ("full", 11)
        waiting.close()

    def test_a_path_too_long_for_a_socket_is_an_error(self, place: Place) -> None:
        outcome = ask(Target("unix:x", "unix", "/" + "x" * 200, 0))
        assert outcome["connect"]["result"] == "error" and "too long" in outcome["connect"]["error"]

    def test_tcp_answers_or_refuses(self, place: Place) -> None:
        server = socket.socket()
        server.bind(("127.0.0.1", 0))
        server.listen(4)
        port = server.getsockname()[1]
        place.serve(server, FPM)
        assert ask(Target("a", "inet", "127.0.0.1", port))["probe"]["result"] == "answered"
        free = socket.socket()
        free.bind(("127.0.0.1", 0))
        assert ask(Target("a", "inet", "127.0.0.1", free.getsockname()[1]))["connect"]["result"] == "refused"
        free.close()


class TestTime:
    def test_silent_endpoints_are_waited_for_together(self, place: Place) -> None:
        targets = [place.listen("s%d" % number, None) for number in range(20)] + [place.listen("a", FPM)]
        began = time.monotonic()
        results = {row["key"]: row["probe"]["result"] for row in probe(targets, None, 0.4)}
        assert time.monotonic() - began < 6  # one after the other they would take 8
        assert sorted(results.values()) == ["answered"] + ["no_answer"] * 20

    def test_more_endpoints_than_fit_at_once_are_all_tried(
        self, place: Place, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(dialling, "AT_ONCE", 2)
        targets = [place.listen("a%d" % number, FPM) for number in range(5)]
        assert sorted(row["key"] for row in probe(targets, None, 20.0)) == sorted(row.key for row in targets)

    def test_what_the_time_for_all_does_not_reach_has_no_result(
        self, place: Place, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(dialling, "AT_ONCE", 2)
        monkeypatch.setattr(dialling, "PATIENCE", 1)
        targets = [place.listen("a%d" % number, None) for number in range(6)]
        assert [row["key"] for row in probe(targets, None, 0.5)] == [row.key for row in targets[:2]]

    def test_a_resolver_that_hangs_holds_up_nobody_else(
        self, place: Place, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(dialling, "_GRACE", 0.2)
        monkeypatch.setattr(dialling, "_resolve", lambda target: time.sleep(60))
        began = time.monotonic()
        results = {
            row["key"]: row
            for row in probe([Target("php:9000", "name", "php", 9000), place.listen("a", FPM)], None, 1.0)
        }
        assert time.monotonic() - began < 20
        assert results["php:9000"]["connect"]["result"] == "timeout"
        assert [row["probe"]["result"] for key, row in results.items() if key != "php:9000"] == ["answered"]
        with pytest.raises(ChildProcessError):
            os.waitpid(-1, os.WNOHANG)


class TestTraces:
    """What dialling leaves behind."""

    def test_no_child_is_left_behind(self, place: Place) -> None:
        ask(place.listen("a", FPM))
        with pytest.raises(ChildProcessError):
            os.waitpid(-1, os.WNOHANG)

    def test_no_descriptor_is_left_behind(self, place: Place) -> None:
        target = place.listen("a", FPM)
        ask(target)
        before = os.listdir("/proc/self/fd")
        for _again in range(3):
            ask(target)
        assert len(os.listdir("/proc/self/fd")) == len(before)


class TestRights:
    """As whom is dialled."""

    @only_root
    def test_roots_right_to_pass_is_given_up(self, place: Place) -> None:
        target = place.listen("a", FPM, mode=0o600)
        assert ask(target)["probe"]["result"] == "answered"
        outcome = ask(target, rights=NOBODY)
        assert (outcome["connect"]["result"], outcome["connect"]["errno"]) == ("denied", 13)

    @only_root
    def test_the_accounts_groups_are_taken(self, place: Place) -> None:
        target = place.listen("a", FPM, mode=0o060)  # group 0 may
        assert ask(target, rights=NOBODY)["connect"]["result"] == "denied"
        os.chown(target.address, 0, 4242)
        assert ask(target, rights=Rights(65534, 65534, [65534, 4242], ""))["probe"]["result"] == "answered"

    @only_root
    def test_the_module_keeps_its_own_rights(self, place: Place) -> None:
        ask(place.listen("a", FPM), rights=NOBODY)
        assert (os.geteuid(), os.getegid()) == (0, 0)

    @only_root
    def test_a_path_is_looked_up_from_the_given_root(self, place: Place) -> None:
        target = place.listen("a", FPM)
        inside = Target("unix:/a", "unix", "/a", 0)
        assert ask(inside)["connect"]["result"] == "missing"
        assert ask(inside, rights=NOBODY._replace(root=place.directory))["probe"]["result"] == "answered"
        assert ask(target, rights=NOBODY._replace(root=place.directory))["connect"]["result"] == "missing"
        outcome = ask(inside, rights=NOBODY._replace(root="/proc/0/root"))
        assert outcome["connect"]["result"] == "error" and "No such file" in outcome["connect"]["error"]

    @only_root
    def test_no_name_is_looked_up_by_what_lies_there(self, place: Place) -> None:
        """Python and the C library load modules for it, from whatever root is theirs."""
        rows = probe(
            [Target("localhost:1", "name", "localhost", 1)], NOBODY._replace(root=place.directory), 20.0
        )
        assert rows and {row["connect"]["result"] for row in rows} == {"refused"}
