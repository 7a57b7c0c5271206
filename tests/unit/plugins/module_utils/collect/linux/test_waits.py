# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What processes wait for: real ones, which this test starts and this machine's kernel holds."""

import os
import socket
import subprocess
import sys
import time
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Optional, cast

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.host import Host
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.linux import waits
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.linux.cpu import Meter
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.pressure import pools_under_pressure
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.hosts import a_host
from ansible_collections.webmedic.php_fpm.tests.unit.support import FakeHost

CONFIG = "/etc/php/8.2/fpm/php-fpm.conf"
READY = "import os, socket, fcntl, select, subprocess, sys, time\n"
MARK = "os.write(1, b'x')\n"


@pytest.fixture(autouse=True)
def short_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waits, "PAUSE", 0.03)


@contextmanager
def process(source: str, *arguments: str, pipe_stderr: bool = False) -> Iterator[int]:
    """A Python of its own, which says that it is about to wait."""
    stderr = subprocess.PIPE if pipe_stderr else None
    words = [sys.executable, "-c", READY + source] + list(arguments)
    child = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=stderr)
    try:
        assert child.stdout is not None and os.read(child.stdout.fileno(), 1) == b"x"
        time.sleep(0.1)
        yield child.pid
    finally:
        child.kill()
        child.communicate()


def watched(*pids: int, listen: str = "unix:/nowhere.sock", host: Optional[Host] = None) -> Dict[str, Any]:
    workers = [{"config": CONFIG, "pool": "www", "pid": pid} for pid in pids]
    snapshot: Any = {"workers": workers, "nginx": {"routes": []}, "logs": {"events": []}}
    found = waits.collect_waits(host or Host(), snapshot, {(CONFIG, "www"): listen})
    assert found is not None
    return dict(found)


def seen(pid: int, listen: str = "unix:/nowhere.sock") -> List[Any]:
    """[kind, on, holder, samples] of where it was most."""
    (row,) = watched(pid, listen=listen)["workers"]
    return [row["waits"][0][name] for name in ("kind", "on", "holder", "samples")]


def unix_listener(path: Path) -> "closing[socket.socket]":
    door = socket.socket(socket.AF_UNIX)
    door.bind(str(path))
    door.listen(5)
    return closing(door)


CLIENT = "c = socket.socket(socket.AF_UNIX); c.connect(sys.argv[1])\n"
SERVER = "d = socket.socket(socket.AF_UNIX); d.bind(sys.argv[1]); d.listen(5)\n"
TAKES = SERVER + MARK + "a = d.accept()[0]\n"


OPENS = "f = open(sys.argv[1], 'w')\n"
HOLDS = OPENS + "fcntl.flock(f, 2)\n" + MARK + "time.sleep(99)"
WANTS = OPENS + MARK + "fcntl.flock(f, 2)"


class Kept(Host):
    """Who reads what a process has in its memory is kept. A look tells what it reads before it does."""

    def __init__(self) -> None:
        super().__init__()
        self.named: List[str] = []
        self.reading = self.named.append

    def read_bytes(self, path: str, offset: int = 0, length: int = 1, real: bool = False) -> bytes:
        assert not path.endswith("/mem") or (waits.KEPT in self.named and not self.hung)
        return super().read_bytes(path, offset, length, real)


class TestKeptMemory:
    POLLS = "r, w = os.pipe(); p = select.poll(); p.register(r, 1)\n" + MARK + "p.poll()"

    def test_it_is_named_before_it_is_read(self) -> None:
        host = Kept()
        with process(self.POLLS) as pid:
            watched(pid, host=host)
        assert waits.KEPT in host.named and host.missing == []

    def test_where_one_was_kept_none_is_read(self) -> None:
        host = Kept()
        host.hung.add(waits.KEPT)
        with process(self.POLLS) as pid:
            (row,) = watched(pid, host=host)["workers"]
        assert [wait["kind"] for wait in row["waits"]] == ["other"] and host.named == []
        assert [entry["what"] for entry in host.missing] == ["worker_waits"]


