# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The engine's decisions, on snapshots of real hosts: what is tried, what is left, and what is said of it.
What it does to a host: the fleet tests.
"""

import contextlib
from typing import Any, Dict, Iterator, List, Optional, Tuple

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.change.disk import Disk
from ansible_collections.webmedic.php_fpm.plugins.module_utils.change.left_behind import Closed
from ansible_collections.webmedic.php_fpm.plugins.module_utils.change.lock import Busy
from ansible_collections.webmedic.php_fpm.plugins.module_utils.plan.policy import Policy
from ansible_collections.webmedic.php_fpm.plugins.module_utils.remediate import run as engine
from ansible_collections.webmedic.php_fpm.plugins.module_utils.remediate.carry_out import Outcome
from ansible_collections.webmedic.php_fpm.plugins.module_utils.remediate.compare import key
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules import hosts
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.hosts import Snapshot, seen
from ansible_collections.webmedic.php_fpm.tests.unit.support import FakeHost

POLICY = Policy(900, 3.0, "medium", [], [], "/", 20.0, 2, 3600, "", "restart", 10, 10.0, "leave")
UNDONE = Closed(
    "put_back", "nothing had read its files", "pool_size_set", "php8.2-fpm.service", 1.0, ["/etc/a"]
)


class Proof:
    """Stands for the live proof: what the host looks like before and after, without a host."""

    def __init__(
        self,
        _host: Any,
        _policy: Any,
        _snapshot: Any,
        findings: List[Dict[str, Any]],
        _planned: Any,
        _ask: bool,
    ) -> None:
        self.past = {key(item): {"probe": "missing", "http": 502, "queue": None} for item in findings}
        self.answered_at: Optional[float] = None
        self.rest = ""

    def begin(self) -> None:
        pass

    def after(self, items: Any) -> Dict[Any, Any]:
        return {key(item): {"probe": "answered", "http": 200, "queue": 0} for item in items}


def step_is(monkeypatch: Any, action: str, result: Any) -> None:
    """result: the action's step, or the refusal that it raises. Nothing is measured for it."""
    before = engine.Run.step

    def step(run: Any, planned: Any) -> Any:
        if planned["id"] != action:
            return before(run, planned)
        if isinstance(result, Exception):
            raise result
        return result

    monkeypatch.setattr(engine.Run, "step", step)


class World:
    """looks: the snapshots of one look after the other. results: of one action after the other. entries: the
    ledger.
    """

    def __init__(
        self,
        monkeypatch: Any,
        *looks: Snapshot,
        results: Any = ("done",),
        half_done: Optional[Dict[str, Any]] = None,
        entries: Any = (),
        busy: bool = False,
        root: bool = True,
    ) -> None:
        self.steps: List[Any] = []
        self.recorded: List[Any] = []
        self.locked, self.busy = 0, busy
        self.host = FakeHost({"/proc/none": ""}, root=root)
        self.looks, self.results = list(looks), list(results)
        for name, stand_in in (
            ("take", self.take),
            ("carry_out", self.carry_out),
            ("lock", self.lock),
            ("Proof", Proof),
            ("left_open", lambda *_arguments: bool(half_done)),
            ("settle", lambda *_arguments: half_done),
        ):
            monkeypatch.setattr(engine, name, stand_in)
        monkeypatch.setattr(engine.ledger, "read", lambda *_arguments: list(entries))
        monkeypatch.setattr(engine.ledger, "record", self.record)

    def take(self, _host: Any, _window: int, _seconds: float) -> Snapshot:
        snapshot = self.looks.pop(0) if len(self.looks) > 1 else self.looks[0]
        snapshot["nginx"].update(binary="/usr/sbin/nginx", options={}, group="www-data")
        for master in snapshot["fpm"]["masters"]:
            master.setdefault("prefix", "/usr")
        return snapshot

    def carry_out(
        self, step: Any, _host: Any, _disk: Any, _verify: Any, check_mode: bool, *_more: Any
    ) -> Outcome:
        self.steps.append(step)
        result = "would" if check_mode else self.results.pop(0)
        why = "it did not help" if result == "rolled_back" else ""
        return Outcome(result, why, [], [" ".join(command.do) for command in step.commands], [], None)

    @contextlib.contextmanager
    def lock(self, _state: str, _disk: Any) -> Iterator[None]:
        self.locked += 1
        if self.busy:
            raise Busy("process 7 is changing this host")
        yield

    def record(self, _disk: Any, _state: str, _at: float, *entry: Any) -> None:
        self.recorded.append(entry)

    def run(self, check_mode: bool = False, **policy: Any) -> Dict[str, Any]:
        return engine.remediate(self.host, Disk(), POLICY._replace(**policy), check_mode, "/nowhere")


