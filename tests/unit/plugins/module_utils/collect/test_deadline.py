# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A look of which a part hangs, fails or is killed: it answers in time, says what it could not see, and
leaves no process.
"""

import ctypes
import os
import signal
import time
from functools import partial
from pathlib import Path
from typing import Any, Callable, Dict, List, Set

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect import child
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect import snapshot as collect
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.host import Host
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.linux.confinement import no_confinement
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.linux.oom import Killed
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.logs.logs import collect_logs
from ansible_collections.webmedic.php_fpm.plugins.module_utils.rules.diagnose import (
    NEEDED_FOR_HEALTH,
    diagnose,
)
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.collect.hosts.snapshot import ALWAYS
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules import hosts

Left = Callable[[], Set[int]]
SEEN = hosts.seen("plain")
SEEN["confinement"] = no_confinement()
SEEN["waits"] = None
SEEN["older"] = {"endpoints": {}, "refusal": None}
COLLECTORS = {
    "nginx": "collect_nginx",
    "strangers": "strangers",
    "fpm": "collect_fpm",
    "memory": "collect_memory",
    "endpoints": "collect_endpoints",
    "workers": "collect_workers",
    "halted": "halted",
    "oom": "collect_oom",
    "logs": "collect_logs",
    "older": "older",
    "confinement": "collect_confinement",
    "access": "access",
    "waits": "waits",
    "changed_files": "changed",
}
ORDER = list(collect.STAGES)


def healthy(stage: str, *_arguments: Any, **_words: Any) -> Any:
    found = SEEN.get(stage, [])
    return Killed(found, []) if stage == "oom" else found


def hang(*_arguments: Any, **_words: Any) -> None:
    """As a read from a dead file server: no signal but SIGKILL ends it."""
    signal.pthread_sigmask(signal.SIG_BLOCK, set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP})
    time.sleep(1000)


def fail(*_arguments: Any, **_words: Any) -> None:
    raise KeyError("a bug of ours")


def die(*_arguments: Any, **_words: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.fixture(name="left", autouse=True)
def fixture_left() -> Left:
    """The children that the test has left. On a loaded machine a test before it may have left one."""
    before = child._children()
    return lambda: child._children() - before


@pytest.fixture(autouse=True)
def fixture_healthy(monkeypatch: Any) -> None:
    """Every collector sees what was seen on a real, healthy host."""
    for stage, name in COLLECTORS.items():
        monkeypatch.setattr(collect, name, partial(healthy, stage))
    monkeypatch.setattr(collect, "named_places", lambda *_seen: {})  # of the machine that tests


def names(snapshot: Dict[str, Any]) -> List[str]:
    return [entry["what"] for entry in snapshot["missing"]]


class TestStage:
    """A stage of the look that hangs, fails or is killed."""

    def test_a_look_that_ends_sees_what_the_collectors_saw(self, left: Left) -> None:
        snapshot = collect.take(Host(), 900, 3.0, 60.0)
        assert {stage: snapshot[stage] for stage in ORDER} == {stage: SEEN.get(stage, []) for stage in ORDER}
        assert snapshot["missing"] == [] and diagnose(snapshot)["status"] == "healthy" and not left()

    @pytest.mark.parametrize(
        "broken, why",
        [(hang, "the deadline of 1 s was over"), (fail, "KeyError: 'a bug of ours'"), (die, "it broke off")],
        ids=["hangs", "fails", "is killed"],
    )
    @pytest.mark.parametrize("stage", ORDER)
    def test_a_stage_that_does_not_end_costs_its_own_part(
        self, stage: str, broken: Callable[..., None], why: str, left: Left, monkeypatch: Any
    ) -> None:
        monkeypatch.setattr(collect, COLLECTORS[stage], broken)
        snapshot = collect.take(Host(), 900, 3.0, 1.0 if broken is hang else 60.0)
        after = ORDER[ORDER.index(stage) :] if broken is not fail or stage in collect.DECISIVE else [stage]
        named = ["collector_failed"] if broken is fail else []
        assert names(snapshot) == named + [collect.STAGES[entry] for entry in after]
        assert why in snapshot["missing"][0]["why"] and (snapshot["missing"][0]["path"] == stage) == bool(
            named
        )
        assert all(snapshot[entry] == SEEN.get(entry, []) for entry in ORDER if entry not in after)
        assert set(snapshot) == ALWAYS | {"strangers"} and not left()
        verdict = diagnose(snapshot)
        assert verdict["findings"] == [] and (verdict["status"] == "unknown") == bool(
            NEEDED_FOR_HEALTH & set(names(snapshot))
        )

    @pytest.mark.parametrize("stage", ["nginx", "fpm", "endpoints", "logs"])
    def test_without_what_decides_no_host_is_healthy(self, stage: str, monkeypatch: Any) -> None:
        monkeypatch.setattr(collect, COLLECTORS[stage], fail)
        assert diagnose(collect.take(Host(), 900, 3.0))["status"] == "unknown"

    def test_processes_that_hang_are_a_look_that_saw_nothing(self, monkeypatch: Any) -> None:
        monkeypatch.setattr(collect, "processes", hang)
        snapshot = collect.take(Host(), 900, 3.0, 0.5)
        assert names(snapshot) == list(collect.STAGES.values()) and diagnose(snapshot)["status"] == "unknown"

    @pytest.mark.parametrize("name, path", [("processes", "nginx"), ("own_cgroup", "host")])
    def test_a_host_is_unknown_without_what_all_stages_need(
        self, name: str, path: str, monkeypatch: Any
    ) -> None:
        monkeypatch.setattr(collect, name, fail)
        snapshot = collect.take(Host(), 900, 3.0, 60.0)
        assert names(snapshot) == ["collector_failed"] + list(collect.STAGES.values())
        assert (snapshot["missing"][0]["path"], snapshot["missing"][0]["why"]) == (
            path,
            "KeyError: 'a bug of ours'",
        )
        assert set(snapshot) == ALWAYS | {"strangers"} and diagnose(snapshot)["status"] == "unknown"

    def test_a_host_without_a_route_lacks_nothing(self, monkeypatch: Any) -> None:
        monkeypatch.setattr(collect, "collect_nginx", lambda *_arguments: dict(SEEN["nginx"], routes=[]))
        monkeypatch.setattr(collect, "collect_fpm", hang)
        snapshot = collect.take(Host(), 900, 3.0, 60.0)
        assert snapshot["missing"] == [] and diagnose(snapshot)["status"] == "not_applicable"

    def test_what_hung_before_is_asked_again(self) -> None:
        host = Host()
        host.hung.add("systemctl")
        collect.take(host, 900, 3.0, 60.0)
        assert host.hung == set() and host.left() == float("inf")


class Slow(Host):
    """A host on which the named logs hang as soon as they are touched."""

    def __init__(self, *paths: str) -> None:
        super().__init__()
        self.paths = paths

    def reach(self, path: str, access: Callable[[], Any]) -> Any:
        return super().reach(path, hang if path in self.paths else access)


class TestLog:
    """A log that hangs."""

    def test_a_log_that_hangs_is_left_out(self, tmp_path: Path, left: Left, monkeypatch: Any) -> None:
        paths = [str(tmp_path / name) for name in ("a.log", "b.log", "c.log", "d.log")]
        for path in paths:
            Path(path).write_text("")
        monkeypatch.setattr(collect, "LOG_SECONDS", 0.3)
        monkeypatch.setattr(collect, "collect_logs", collect_logs)
        monkeypatch.setattr(
            collect, "collect_nginx", lambda *_arguments: dict(SEEN["nginx"], error_logs=paths)
        )
        monkeypatch.setattr(
            collect, "collect_fpm", lambda *_arguments, **_words: dict(SEEN["fpm"], masters=[])
        )
        host = Slow(paths[1], paths[3])
        snapshot = collect.take(host, 900, 3.0, 60.0)
        assert [(entry["what"], entry["path"], entry["why"]) for entry in snapshot["missing"]] == [
            ("nginx_log", path, "reading it did not come to an end") for path in (paths[1], paths[3])
        ]
        assert [entry["complete"] for entry in snapshot["logs"]["files"]] == [True, False, True, False]
        assert snapshot["oom"] == SEEN["oom"] and not left()

    @pytest.mark.skipif(
        os.geteuid() != 0 or not os.path.exists("/dev/fuse"),
        reason="only root can mount a file system of which nobody answers",
    )
    @pytest.mark.parametrize(
        "seconds, left", [(60.0, []), (5.0, ["logs", "access"])], ids=["a log", "the deadline"]
    )
    def test_a_log_on_a_dead_file_server_is_left_out(
        self, seconds: float, left: List[str], tmp_path: Path, monkeypatch: Any
    ) -> None:
        dead = tmp_path / "dead"
        dead.mkdir()
        (tmp_path / "good.log").write_text("")
        paths = [str(tmp_path / "good.log"), str(dead / "error.log")]
        monkeypatch.setattr(collect, "FILE_SECONDS", 1.0 if not left else 10.0)
        monkeypatch.setattr(collect, "collect_logs", collect_logs)
        monkeypatch.setattr(
            collect, "collect_nginx", lambda *_arguments: dict(SEEN["nginx"], error_logs=paths)
        )
        monkeypatch.setattr(
            collect, "collect_fpm", lambda *_arguments, **_words: dict(SEEN["fpm"], masters=[])
        )

        def work(say: Callable[[Any], None]) -> None:
            try:
                mount_a_dead_server(str(dead))
            except OSError as error:
                say(str(error))
                return
            began = time.monotonic()
            snapshot = collect.take(Host(), 900, 3.0, seconds)
            say(
                [
                    snapshot["missing"],
                    [entry["complete"] for entry in snapshot["logs"]["files"]],
                    time.monotonic() - began,
                    sorted(child._children()),
                ]
            )

        worker = child.Child(work)
        report = worker.next(100.0)
        child.end([worker])
        if isinstance(report, str):
            pytest.skip(report)
        missing, complete, took, alive = report
        # What would be looked at after it.
        later = ["nginx_loaded", "connect_as_nginx", "access_log", "worker_waits", "config_times"]
        later = later if left else []
        named = ["nginx_log"] if left else ["file_system", "nginx_log"]
        assert [entry["what"] for entry in missing] == named + later
        assert alive == [] and took < 50
        assert complete == ([] if left else [True, False])
        assert ("the deadline of 5 s was over" if left else "its file system did not answer") in missing[0][
            "why"
        ]


class TestFarFiles:
    """File systems that may never answer, where the look passes on its way."""

    def look(self, host: Host, mounts: List[str], paths: List[str], monkeypatch: Any) -> Dict[str, Any]:
        def look_at_sites(host: Host, *_arguments: Any) -> Any:
            for path in paths:
                host.type_of(path)
                host.glob(path + "/*")
                host.readlink(path)
            return SEEN["nginx"]

        monkeypatch.setattr(collect, "FILE_SECONDS", 1.0)
        monkeypatch.setattr(collect, "far_mounts", lambda _mountinfo: mounts)
        monkeypatch.setattr(collect, "collect_nginx", look_at_sites)
        return dict(collect.take(host, 900, 3.0, 60.0))

    def test_one_that_hangs_costs_itself_alone(self, left: Left, monkeypatch: Any) -> None:
        host = Slow("/far/a", "/far/b/c")
        snapshot = self.look(host, ["/far/b", "/far"], ["/far/a", "/far/b/c", "/far/d"], monkeypatch)
        assert [(entry["what"], entry["path"]) for entry in snapshot["missing"]] == [("file_system", "/far")]
        assert {stage: snapshot[stage] for stage in ORDER} == {stage: SEEN.get(stage, []) for stage in ORDER}
        assert diagnose(snapshot)["status"] == "unknown" and not left()

    def test_a_link_from_elsewhere_is_named_itself(self, monkeypatch: Any) -> None:
        snapshot = self.look(Slow("/srv/link"), ["/far"], ["/srv/link", "/srv/link/x"], monkeypatch)
        assert [(entry["what"], entry["path"]) for entry in snapshot["missing"]] == [
            ("file_system", "/srv/link")
        ]

    def test_what_answers_is_no_gap(self, monkeypatch: Any) -> None:
        snapshot = self.look(Slow("/other"), ["/far"], ["/far/a", "/srv"], monkeypatch)
        assert snapshot["missing"] == [] and diagnose(snapshot)["status"] == "healthy"

    def test_a_name_that_begins_alike_is_another_place(self, monkeypatch: Any) -> None:
        host = Slow("/far/a")
        self.look(host, ["/far"], ["/far/a"], monkeypatch)
        assert host.type_of("/far-away") is None and host.hung == {"/far"}
        assert host.lacks("/far-away") and not host.lacks("/far/x")


def mount_a_dead_server(place: str) -> None:
    """A FUSE file system of which nobody answers for, seen by this process and its children alone: whoever
    touches it sleeps in the kernel.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    number = os.open("/dev/fuse", os.O_RDWR)
    options = b"fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other" % number
    for call in (
        lambda: libc.unshare(0x20000),
        lambda: libc.mount(b"none", b"/", None, ctypes.c_ulong(0x44000), None),
        lambda: libc.mount(b"fuse", place.encode(), b"fuse", ctypes.c_ulong(0), options),
    ):
        if call() != 0:
            raise OSError(ctypes.get_errno(), "no namespace, or no FUSE")
