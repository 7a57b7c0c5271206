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
from typing import Any, Callable, Dict, List

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect import child
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect import snapshot as collect
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.host import Host
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.logs import collect_logs
from ansible_collections.webmedic.php_fpm.plugins.module_utils.rules.diagnose import (
    NEEDED_FOR_HEALTH,
    diagnose,
)
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.collect.test_snapshot import ALWAYS
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules import hosts

SEEN = hosts.seen("plain")
COLLECTORS = {
    "nginx": "collect_nginx",
    "strangers": "strangers",
    "fpm": "collect_fpm",
    "memory": "collect_memory",
    "endpoints": "collect_endpoints",
    "workers": "collect_workers",
    "oom": "collect_oom",
    "logs": "collect_logs",
}
ORDER = list(collect.STAGES)


def healthy(stage: str, *_arguments: Any, **_words: Any) -> Any:
    return SEEN.get(stage, [])


def hang(*_arguments: Any, **_words: Any) -> None:
    """As a read from a dead file server: no signal but SIGKILL ends it."""
    signal.pthread_sigmask(signal.SIG_BLOCK, set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP})
    time.sleep(1000)


def fail(*_arguments: Any, **_words: Any) -> None:
    raise KeyError("a bug of ours")


def die(*_arguments: Any, **_words: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.fixture(autouse=True)
def fixture_healthy(monkeypatch: Any) -> None:
    """Every collector sees what was seen on a real, healthy host."""
    for stage, name in COLLECTORS.items():
        monkeypatch.setattr(collect, name, partial(healthy, stage))


def names(snapshot: Dict[str, Any]) -> List[str]:
    return [entry["what"] for entry in snapshot["missing"]]


def test_a_look_that_comes_to_its_end_sees_what_the_collectors_saw() -> None:
    found = collect.take(Host(), 900, 3.0, 60.0)
    assert {stage: found[stage] for stage in ORDER} == {stage: SEEN.get(stage, []) for stage in ORDER}
    assert found["missing"] == [] and diagnose(found)["status"] == "healthy" and not child._children()


@pytest.mark.parametrize(
    "broken, why",
    [(hang, "the deadline of 1 s was over"), (fail, "KeyError: 'a bug of ours'"), (die, "it broke off")],
    ids=["hangs", "fails", "is killed"],
)
@pytest.mark.parametrize("stage", ORDER)
def test_a_stage_that_does_not_end_costs_itself_and_what_would_be_judged_wrongly_without_it(
    stage: str, broken: Callable[..., None], why: str, monkeypatch: Any
) -> None:
    monkeypatch.setattr(collect, COLLECTORS[stage], broken)
    found = collect.take(Host(), 900, 3.0, 1.0 if broken is hang else 60.0)
    after = ORDER[ORDER.index(stage) :] if broken is not fail or stage in collect.DECISIVE else [stage]
    named = ["collector_failed"] if broken is fail else []
    assert names(found) == named + [collect.STAGES[one] for one in after]
    assert why in found["missing"][0]["why"] and (found["missing"][0]["path"] == stage) == bool(named)
    assert all(found[one] == SEEN.get(one, []) for one in ORDER if one not in after)
    assert set(found) == ALWAYS | {"strangers"} and not child._children()
    verdict = diagnose(found)
    assert verdict["findings"] == [] and (verdict["status"] == "unknown") == bool(
        NEEDED_FOR_HEALTH & set(names(found))
    )


@pytest.mark.parametrize("stage", ["nginx", "fpm", "endpoints", "logs"])
def test_without_what_decides_no_host_is_healthy(stage: str, monkeypatch: Any) -> None:
    monkeypatch.setattr(collect, COLLECTORS[stage], fail)
    assert diagnose(collect.take(Host(), 900, 3.0))["status"] == "unknown"


def test_processes_that_hang_are_a_look_that_saw_nothing(monkeypatch: Any) -> None:
    monkeypatch.setattr(collect, "processes", hang)
    found = collect.take(Host(), 900, 3.0, 0.5)
    assert names(found) == list(collect.STAGES.values()) and diagnose(found)["status"] == "unknown"


@pytest.mark.parametrize("name, path", [("processes", "nginx"), ("own_cgroup", "host")])
def test_what_all_stages_need_and_fails_leaves_a_host_unknown(name: str, path: str, monkeypatch: Any) -> None:
    monkeypatch.setattr(collect, name, fail)
    found = collect.take(Host(), 900, 3.0, 60.0)
    assert names(found) == ["collector_failed"] + list(collect.STAGES.values())
    assert (found["missing"][0]["path"], found["missing"][0]["why"]) == (path, "KeyError: 'a bug of ours'")
    assert set(found) == ALWAYS | {"strangers"} and diagnose(found)["status"] == "unknown"


def test_a_host_without_a_route_is_looked_at_no_further_and_lacks_nothing(monkeypatch: Any) -> None:
    monkeypatch.setattr(collect, "collect_nginx", lambda *_arguments: dict(SEEN["nginx"], routes=[]))
    monkeypatch.setattr(collect, "collect_fpm", hang)
    found = collect.take(Host(), 900, 3.0, 60.0)
    assert found["missing"] == [] and diagnose(found)["status"] == "not_applicable"


class Slow(Host):
    """A host on which the named logs hang as soon as they are touched."""

    def __init__(self, *paths: str) -> None:
        super().__init__()
        self.paths = paths

    def stat(self, path: str, follow: bool = True) -> Any:
        if path in self.paths:
            hang()
        return super().stat(path, follow)


def test_a_log_that_hangs_is_left_out_and_the_others_are_read(tmp_path: Path, monkeypatch: Any) -> None:
    paths = [str(tmp_path / name) for name in ("a.log", "b.log", "c.log", "d.log")]
    for path in paths:
        Path(path).write_text("")
    monkeypatch.setattr(collect, "LOG_SECONDS", 0.3)
    monkeypatch.setattr(collect, "collect_logs", collect_logs)
    monkeypatch.setattr(collect, "collect_nginx", lambda *_arguments: dict(SEEN["nginx"], error_logs=paths))
    monkeypatch.setattr(collect, "collect_fpm", lambda *_arguments, **_words: dict(SEEN["fpm"], masters=[]))
    host = Slow(paths[1], paths[3])
    found = collect.take(host, 900, 3.0, 60.0)
    assert [(one["what"], one["path"], one["why"]) for one in found["missing"]] == [
        ("nginx_log", path, "reading it did not come to an end") for path in (paths[1], paths[3])
    ]
    assert [one["complete"] for one in found["logs"]["files"]] == [True, False, True, False]
    assert found["oom"] == SEEN["oom"] and not child._children()


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


@pytest.mark.skipif(
    os.geteuid() != 0 or not os.path.exists("/dev/fuse"),
    reason="only root can mount a file system of which nobody answers",
)
@pytest.mark.parametrize("seconds, left", [(60.0, []), (1.0, ["logs"])], ids=["a log", "the deadline"])
def test_a_log_on_a_dead_file_server_hangs_nothing_but_itself(
    seconds: float, left: List[str], tmp_path: Path, monkeypatch: Any
) -> None:
    dead = tmp_path / "dead"
    dead.mkdir()
    (tmp_path / "good.log").write_text("")
    paths = [str(tmp_path / "good.log"), str(dead / "error.log")]
    monkeypatch.setattr(collect, "LOG_SECONDS", 0.5 if not left else 10.0)
    monkeypatch.setattr(collect, "collect_logs", collect_logs)
    monkeypatch.setattr(collect, "collect_nginx", lambda *_arguments: dict(SEEN["nginx"], error_logs=paths))
    monkeypatch.setattr(collect, "collect_fpm", lambda *_arguments, **_words: dict(SEEN["fpm"], masters=[]))

    def work(say: Callable[[Any], None]) -> None:
        try:
            mount_a_dead_server(str(dead))
        except OSError as error:
            say(str(error))
            return
        began = time.monotonic()
        found = collect.take(Host(), 900, 3.0, seconds)
        say(
            [
                found["missing"],
                [one["complete"] for one in found["logs"]["files"]],
                time.monotonic() - began,
                sorted(child._children()),
            ]
        )

    worker = child.Child(work)
    told = worker.next(100.0)
    child.end([worker])
    if isinstance(told, str):
        pytest.skip(told)
    missing, complete, took, alive = told
    assert [one["what"] for one in missing] == ["nginx_log"] and alive == [] and took < 50
    assert complete == ([] if left else [True, False])
    assert ("the deadline of 1 s was over" if left else "reading it did not come to an end") in missing[0][
        "why"
    ]


def test_what_the_look_before_could_not_ask_is_asked_again() -> None:
    host = Host()
    host.hung.add("systemctl")
    collect.take(host, 900, 3.0, 60.0)
    assert host.hung == set() and host.left() == float("inf")