class TestPeers:
    @pytest.mark.parametrize(
        "call",
        [
            "c.recv(1)",
            "p = select.poll(); p.register(c, 1); p.poll()",
            "select.select([c], [], [])",
            "e = select.epoll(); e.register(c, 1); e.poll()",
        ],
    )
    def test_a_unix_socket_has_the_name_of_its_listener(self, tmp_path: Path, call: str) -> None:
        path = tmp_path / "mysqld.sock"
        with unix_listener(path) as door, process(CLIENT + MARK + call, str(path)) as pid:
            taken = door.accept()[0]
            assert seen(pid) == ["peer", "unix:%s" % path, None, waits.SAMPLES]
            taken.close()

    def test_a_unix_socket_whose_listener_takes_nobody(self, tmp_path: Path) -> None:
        path = tmp_path / "mysqld.sock"
        with unix_listener(path), process(CLIENT + MARK + "c.recv(1)", str(path)) as pid:
            assert seen(pid)[:2] == ["peer", "unix:%s" % path]

    @pytest.mark.parametrize("family, address", [("AF_INET", "127.0.0.1"), ("AF_INET6", "::1")])
    def test_a_connection_over_tcp(self, family: str, address: str) -> None:
        door = socket.socket(getattr(socket, family))
        with closing(door):
            if family == "AF_INET6" and not os.path.exists("/proc/net/if_inet6"):
                pytest.skip("this kernel has no IPv6")
            door.bind((address, 0))
            door.listen(5)
            port = door.getsockname()[1]
            source = "c = socket.create_connection((sys.argv[1], int(sys.argv[2])))\n" + MARK
            shown = "[%s]" % address if ":" in address else address
            with process(source + "p = select.poll(); p.register(c, 1); p.poll()", address, str(port)) as pid:
                assert seen(pid)[:2] == ["peer", "%s:%d" % (shown, port)]


class TestConnections:
    """A worker's FastCGI connection."""

    def test_one_that_it_reads_is_kept(self, tmp_path: Path) -> None:
        path = tmp_path / "fpm.sock"
        with process(TAKES + "a.recv(1)", str(path)) as pid, closing(socket.socket(socket.AF_UNIX)) as client:
            client.connect(str(path))
            time.sleep(0.1)
            assert seen(pid, "unix:%s" % path)[0] == "kept"

    def test_one_that_it_polls_was_just_taken(self, tmp_path: Path) -> None:
        path = tmp_path / "fpm.sock"
        source = TAKES + "p = select.poll(); p.register(a, 1); p.poll()"
        with process(source, str(path)) as pid, closing(socket.socket(socket.AF_UNIX)) as client:
            client.connect(str(path))
            time.sleep(0.1)
            assert seen(pid, "unix:%s" % path)[0] == "client"

    def test_one_over_tcp(self) -> None:
        source = "d = socket.socket(); d.bind(('127.0.0.1', 0)); d.listen(5)\n"
        source += "os.write(1, b'x%d\\n' % d.getsockname()[1])\na = d.accept()[0]\na.recv(1)"
        child = subprocess.Popen([sys.executable, "-c", READY + source], stdout=subprocess.PIPE)
        try:
            assert child.stdout is not None
            port = int(child.stdout.readline()[1:])
            with closing(socket.create_connection(("127.0.0.1", port))):
                time.sleep(0.1)
                assert seen(child.pid, "127.0.0.1:%d" % port)[0] == "kept"
        finally:
            child.kill()
            child.communicate()

    def test_a_worker_in_accept_waits_for_nothing(self, tmp_path: Path) -> None:
        path = tmp_path / "fpm.sock"
        with process(TAKES, str(path)) as pid:
            assert seen(pid, "unix:%s" % path)[:2] == ["accept", None]