def summary(reply: Dict[str, Any]) -> Any:
    remediation = reply["remediation"]
    return (
        remediation["outcome"],
        [(action["id"], action["result"]) for action in remediation["actions"]],
        [item["result"] for item in remediation["findings"]],
    )


def action_why(reply: Dict[str, Any]) -> str:
    """Of the first action."""
    return str(reply["remediation"]["actions"][0]["why"])


def kinds(reply: Any) -> Tuple[Optional[str], List[Optional[str]]]:
    """(why the host was left alone, why each action was not begun)."""
    done = reply["remediation"]
    return done["refusal_kind"], [action["refusal_kind"] for action in done["actions"]]


def finding_why(reply: Dict[str, Any]) -> str:
    """Of the first finding."""
    return str(reply["remediation"]["findings"][0]["why"])


class TestMended:
    def test_a_stopped_unit_is_started(self, monkeypatch: Any) -> None:
        world = World(monkeypatch, seen("stopped"), seen("stopped"), seen("was_down"))
        reply = world.run()
        assert summary(reply) == ("done", [("unit_start", "done")], ["fixed"])
        assert (reply["changed"], reply["status"], reply["remediation"]["status_before"]) == (
            True,
            "recovered",
            "failing",
        )
        assert reply["remediation"]["findings"][0]["after"] == {"probe": "answered", "http": 200, "queue": 0}
        assert world.recorded == [("unit_start", "php8.2-fpm.service", "done")] and world.locked == 1

    @pytest.mark.parametrize(
        ("http", "status"), [(500, "degraded"), (503, "recovered"), (404, "recovered"), (None, "recovered")]
    )
    def test_a_host_whose_page_fails_now_is_not_well(
        self, monkeypatch: Any, http: Optional[int], status: str
    ) -> None:
        monkeypatch.setattr(
            Proof,
            "after",
            lambda _self, items: {
                key(item): {"probe": "answered", "http": http, "queue": 0} for item in items
            },
        )
        reply = World(monkeypatch, seen("stopped"), seen("stopped"), seen("was_down")).run()
        assert summary(reply)[2] == ["fixed"]
        assert (reply["status"], reply["remediation"]["status_after"]) == (status, status)
        assert ("HTTP 500" in finding_why(reply)) == (http == 500)

    def test_check_mode_says_the_same_without_a_lock_or_an_entry(self, monkeypatch: Any) -> None:
        world = World(monkeypatch, seen("stopped"))
        reply = world.run(check_mode=True)
        assert summary(reply) == ("would_change", [("unit_start", "would")], ["would_fix"])
        assert (
            reply["changed"],
            reply["status"],
            reply["remediation"]["status_after"],
            world.locked,
            world.recorded,
        ) == (True, "failing", None, 0, [])

    def test_what_did_not_help_is_said_to_be_rolled_back(self, monkeypatch: Any) -> None:
        step_is(monkeypatch, "socket_access_set", engine.Step("socket_access_set", "x", [], [], []))
        reply = World(monkeypatch, seen("socket_root"), results=["rolled_back"]).run()
        assert summary(reply) == ("done", [("socket_access_set", "rolled_back")], ["rolled_back"])
        assert (reply["changed"], reply["status"], finding_why(reply)) == (
            False,
            "failing",
            "it did not help",
        )

    def test_an_action_that_fails_does_not_stop_the_next(self, monkeypatch: Any) -> None:
        snapshot = seen("two_path_and_exhausted")
        world = World(monkeypatch, snapshot, results=["rolled_back", "done"])
        step_is(monkeypatch, "pool_size_set", engine.Step("pool_size_set", "x", [], [], []))
        step_is(monkeypatch, "fastcgi_pass_repoint", engine.Step("fastcgi_pass_repoint", "y", [], [], []))
        assert summary(world.run())[1] == [("pool_size_set", "rolled_back"), ("fastcgi_pass_repoint", "done")]

    def test_what_only_helps_together_is_one_step(self, monkeypatch: Any) -> None:
        world = World(monkeypatch, seen("start_limit_hit"), seen("start_limit_hit"), seen("was_down"))
        assert summary(world.run())[1] == [("unit_reset_failed", "done"), ("unit_start", "done")]
        assert [[command.do[1] for command in step.commands] for step in world.steps] == [
            ["reset-failed", "start"]
        ]

    def test_a_ledger_that_is_full_hides_nothing_that_was_done(self, monkeypatch: Any) -> None:
        world = World(monkeypatch, seen("stopped"), seen("stopped"), seen("was_down"))

        def full(*_arguments: Any) -> None:
            raise OSError(28, "No space left on device", "/nowhere/ledger.json")

        monkeypatch.setattr(engine.ledger, "record", full)
        reply = world.run()
        assert summary(reply) == ("done", [("unit_start", "done")], ["fixed"]) and "ledger" in action_why(
            reply
        )


