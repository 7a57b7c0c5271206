# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A program is asked about a configuration that is not there, and the host does not notice."""

import os
import socket
import stat
import time
from typing import Any

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.change import trial as subject
from ansible_collections.webmedic.php_fpm.plugins.module_utils.change.trial import Start, trial
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.host import Host, Ran
from ansible_collections.webmedic.php_fpm.plugins.module_utils.work.step import Change
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.change.faults import World, tree

ALLOWED = trial([], ["true"], []).rc == 0
needs_namespace = pytest.mark.skipif(
    not ALLOWED, reason="this needs root, where it may make a mount namespace"
)


@pytest.fixture
def world(tmp_path):
    return World(str(tmp_path))


def answer(world: World, script: str, silent: Any = (), changes: Any = None, timeout: float = 20.0) -> Ran:
    """A shell script's answer to the changes; nothing outside may differ afterwards."""
    before, null = tree(world.top), os.stat("/dev/null")
    ran = trial(world.step.changes if changes is None else changes, ["sh", "-c", script], silent, timeout)
    assert tree(world.top) == before
    assert mounted() == ""
    assert (null.st_mode, null.st_uid) == (os.stat("/dev/null").st_mode, os.stat("/dev/null").st_uid)
    return ran


def mounted() -> str:
    """Of the mounts that all processes see, those of a trial (other tests mount as well)."""
    with open("/proc/self/mountinfo") as stream:
        return "".join(line for line in stream if " webmedic " in line)


class TestView:
    @needs_namespace
    def test_the_program_alone_sees_the_changes(self, world):
        ran = answer(
            world,
            "cd %s; cat pool.conf enabled/site unit.d/limit.conf; cat gone.conf other.conf; ls -A . enabled"
            % world.etc,
        )
        assert ran.out == (
            "pm = dynamic\n" * 9 + "listen 81;\r\n\ufffd\n[Service]\nother\n"
            ".:\navailable\nenabled\nother.conf\npool.conf\nunit.d\n\nenabled:\nsite\n"
        )
        assert "gone.conf" in ran.err

    @needs_namespace
    @pytest.mark.parametrize("numbers", [[0], [0, 2]])
    def test_only_a_new_file_has_the_rights_asked_for(self, world, numbers):
        changes = [world.step.changes[number] for number in numbers]
        ran = answer(
            world,
            "cd %s; stat -c '%%n %%u %%g %%a' pool.conf; stat -c '%%a' unit.d/limit.conf" % world.etc,
            changes=changes,
        )
        assert ran.out == "pool.conf 0 34 640\n" + ("644\n" if 2 in numbers else "")

    @needs_namespace
    def test_what_it_writes_to_its_logs_goes_with_it(self, world):
        logs = [
            world.path("pool.conf"),
            os.path.join(world.top, "log"),
            os.path.join(world.top, "none.log"),
            os.path.join(world.top, "no", "dir.log"),
            "/dev/stderr",
            "/dev/null",
        ]
        with open(logs[1], "w") as stream:
            stream.write("before\n")
        ran = answer(
            world,
            "cd %s; cat log; "
            "for f in log none.log etc/pool.conf; do echo x >> $f && chown 33 $f && cat $f; done" % world.top,
            logs,
            [],
        )
        assert ran == Ran(0, "x\nx\nx\n", "")

    @needs_namespace
    def test_what_lies_around_is_seen_as_it_is(self, world):
        os.mkfifo(world.path("fifo"))
        ran = answer(
            world, "cd %s; stat -c %%F fifo enabled available enabled/site; ls /mnt /opt /srv" % world.etc
        )
        assert ran.out.split("\n")[:4] == ["fifo", "directory", "directory", "symbolic link"]
        assert ran.out.split("\n", 4)[4] == Host().run(["ls", "/mnt", "/opt", "/srv"]).out

    @needs_namespace
    def test_a_link_to_a_changed_file_leads_to_the_change(self, world):
        os.symlink(world.etc, os.path.join(world.top, "alias"))
        ran = answer(world, "cat %s/alias/enabled/site" % world.top, changes=[world.step.changes[1]])
        assert ran.out.startswith("listen 81;") and stat.S_ISLNK(os.lstat(world.path("enabled/site")).st_mode)


