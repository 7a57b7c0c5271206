# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Commands and children that flood, hang, ignore signals or leave others behind: each ends in time, and
nothing of it is left.
"""

import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any, Callable, List, Set

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect import child
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.child import Child, end
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.host import Host

AGES = 1000


def alive(marker: str) -> Set[int]:
    """Processes that have the marker in their command line, zombies left out."""
    pids = set()
    for name in os.listdir("/proc"):
        try:
            words = Path("/proc", name, "cmdline").read_bytes()
        except OSError:
            continue
        if name.isdigit() and marker.encode() in words and int(name) != os.getpid():
            pids.add(int(name))
    return pids


def gone(marker: str) -> bool:
    """Whether they have ended: the kernel needs a moment."""
    for _try in range(200):
        if not alive(marker):
            return True
        time.sleep(0.02)
    return False


@pytest.fixture(name="marker")
def fixture_marker(tmp_path: Path) -> str:
    """A word that is in no other command line."""
    return str(tmp_path / "mark")


def shell(script: str, marker: str) -> List[str]:
    return ["sh", "-c", script + " # " + marker, marker]


class TestCommand:
    def test_a_command_runs_in_the_c_locale(self) -> None:
        assert Host().run(["sh", "-c", "echo out; echo wrong >&2; echo $LC_ALL; exit 3"]) == (
            3,
            "out\nC\n",
            "wrong\n",
        )

    def test_a_command_that_is_absent(self) -> None:
        rc, out, err = Host().run(["/nowhere/systemctl"])
        assert (rc, out) == (None, "") and err.startswith("/nowhere/systemctl: No such file or directory")

    def test_output_up_to_the_limit_is_given_whole(self) -> None:
        rc, out, _err = Host().run(["sh", "-c", "head -c 200000 /dev/zero"], most=200000)
        assert rc == 0 and len(out) == 200000

    @pytest.mark.parametrize(
        "script",
        [
            "yes",
            "yes >&2",
            "yes & wait",
            "trap '' TERM INT HUP PIPE; yes",
            "head -c 300000 /dev/zero",
            "yes | cat & sleep 1000",
        ],
    )
    def test_a_command_that_floods_is_ended(self, script: str, marker: str) -> None:
        ran = Host().run(shell(script, marker), timeout=30.0, most=100000)
        assert ran == (None, "", "sh wrote more than 100000 bytes") and gone(marker)

    @pytest.mark.parametrize(
        "script",
        [
            "sleep 1000",
            "exec sleep 1000",
            "trap '' TERM INT HUP; sleep 1000",
            "exec >&- 2>&-; sleep 1000",
            "sleep 1000 & sleep 1000",
            "kill -STOP $$",
            "while :; do :; done",
            "echo before; sleep 1000",
        ],
    )
    def test_a_command_that_hangs_is_ended_with_all_it_has_started(self, script: str, marker: str) -> None:
        ran = Host().run(shell(script, marker), timeout=0.3)
        assert ran == (None, "", "sh did not end within 0.3 s") and gone(marker)

    def test_a_command_that_leaves_its_output_to_another_has_ended(self, marker: str) -> None:
        began = time.monotonic()
        ran = Host().run(shell("(sleep 1000) & echo done", marker), timeout=60.0)
        assert ran == (0, "done\n", "") and gone(marker) and time.monotonic() - began < 30

    def test_last_words_are_read_where_it_ends_just_after_a_look(self, monkeypatch: Any) -> None:
        """As on a busy machine, between a look that saw nothing and the question whether it has ended."""
        ask = os.waitid

        def ask_late(*words: Any) -> Any:
            time.sleep(0.4)
            return ask(*words)

        monkeypatch.setattr(os, "waitid", ask_late)
        assert Host().run(["sh", "-c", "sleep 0.2; echo last words"]) == (0, "last words\n", "")

    def test_what_hides_in_a_session_ends_where_it_is_adopted(self, marker: str) -> None:
        script = "setsid sh -c 'setsid sleep 1000 # %s' '%s' & sleep 0.3" % (marker, marker)
        others = child._children()
        with child.adopting():
            assert Host().run(shell(script, marker), timeout=60.0).rc == 0 and alive(marker)
        assert gone(marker) and child._children() == others

    def test_near_miss_what_was_there_before_stays(self, marker: str) -> None:
        with subprocess.Popen(shell("exec sleep 1000", marker)) as before:
            with child.adopting():
                Host().run(["true"])
            assert before.poll() is None
            before.kill()

    def test_a_program_that_hung_is_not_asked_again(self) -> None:
        host = Host()
        host.run(["sleep", "1000"], timeout=0.2)
        assert host.run(["sleep", "0"]) == (None, "", "sleep is not asked again: it did not end before")
        assert host.run(["true"]).rc == 0 and Host().run(["sleep", "0"]).rc == 0

    def test_a_program_that_wrote_too_much_once_may_be_asked_again(self) -> None:
        host = Host()
        assert (
            host.run(["yes"], most=1000).rc is None
            and host.run(["yes", "x"], most=1000).err == "yes wrote more than 1000 bytes"
        )

    def test_no_command_waits_beyond_the_deadline_of_the_look(self) -> None:
        host = Host()
        host.deadline = host.monotonic() + 0.3
        began = time.monotonic()
        assert host.run(["sleep", "1000"], timeout=500.0).rc is None and time.monotonic() - began < 100

    @pytest.mark.parametrize(
        "left, seconds",
        [(float("inf"), 30.0), (1000.0, 30.0), (120.0, 20.0), (30.0, 5.0), (12.0, 5.0), (2.0, 2.0)],
    )
    def test_a_command_has_a_share_of_the_time_that_is_left(
        self, left: float, seconds: float, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        waits: List[float] = []

        def run(_argv: Any, patience: float, _most: int) -> Any:
            waits.append(patience)
            return None, "", "x" + child.LATE % patience

        monkeypatch.setattr(child, "run", run)
        host = Host()
        monkeypatch.setattr(host, "left", lambda: left)
        assert host.run(["x"]).err == "x did not end within %g s" % seconds and waits == [seconds]
        assert host.run(["x"]).err == "x is not asked again: it did not end before"

    def test_a_command_has_no_terminal_to_ask_on(self) -> None:
        rc, out, _err = Host().run(["sh", "-c", "read line; echo $?; ps -o sid= -p $$ | tr -d ' '; echo $$"])
        status, session, pid = out.split()
        assert (rc, status, session) == (0, "1", pid)


def messages_of(worker: Child, seconds: float = 60.0) -> List[Any]:
    messages = []
    while True:
        message = worker.next(seconds)
        if message is None:
            return messages
        messages.append(message)


class TestChild:
    def test_messages_come_in_order(self) -> None:
        def work(say: Callable[[Any], None]) -> None:
            for number in range(3):
                say({"number": number, "text": "\u00fc\n\x00" * 100000})

        worker = Child(work)
        messages = messages_of(worker)
        end([worker])
        assert (
            [message["number"] for message in messages] == [0, 1, 2]
            and messages[2]["text"] == "\u00fc\n\x00" * 100000
            and worker.ended
        )

    def test_a_child_that_fails_ends_with_its_messages(self, capfd: Any) -> None:
        def work(say: Callable[[Any], None]) -> None:
            say("before")
            os.write(1, b"a word on our output")
            raise ValueError("broken")

        worker = Child(work)
        assert messages_of(worker) == ["before"] and worker.ended
        end([worker])
        assert "a word on our output" not in capfd.readouterr().out

    def test_what_a_child_leaves_behind_is_ended_however_it_hides(self, marker: str) -> None:
        def work(say: Callable[[Any], None]) -> None:
            script = "trap '' TERM HUP; setsid sh -c 'setsid sleep 1000 # %s' '%s' & sleep 1000" % (
                marker,
                marker,
            )
            with subprocess.Popen(shell(script, marker), start_new_session=True):
                time.sleep(0.3)
                say("started")
                time.sleep(AGES)

        worker = Child(work)
        assert worker.next(60.0) == "started" and len(alive(marker)) >= 2
        assert worker.next(0.1) is None and not worker.ended
        end([worker])
        assert gone(marker) and not child._children() - worker.others

    def test_a_child_dies_with_its_parent(self, tmp_path: Path, marker: str) -> None:
        def hang(say: Callable[[Any], None]) -> None:
            say(os.getpid())
            Host().run(shell("sleep 1000", marker), timeout=AGES)

        def parent(say: Callable[[Any], None]) -> None:
            say(Child(hang).next(60.0))
            time.sleep(AGES)

        outer = Child(parent)
        inner = outer.next(60.0)
        while not alive(marker):
            time.sleep(0.02)
        os.kill(outer.pid, signal.SIGKILL)
        assert gone(marker)
        end([outer])
        assert not os.path.exists("/proc/%d" % inner)

    def test_what_takes_too_much_memory_fails_in_the_child_alone(self) -> None:
        def work(say: Callable[[Any], None]) -> None:
            try:
                say(len(bytearray(child.MEMORY)))
            except MemoryError:
                say("no room")

        worker = Child(work)
        assert messages_of(worker) == ["no room"]
        end([worker])