class TestOthers:
    def test_a_lock_has_a_holder(self, tmp_path: Path) -> None:
        path = tmp_path / "lock"
        with process(HOLDS, str(path)) as holder, process(WANTS, str(path)) as pid:
            kind, on, who, _samples = seen(pid)
            assert (kind, on) == ("lock", str(path))
            # Some file systems show another device in /proc/locks than stat(2).
            assert who in (holder, None)

    def test_the_cookie_of_a_session_is_not_shown(self, tmp_path: Path) -> None:
        path = tmp_path / "sess_cafe0123456789"
        with process(HOLDS, str(path)), process(WANTS, str(path)) as pid:
            assert seen(pid)[1] == "%s/sess_*" % tmp_path

    def test_its_output_that_php_fpm_does_not_take(self) -> None:
        """The parent is this test, which does not write."""
        with process(MARK + "os.write(2, b'x' * 999999)", pipe_stderr=True) as pid:
            assert seen(pid)[:2] == ["output", None]

    def test_a_program_that_it_started(self) -> None:
        source = "p = subprocess.Popen(['sleep', '99'], stdout=-1)\n" + MARK + "%s\n"
        for call in ("p.wait()", "p.stdout.read()"):
            with process(source % call) as pid:
                assert seen(pid)[:2] == ["program", "sleep"]

    def test_a_program_that_a_shell_left_in_the_background(self) -> None:
        """The shell has ended, and nobody has waited for it."""
        pipe = "pipe:[77]"
        host = FakeHost(
            {
                "/proc/7/task/7/children": "8",
                "/proc/8/comm": "sh",
                "/proc/8/task/8/children": "",
                "/proc/1/task/1/children": "9 10",
                "/proc/9/comm": "cron",
                "/proc/10/comm": "tunnel",
            },
            links={"/proc/9/fd/1": "pipe:[66]", "/proc/10/fd/1": pipe},
        )
        assert waits._Watch(host, 7, cast(Any, None)).program(pipe) == "tunnel"
        assert waits._Watch(host, 7, cast(Any, None)).program("pipe:[1]") == "sh"

    def test_a_lock_in_memory(self) -> None:
        source = "import threading\nit = threading.Lock(); it.acquire()\n" + MARK + "it.acquire()"
        with process(source) as pid:
            assert seen(pid)[:2] == ["futex", None]

    def test_sleep_with_work(self) -> None:
        with process(MARK + "time.sleep(99)") as sleeper, process(MARK + "while True: pass") as worker:
            first, second = watched(sleeper, worker)["workers"]
        assert (first["waits"][0]["kind"], first["cpu"]) == ("sleep", 0.0)
        assert second["waits"][0]["kind"] == "cpu" and second["cpu"] > 0.03

    def test_a_worker_that_is_gone_is_left_out(self) -> None:
        with process(MARK + "time.sleep(99)") as pid:
            pass
        assert watched(pid, os.getpid())["workers"] != [] and watched(pid)["workers"] == []

    def test_a_user_without_the_right_learns_nothing(self) -> None:
        """The texts of another account's process cannot be read."""
        host = FakeHost({"/proc/7/stat": "7 (php-fpm) S" + " 0" * 30})
        assert watched(7, host=host)["workers"] == []

    def test_of_many_workers_some_are_watched(self) -> None:
        files = {"/proc/%d/stat" % pid: "%d (php-fpm) R" % pid + " 0" * 30 for pid in range(1, 200)}
        assert len(watched(*range(1, 200), host=FakeHost(files))["workers"]) == waits.MOST_WORKERS