class TestAnswer:
    @needs_namespace
    def test_it_is_the_programs_own(self, world):
        assert answer(world, "echo out; echo err >&2; cat; echo $LC_ALL; pwd; exit 3") == Ran(
            3, "out\nC\n/\n", "err\n"
        )

    @needs_namespace
    def test_a_program_that_hangs_is_ended_with_its_children(self, world):
        seconds = "900.%d" % os.getpid()
        ran = answer(world, "sleep %s & sleep %s" % (seconds, seconds), timeout=0.5)
        assert ran.rc is None and "did not end within 0.5 s" in ran.err

        def left():
            return [
                name for name in os.listdir("/proc") if name.isdigit() and seconds.encode() in command(name)
            ]

        for _try in range(100):  # the kernel takes a moment to end what was killed
            if not left():
                break
            time.sleep(0.02)
        assert not left()

    def test_a_program_that_is_not_there_is_said(self):
        ran = trial([], ["/no/such/program"], [])
        assert ran.rc is None and ran.err

    @pytest.mark.parametrize("path", ["etc/x", "../x", "", "/etc/a\0b"])
    def test_a_path_that_is_not_absolute_is_refused(self, path):
        for changes, silent in (([Change(path, b"", b"x", 0o644)], []), ([], [path])):
            ran = trial(changes, ["true"], silent)
            assert ran.rc is None and "not an absolute path" in ran.err

    @needs_namespace
    def test_without_a_place_to_prepare_it_nothing_runs(self, world, monkeypatch):
        monkeypatch.setattr(subject, "STAGES", ("/no/such/place",))
        ran = answer(world, "echo ran")
        assert ran.rc is None and ran.out == "" and "no directory" in ran.err

    def test_nothing_runs_where_it_is_not_allowed(self, world, monkeypatch):
        def refused(*_arguments: Any) -> None:
            raise PermissionError(1, "unshare: Operation not permitted")

        monkeypatch.setattr(subject._Namespace, "call", refused)
        ran = answer(world, "echo ran")
        assert ran.rc is None and ran.out == "" and "Operation not permitted" in ran.err


def command(process: str) -> bytes:
    try:
        with open("/proc/%s/cmdline" % process, "rb") as stream:
            return stream.read()
    except OSError:
        return b""


def service(**more: Any) -> Start:
    return Start(dict({"PATH": os.environ["PATH"], "A": "1"}, **more), None, "/usr", [], b"READY")


class TestService:
    @needs_namespace
    def test_it_is_killed_once_it_runs(self, world):
        began = time.monotonic()
        ran = trial([], ["sh", "-c", "echo $A $HOME; pwd; echo READY >&2; sleep 60"], [], 20.0, service())
        assert (ran.rc, ran.out, ran.err) == (0, "1\n/usr\n", "READY\n") and time.monotonic() - began < 10
        assert trial([], ["sh", "-c", "echo no >&2; exit 78"], [], 20.0, service()) == Ran(78, "", "no\n")
        assert trial([], ["sh", "-c", "sleep 60"], [], 0.3, service()).rc is None

    @needs_namespace
    def test_it_runs_as_its_account_in_a_directory_of_its_own(self, world):
        path = os.path.join(world.top, "run", "fpm")
        ran = trial(
            [],
            ["sh", "-c", "id -u; id -g; id -G; touch /root/x"],
            [],
            20.0,
            service()._replace(ids=(33, 34, [34, 35])),
        )
        assert ran.out.split() == ["33", "34", "34", "35"] and "cannot touch" in ran.err
        assert (
            trial(
                [],
                ["sh", "-c", "touch %s/x && ls %s" % (path, path)],
                [],
                20.0,
                service()._replace(makes=[path]),
            ).out
            == "x\n"
        )
        assert not os.path.exists(path)

    @needs_namespace
    def test_it_can_bind_any_address_without_a_network(self, world):
        bind = "import socket; socket.socket().bind(('%s', 9)); print('bound')"
        with open("/proc/sys/net/ipv4/ip_nonlocal_bind") as stream:
            before = stream.read()
        for address in ("127.0.0.1", "192.0.2.7", ""):
            assert trial([], ["python3", "-c", bind % address], []).out == "bound\n", address
        with open("/proc/sys/net/ipv4/ip_nonlocal_bind") as stream:
            assert stream.read() == before

    @needs_namespace
    def test_it_makes_its_socket_anew_beside_that_of_the_host(self, world):
        path = os.path.join(world.top, "x.sock")
        bind = "import socket; socket.socket(socket.AF_UNIX).bind('%s'); print('bound')" % path
        with socket.socket(socket.AF_UNIX) as door:
            door.bind(path)
            inode = os.stat(path).st_ino
            assert trial([Change(path, b"", None, 0)], ["python3", "-c", bind], []).out == "bound\n"
            assert os.stat(path).st_ino == inode