class TestLeftAlone:
    @pytest.mark.parametrize("fault", ["plain", "busy_coping", "old_502s", "var_run", "was_down"])
    def test_a_host_with_nothing_to_mend_is_only_looked_at(self, fault: str, monkeypatch: Any) -> None:
        world = World(monkeypatch, seen(fault))
        reply = world.run()
        assert (summary(reply)[0], summary(reply)[1], reply["changed"], world.locked) == (
            "nothing_to_do",
            [],
            False,
            0,
        )

    def test_a_host_that_was_not_seen_well_enough(self, monkeypatch: Any) -> None:
        snapshot = seen("plain")
        snapshot["missing"].append(
            {"what": "nginx_config", "path": "/etc/nginx/a", "why": "Permission denied", "needs": "root"}
        )
        world = World(monkeypatch, snapshot)
        reply = world.run()
        assert (reply["status"], summary(reply), world.locked) == ("unknown", ("left_alone", [], []), 0)
        assert kinds(reply) == ("unknown", [])

    def test_without_root_nothing_is_tried(self, monkeypatch: Any) -> None:
        world = World(monkeypatch, seen("stopped"), root=False)
        reply = world.run()
        assert (
            summary(reply) == ("left_alone", [], ["escalated"])
            and "become root" in reply["remediation"]["why"]
        )
        assert kinds(reply) == ("not_root", [])

    def test_a_second_remediation_leaves_the_host_to_the_first(self, monkeypatch: Any) -> None:
        reply = World(monkeypatch, seen("stopped"), busy=True).run()
        assert (summary(reply)[0], reply["remediation"]["why"], reply["changed"]) == (
            "busy",
            "process 7 is changing this host",
            False,
        )
        assert kinds(reply) == ("busy", [])


class TestForAPerson:
    def test_a_cause_that_came_back(self, monkeypatch: Any) -> None:
        assert summary(World(monkeypatch, seen("stopped")).run())[2] == ["escalated"]

    def test_a_finding_without_a_safe_action(self, monkeypatch: Any) -> None:
        world = World(monkeypatch, seen("masked"))
        assert summary(world.run()) == ("nothing_to_do", [], ["escalated"]) and world.locked == 0

    def test_a_refusal_is_not_recorded(self, monkeypatch: Any) -> None:
        world = World(monkeypatch, seen("stopped"))
        step_is(monkeypatch, "unit_start", engine.Refusal("a panel writes this file"))
        reply = world.run()
        assert summary(reply) == ("nothing_to_do", [("unit_start", "refused")], ["escalated"])
        assert kinds(reply) == (None, ["action"])
        assert (finding_why(reply), reply["changed"], world.recorded) == (
            "a panel writes this file",
            False,
            [],
        )