class TestWithoutWorkers:
    """A pool that is asked in vain and has none."""

    GROUP = "/sys/fs/cgroup/system.slice/php8.2-fpm.service"
    FILES = {
        "/proc/7/cgroup": "0::/system.slice/php8.2-fpm.service\n",
        "/proc/self/mountinfo": "30 1 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n",
        GROUP + "/pids.current": "4\n",
    }

    def limit(self, signature: str, most: str) -> Any:
        events = [{"signature": signature, "detail": {}}]
        masters = [{"pid": 7}, {"pid": None}]
        snapshot: Any = {"workers": [], "logs": {"events": events}, "fpm": {"masters": masters}}
        host = FakeHost(dict(self.FILES, **{self.GROUP + "/pids.max": most}))
        found = waits.collect_waits(host, snapshot, {(CONFIG, "www"): "unix:/nowhere.sock"})
        assert found is not None and found["workers"] == []
        return found.get("process_limit")

    def test_a_limit_of_processes_that_is_reached(self) -> None:
        assert self.limit("fpm-fork-failed", "4\n") == {"path": self.GROUP, "limit": 4, "processes": 4}

    @pytest.mark.parametrize("most", ["max\n", "5\n", ""])
    def test_no_limit_is_reached(self, most: str) -> None:
        assert self.limit("fpm-fork-failed", most) is None

    def test_nothing_is_looked_at_where_forks_succeed(self) -> None:
        assert self.limit("fpm-exit-255", "4\n") is None


class TestMeter:
    FILES = {
        "/proc/7/cgroup": "0::/system.slice/php8.2-fpm.service\n",
        "/proc/self/mountinfo": "30 1 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n",
        "/sys/fs/cgroup/system.slice/php8.2-fpm.service/cpu.max": "5000 100000\n",
        "/sys/fs/cgroup/system.slice/cpu.max": "max 100000\n",
    }
    STAT = "/sys/fs/cgroup/system.slice/php8.2-fpm.service/cpu.stat"

    def meter(self, files: Dict[str, str], change: Callable[[FakeHost], None]) -> Meter:
        host = FakeHost({**self.FILES, **files})
        meter = Meter(host, [7])
        meter.look()
        change(host)
        meter.look()
        return meter

    def test_a_quota_that_was_used_up(self) -> None:
        def later(host: FakeHost) -> None:
            host.files[self.STAT] = b"nr_periods 50\nnr_throttled 18\nthrottled_usec 1900000\n"

        meter = self.meter({self.STAT: "nr_periods 42\nnr_throttled 10\nthrottled_usec 1000000\n"}, later)
        assert meter.throttles() == [
            {
                "path": os.path.dirname(self.STAT),
                "cores": 0.05,
                "periods": 8,
                "throttled": 8,
                "seconds": 0.9,
            }
        ]

    def test_time_that_was_stolen_with_who_wanted_a_cpu(self) -> None:
        def later(host: FakeHost) -> None:
            host.files["/proc/stat"] = b"cpu 20 0 0 120 0 0 0 60\ncpu0 1\nprocs_running 5\n"

        meter = self.meter({"/proc/stat": "cpu 10 0 0 80 0 0 0 10\ncpu0 1\nprocs_running 3\n"}, later)
        assert (meter.stolen(), meter.running(), meter.cpus()) == (0.5, 3.0, 1)

    def test_nothing_is_said_where_nothing_can_be_read(self) -> None:
        meter = self.meter({}, lambda host: None)
        assert (meter.throttles(), meter.stolen(), meter.running(), meter.cpus()) == ([], None, None, None)


class TestPressure:
    """Only a pool for which somebody waits, or waited, is worth the look."""

    @pytest.mark.parametrize("fault", ["plain", "stopped", "slow_location", "exhausted_static"])
    def test_it_is_looked_at_where_somebody_waits(self, fault: str) -> None:
        waited = fault in ("slow_location", "exhausted_static")
        assert bool(pools_under_pressure(a_host(fault))) == waited

    def test_a_late_answer_is_enough(self) -> None:
        late, prompt = a_host().with_probe(ms=900.0), a_host().with_probe(ms=3.0)
        assert list(pools_under_pressure(late).values()) == ["unix:/run/php/php8.2-fpm.sock"]
        assert pools_under_pressure(prompt) == {}
