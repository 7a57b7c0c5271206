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
        for one in place.open:
            one.close()


def ask(target: Target, seconds: float = 20.0, rights: Optional[Rights] = None) -> Any:
    results = probe([target], rights, seconds)
    assert [one["key"] for one in results] == [target.key]
    return results[0]


def test_a_free_worker_answers_at_once(place: Place) -> None:
    began = time.monotonic()
    told = ask(place.listen("a", FPM), 30.0)
    assert told["connect"] == {"result": "ok", "errno": None, "error": None}
    assert told["probe"]["result"] == "answered" and 0 < told["probe"]["ms"] < 20000
    assert time.monotonic() - began < 20


def test_a_listener_that_never_accepts_gives_no_answer_after_the_budget(place: Place) -> None:
    began = time.monotonic()
    told = ask(place.listen("a", None), 0.3)
    assert 0.3 <= time.monotonic() - began < 20
    assert told["connect"]["result"] == "ok"
    assert told["probe"]["result"] == "no_answer" and told["probe"]["ms"] is None
    assert told["probe"]["waited"] > 0


def test_an_http_server_is_not_fastcgi(place: Place) -> None:
    told = ask(place.listen("a", HTTP))
    assert told["probe"]["result"] == "not_fastcgi" and "HTTP/1.1 400" in told["probe"]["detail"]


def test_a_peer_that_closes_at_once_is_closed(place: Place) -> None:
    """What listen.allowed_clients does, with or without a reset."""
    assert ask(place.listen("a", b""))["probe"]["result"] == "closed"


def test_a_file_that_nobody_listens_on_refuses(place: Place) -> None:
    target = place.listen("a", None)
    place.open.pop().close()
    told = ask(target)
    assert (told["connect"]["result"], told["connect"]["errno"], told["connect"]["error"]) == (
        "refused",
        111,
        "Connection refused",
    )
    assert told["probe"]["result"] == "not_tried"


def test_no_file_is_missing(place: Place) -> None:
    told = ask(Target("unix:x", "unix", place.directory + "/none", 0))
    assert (told["connect"]["result"], told["connect"]["errno"]) == ("missing", 2)


def test_a_full_backlog_is_full_at_once(place: Place) -> None:
    target = place.listen("a", None, backlog=0)
    waiting = socket.socket(socket.AF_UNIX)
    waiting.connect(target.address)
    told = ask(target)
    assert (told["connect"]["result"], told["connect"]["errno"]) == ("full", 11)
    waiting.close()


def test_a_path_too_long_for_a_socket_is_an_error_and_not_a_crash(place: Place) -> None:
    told = ask(Target("unix:x", "unix", "/" + "x" * 200, 0))
    assert told["connect"]["result"] == "error" and "too long" in told["connect"]["error"]


def test_tcp_answers_and_refuses(place: Place) -> None:
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


def test_silent_endpoints_are_waited_for_together(place: Place) -> None:
    targets = [place.listen("s%d" % number, None) for number in range(20)] + [place.listen("a", FPM)]
    began = time.monotonic()
    results = {one["key"]: one["probe"]["result"] for one in probe(targets, None, 0.4)}
    assert time.monotonic() - began < 6  # one after the other they would take 8
    assert sorted(results.values()) == ["answered"] + ["no_answer"] * 20


def test_more_endpoints_than_fit_at_once_are_all_tried(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dialling, "AT_ONCE", 2)
    targets = [place.listen("a%d" % number, FPM) for number in range(5)]
    assert sorted(one["key"] for one in probe(targets, None, 20.0)) == sorted(one.key for one in targets)


def test_what_the_time_for_all_does_not_reach_has_no_result(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dialling, "AT_ONCE", 2)
    monkeypatch.setattr(dialling, "PATIENCE", 1)
    targets = [place.listen("a%d" % number, None) for number in range(6)]
    assert [one["key"] for one in probe(targets, None, 0.5)] == [one.key for one in targets[:2]]


def test_a_resolver_that_hangs_holds_up_nobody_else_and_leaves_no_process(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dialling, "_GRACE", 0.2)
    monkeypatch.setattr(dialling, "_resolve", lambda target: time.sleep(60))
    began = time.monotonic()
    results = {
        one["key"]: one
        for one in probe([Target("php:9000", "name", "php", 9000), place.listen("a", FPM)], None, 1.0)
    }
    assert time.monotonic() - began < 20
    assert results["php:9000"]["connect"]["result"] == "timeout"
    assert [one["probe"]["result"] for key, one in results.items() if key != "php:9000"] == ["answered"]
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def test_no_child_is_left_behind(place: Place) -> None:
    ask(place.listen("a", FPM))
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def test_no_descriptor_is_left_behind(place: Place) -> None:
    target = place.listen("a", FPM)
    ask(target)
    before = os.listdir("/proc/self/fd")
    for _again in range(3):
        ask(target)
    assert len(os.listdir("/proc/self/fd")) == len(before)


@only_root
def test_roots_right_to_pass_is_given_up(place: Place) -> None:
    target = place.listen("a", FPM, mode=0o600)
    assert ask(target)["probe"]["result"] == "answered"
    told = ask(target, rights=NOBODY)
    assert (told["connect"]["result"], told["connect"]["errno"]) == ("denied", 13)


@only_root
def test_roots_groups_are_given_up_and_the_accounts_are_taken(place: Place) -> None:
    target = place.listen("a", FPM, mode=0o060)  # group 0 may
    assert ask(target, rights=NOBODY)["connect"]["result"] == "denied"
    os.chown(target.address, 0, 4242)
    assert ask(target, rights=Rights(65534, 65534, [65534, 4242], ""))["probe"]["result"] == "answered"


@only_root
def test_the_module_keeps_its_own_rights(place: Place) -> None:
    ask(place.listen("a", FPM), rights=NOBODY)
    assert (os.geteuid(), os.getegid()) == (0, 0)


@only_root
def test_a_path_is_looked_up_from_the_given_root(place: Place) -> None:
    target = place.listen("a", FPM)
    inside = Target("unix:/a", "unix", "/a", 0)
    assert ask(inside)["connect"]["result"] == "missing"
    assert ask(inside, rights=NOBODY._replace(root=place.directory))["probe"]["result"] == "answered"
    assert ask(target, rights=NOBODY._replace(root=place.directory))["connect"]["result"] == "missing"
    told = ask(inside, rights=NOBODY._replace(root="/proc/0/root"))
    assert told["connect"]["result"] == "error" and "No such file" in told["connect"]["error"]