class TestPolicy:
    @pytest.mark.parametrize(
        "policy, why",
        [
            ({"max_risk": "low"}, "its risk is medium"),
            ({"skip": ["socket_permission_denied"]}, "remediate_skip"),
            ({"only": ["unit_start"]}, "remediate_only"),
        ],
    )
    def test_what_the_operator_does_not_allow_takes_no_lock(
        self, policy: Dict[str, Any], why: str, monkeypatch: Any
    ) -> None:
        world = World(monkeypatch, seen("socket_root"))
        reply = world.run(**policy)
        assert summary(reply)[1:] == (
            [("socket_access_set", "skipped")],
            ["escalated"],
        ) and why in action_why(reply)
        assert (world.locked, world.steps) == (0, [])

    def test_what_did_not_last_is_not_tried_in_a_storm(self, monkeypatch: Any) -> None:
        now = FakeHost().now()
        times = [
            {"at": now - back, "action": "unit_start", "target": "php8.2-fpm.service", "result": "done"}
            for back in (60, 30)
        ]
        reply = World(monkeypatch, seen("stopped"), entries=times).run()
        assert summary(reply)[1] == [("unit_start", "skipped")] and "was tried 2 times" in action_why(reply)
        assert kinds(reply) == (None, ["repeated"])
        assert summary(
            World(monkeypatch, seen("stopped"), seen("stopped"), seen("was_down"), entries=times).run(
                repeat_period=45
            )
        )[1] == [("unit_start", "done")]

    def test_a_longer_timeout_is_set_once_in_a_file(self, monkeypatch: Any) -> None:
        """What this very run has done does not count: check mode foretells all of it."""
        snapshot = hosts.timing_out(seen("slow_location"))
        step_is(monkeypatch, "read_timeout_set", engine.Step("read_timeout_set", "x", [], [], []))
        for at, result, outcome in (
            (1.0, "done", "skipped"),
            (1.0, "rolled_back", "done"),
            (9e9, "done", "done"),
        ):
            entry = {
                "at": at,
                "action": "read_timeout_set",
                "target": "/etc/nginx/sites-enabled/shop",
                "result": result,
            }
            reply = World(monkeypatch, snapshot, entries=[entry]).run(max_risk="high", repeat_period=1)
            assert summary(reply)[1] == [("read_timeout_set", outcome)]
            assert ("not done twice" in action_why(reply)) == (outcome == "skipped")

    @pytest.mark.parametrize("files, result", [("leave", "refused"), ("edit", "done")])
    def test_what_a_tool_manages_is_left_or_edited_as_told(
        self, files: str, result: str, tmp_path: Any, monkeypatch: Any
    ) -> None:
        path = tmp_path / "www.conf"
        path.write_text("; Ansible managed\n[www]\n", encoding="utf-8")
        change = engine.managed.Change(
            str(path), path.read_bytes(), path.read_bytes() + b"listen.owner = www-data\n", 0o644, "php-fpm"
        )
        step_is(monkeypatch, "socket_access_set", engine.Step("socket_access_set", "x", [change], [], []))
        world = World(monkeypatch, seen("socket_root"))
        action = world.run(managed_files=files)["remediation"]["actions"][0]
        assert (
            action["result"] == result
            and "is managed by Ansible" in action["why"]
            and "undo" in action["why"]
        )
        assert len(world.steps) == (result == "done")
        assert action["refusal_kind"] == ("managed" if files == "leave" else None)


class TestKilledRun:
    def test_what_it_left_is_taken_back_on_a_healthy_host(self, monkeypatch: Any) -> None:
        world = World(monkeypatch, seen("plain"), half_done=UNDONE)
        reply = world.run()
        assert (summary(reply)[0], reply["changed"], world.locked) == ("done", True, 1)
        assert reply["remediation"]["undone"] == {
            "name": "pool_size_set",
            "target": "php8.2-fpm.service",
            "at": 1.0,
            "files": ["/etc/a"],
            "fate": "put_back",
            "why": "nothing had read its files",
            "by_hand": [],
        }

    def test_in_check_mode_it_is_only_told(self, monkeypatch: Any) -> None:
        world = World(monkeypatch, seen("plain"), half_done=UNDONE)
        reply = world.run(check_mode=True)
        assert (summary(reply)[0], reply["changed"], world.locked) == ("would_change", True, 0)
