# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A step is refused, done or put back, and says which; a disk that fails at any moment leaves the host as it
was.
"""

import errno
import os
from typing import Any, List, Optional

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.change import disk as disk_module
from ansible_collections.webmedic.php_fpm.plugins.module_utils.change import present
from ansible_collections.webmedic.php_fpm.plugins.module_utils.change.disk import Disk
from ansible_collections.webmedic.php_fpm.plugins.module_utils.change.recovery import recover
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.host import Host, Ran
from ansible_collections.webmedic.php_fpm.plugins.module_utils.remediate import carry_out as subject
from ansible_collections.webmedic.php_fpm.plugins.module_utils.work.step import Change, Command, Step, Trial
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.change.faults import (
    Service,
    Steps,
    World,
    survives,
    tree,
)


@pytest.fixture
def make(tmp_path):
    numbers = iter(range(10000))
    return lambda: World(str(tmp_path / str(next(numbers))))


@pytest.fixture
def world(make):
    return make()


def good() -> Optional[str]:
    return None


def carry(
    world: World,
    verify: Any = good,
    check_mode: bool = False,
    disk: Optional[Disk] = None,
    step: Optional[Step] = None,
) -> subject.Outcome:
    return subject.carry_out(
        step or world.step, Host(), disk or Service(world), verify, check_mode, world.state
    )


def trials(monkeypatch: Any, *answers: Ran) -> List[Any]:
    """The trials made, each (changes, argv); answers in turn, then "accepted"."""
    made = []  # type: List[Any]

    def trial(changes: Any, argv: Any, silent: Any, start: Any = None) -> Ran:
        made.append((list(changes), argv))
        return answers[len(made) - 1] if len(made) <= len(answers) else Ran(0, "", "")

    monkeypatch.setattr(subject, "trial", trial)
    return made


def with_trial(world: World) -> Step:
    return world.step._replace(
        trials=[Trial(["nginx", "-t"], ["/var/log/x"]), Trial(["nginx", "-t"], ["/var/log/x"])]
    )


class TestDone:
    def test_it_says_what_was_done_with_the_backup(self, world):
        outcome = carry(world)
        assert (outcome.result, outcome.why, outcome.commands) == ("done", "", ["restart", "reload"])
        assert outcome.files == [change.path for change in world.step.changes]
        assert world.contents() == world.new and os.path.isfile("%s/journal.json" % outcome.backup)

    def test_a_step_without_any_effect_is_unchanged(self, world):
        same = Step(
            "n", "t", [Change(world.path("pool.conf"), b"pm = static\n", b"pm = static\n", 0o644)], [], []
        )
        before = tree(world.top)
        assert carry(world, step=same).result == "unchanged"
        assert tree(world.top) == before

    def test_a_command_alone_is_a_step(self, world):
        outcome = carry(world, step=Step("n", "t", [], [], [Command(["start", "a b"], [["stop"]])]))
        assert (
            outcome.result == "done" and outcome.commands == ["start 'a b'"] and world.log() == ["start a b"]
        )

    def test_check_mode_only_shows_it(self, world, monkeypatch):
        made = trials(monkeypatch)
        before = tree(world.top)
        outcome = carry(world, check_mode=True, step=with_trial(world))
        assert (
            outcome.result == "would" and outcome.commands == ["restart", "reload"] and len(outcome.diff) == 4
        )
        assert tree(world.top) == before and made

    def test_a_shown_step_may_build_on_another_shown_one(self, world):
        second = Step("n", "t", [Change(world.path("pool.conf"), b"as shown\n", b"more\n", 0o644)], [], [])
        assert carry(world, check_mode=True, step=second).result == "would"
        assert carry(world, step=second).result == "refused"


UNKNOWN = Ran(78, "", "ERROR: [/etc/php/8.2/fpm/pool.d/www.conf:9] unknown entry 'listen.acl_users'")


class TestOtherWay:
    def test_it_is_taken_where_php_fpm_knows_no_acl(self, world, monkeypatch):
        trials(monkeypatch, UNKNOWN)
        other = Step("other", "t", [], [], [Command(["start", "b"], [])])
        outcome = carry(world, step=with_trial(world)._replace(otherwise=[other]))
        assert (outcome.result, outcome.commands, world.log()) == ("done", ["start b"], ["start b"])

    def test_near_miss_another_refusal_is_no_reason_for_it(self, world, monkeypatch):
        trials(monkeypatch, Ran(78, "", "ERROR: [pool www] the process manager is missing"))
        other = Step("other", "t", [], [], [Command(["start", "b"], [])])
        outcome = carry(world, step=with_trial(world)._replace(otherwise=[other]))
        assert outcome.result == "refused" and "process manager" in outcome.why and world.log() == []

    def test_where_no_way_is_open_each_refusal_is_told(self, world, monkeypatch):
        trials(monkeypatch, UNKNOWN, Ran(78, "", "ERROR: no such group"))
        other = Step("other", "t", [], [Trial(["php-fpm", "-t"], [])], [Command(["start", "b"], [])])
        outcome = carry(world, step=with_trial(world)._replace(otherwise=[other]))
        assert outcome.result == "refused" and outcome.why.index("no such group") < outcome.why.index(
            "unknown entry"
        )


class TestTrial:
    def test_each_state_that_a_kill_could_leave_is_tried_once(self, world, monkeypatch):
        made = trials(monkeypatch)
        carry(world, step=with_trial(world))
        assert [len(changes) for changes, _argv in made] == [1, 2, 3, 4]

    def test_a_command_alone_is_tried_on_what_is_there(self, world, monkeypatch):
        made = trials(monkeypatch, Ran(1, "", "nginx: [emerg] no\n"))
        assert carry(world, step=with_trial(world)._replace(changes=[])).result == "refused"
        assert made == [([], ["nginx", "-t"])] and world.log() == []

    def test_an_error_in_a_state_in_between_refuses(self, world, monkeypatch):
        trials(
            monkeypatch,
            Ran(0, "", ""),
            Ran(
                1,
                "",
                'nginx: [warn] x\nnginx: [emerg] unknown directive "lissen" in /etc/x:3\nnginx: failed\n',
            ),
        )
        before = tree(world.top)
        outcome = carry(world, step=with_trial(world))
        assert outcome == subject.UNTOUCHED._replace(
            result="refused",
            why='`nginx -t`: nginx: [emerg] unknown directive "lissen" in /etc/x:3',
            refusal_kind="trial",
        )
        assert tree(world.top) == before

    def test_a_trial_that_cannot_run_refuses(self, world, monkeypatch):
        trials(monkeypatch, Ran(None, "", "no namespace for it"))
        outcome = carry(world, step=with_trial(world))
        assert outcome.result == "refused" and "could not be tried: no namespace" in outcome.why

    @pytest.mark.parametrize(
        "err, line",
        [
            (
                "[x] NOTICE: a\n[x] ERROR: [/etc/p:5] unknown entry 'y'\n[x] ERROR: failed to load\n",
                "[x] ERROR: [/etc/p:5] unknown entry 'y'",
            ),
            ("Job for x.service failed.\nSee journalctl\n", "Job for x.service failed."),
            ("\n", "it ended with code 7"),
            ("nginx: [emerg] env[DB] = hunter2\n", "nginx: [emerg] env[DB] = [redacted]"),
        ],
    )
    def test_the_line_that_decides_is_told(self, err, line):
        assert subject.deciding_line(Ran(7, "", err)) == line

    def test_a_file_that_changed_meanwhile_is_refused(self, world):
        world.edit("pool.conf", b"by hand\n")
        outcome = carry(world)
        assert outcome.result == "refused" and "has changed meanwhile" in outcome.why and world.log() == []


class TestPutBack:
    def test_a_command_that_fails_puts_everything_back(self, world):
        outcome = carry(world, disk=Service(world, ["reload"]))
        assert outcome.result == "rolled_back" and outcome.diff == [] and outcome.backup is None
        assert outcome.why == "`reload` failed: it [emerg] does not start; everything is as it was before"
        assert tree(world.etc) == world.start
        assert world.log() == ["restart", "reload", "reload-again", "restart-again", "look"]

    @pytest.mark.parametrize(("undo", "result"), [([], "failed"), ([["start"]], "rolled_back")])
    def test_a_failed_restart_is_not_called_undone(self, world, undo, result):
        """A unit that is down after its restart is not as it was before."""
        step = Step("n", "t", [], [], [Command(["restart", "php.service"], undo)])
        outcome = carry(world, step=step, disk=Service(world, ["restart"]))
        assert outcome.result == result
        assert ("as it was before" in outcome.why) is (result == "rolled_back")

    def test_what_does_not_help_is_put_back(self, world):
        seen = []

        def verify() -> str:
            seen.append(world.contents() == world.new)
            return "it still answers 502"

        outcome = carry(world, verify)
        assert seen == [True]
        assert (
            outcome.result == "rolled_back"
            and outcome.why.startswith("it still answers 502;")
            and tree(world.etc) == world.start
        )

    def test_a_proof_that_raises_is_put_back_without_hiding_it(self, world):
        def verify() -> str:
            raise ZeroDivisionError()

        with pytest.raises(ZeroDivisionError):
            carry(world, verify)
        assert tree(world.etc) == world.start

    def test_a_way_back_that_fails_says_what_a_person_does(self, world):
        outcome = carry(world, lambda: "no good", disk=Service(world, ["restart-again"]))
        assert outcome.result == "failed"
        assert (
            "no good; and the way back failed: every file is as before, but this failed: `restart-again`"
            in outcome.why
        )
        assert "a later run looks at what is there then" in outcome.why

    def test_what_only_the_change_serves_is_kept_without_proof(self, world, monkeypatch):
        monkeypatch.setattr(present, "served_by", lambda *_arguments: ["unix:/a"])
        step = world.step._replace(commands=[Command(["start"], [["systemctl", "stop", "php.service"]])])
        outcome = carry(world, lambda: "a page answers 503", step=step)
        assert (outcome.result, outcome.why) == (
            "done",
            "a page answers 503; kept, since without it nobody would take requests at unix:/a",
        )
        assert world.contents() == world.new and outcome.backup and world.log() == ["start"]

    def test_what_someone_else_changed_meanwhile_is_named(self, world):
        def verify() -> str:
            world.edit("pool.conf", b"by hand\n")
            return "no good"

        outcome = carry(world, verify)
        assert (
            outcome.result == "failed"
            and world.path("pool.conf") in outcome.why
            and "someone else" in outcome.why
        )
        assert world.read("pool.conf") == b"by hand\n" and world.read("gone.conf") == b"old\n"


@pytest.mark.long
class TestFaults:
    @pytest.mark.parametrize(
        "number",
        [errno.ENOSPC, errno.EROFS, errno.EPERM, errno.EIO],
        ids=lambda number: errno.errorcode[number],
    )
    def test_a_disk_that_fails_once_leaves_the_host_as_it_was(self, make, monkeypatch, number):
        results = []
        for at in range(1, 400):
            world = make()
            steps = Steps(at, number)
            monkeypatch.setattr(disk_module, "os", steps)
            outcome = carry(world)
            results.append(outcome.result)
            recover(Host(), Service(world), world.state)
            if outcome.result == "done":
                assert world.contents() == world.new, at
            else:
                assert outcome.result in ("rolled_back", "refused") and outcome.why, at
                assert tree(world.etc) == world.start, (at, outcome)
            assert not [path for path in tree(world.etc) if "webmedic" in path], at
            assert set(world.state_names()) <= {"backups", "put-back"}, at
            if steps.count < at:
                break
        assert results.count("rolled_back") > 40 and results[-1] == "done"

    @pytest.mark.parametrize(
        "number", [errno.ENOSPC, errno.EROFS], ids=lambda number: errno.errorcode[number]
    )
    def test_after_a_broken_disk_the_next_run_takes_it_back(self, make, monkeypatch, number):
        results = []
        for at in range(1, 400):
            world = make()
            steps = Steps(at, number, from_then=True)
            monkeypatch.setattr(disk_module, "os", steps)
            outcome = carry(world)
            results.append(outcome.result)
            assert world.whole(), at
            monkeypatch.setattr(disk_module, "os", os)
            recover(Host(), Service(world), world.state)
            if outcome.result == "done":
                assert world.contents() == world.new, at
            else:
                assert tree(world.etc) == world.start, (at, outcome)
            assert not [path for path in tree(world.etc) if "webmedic" in path], at
            if steps.count < at:
                break
        assert results.count("failed") > 40 and results[-1] == "done"

    def test_a_full_disk_is_put_back_without_any_space(self, make, tmp_path):
        """A file system of three pages or so: the new file does not fit beside the old one."""
        import ctypes
        import subprocess

        small = tmp_path / "small"
        small.mkdir()
        if (
            os.geteuid() != 0
            or subprocess.call(
                ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(small)], stderr=subprocess.DEVNULL
            )
            != 0
        ):
            pytest.skip("only root, where it may mount, can make a small disk")
        try:
            world = World(str(small))
            world.state = str(tmp_path / "state")
            outcome = carry(
                world,
                step=world.step._replace(
                    changes=[
                        world.step.changes[3],
                        world.step.changes[0]._replace(after=b"x" * 100000),
                        world.step.changes[1],
                    ]
                ),
            )
            assert outcome.result == "rolled_back" and "No space left" in outcome.why
            assert tree(world.etc) == world.start
        finally:
            assert ctypes.CDLL(None).umount2(os.fsencode(str(small)), 2) == 0

    def test_a_killed_run_is_taken_back_by_the_next(self, world):
        assert not survives(lambda: carry(world, lambda: os.kill(os.getpid(), 9)), 10000, "before")
        assert world.contents() == world.new
        assert recover(Host(), Service(world), world.state).files
        assert tree(world.etc) == world.start
        assert carry(world).result == "done"
