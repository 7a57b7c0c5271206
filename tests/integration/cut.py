# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The remediation through the engine, cut off in the middle: its process, its controller, its connection, or
the power of its host.

In the middle means: the files are replaced, and the first command has not run. The module waits there
(on_host/faulty_python.py), so that nothing depends on luck. The next playbook, with the host's own Python,
must finish what each cut left.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from tests.integration import mended
from tests.lab import scripts
from tests.lab.engine import engine, execute
from tests.lab.fleet import Fleet
from tests.run import env, hosts
from tests.run.checks import Check

FAULTS = dict.fromkeys(("trixie", "bookworm", "el", "bullseye"), "wrong_socket")
FAULTY = ("-e", "ansible_python_interpreter=/usr/local/bin/faulty-python")
WAIT = 300.0  # seconds; a loaded machine takes over a minute until all modules are in their middle

Job = Callable[[str, dict[str, Any]], Sequence[Check]]

# Kills all processes of the login that the waiting module belongs to. The ssh server goes on: the loop ends
# at the child of pid 1.
KILL_LOGIN = r"""
pid=$(cat /run/faulty.paused)
while :; do
    parent=$(awk '{print $4}' "/proc/$pid/stat")
    [ "$parent" -gt 1 ] || break
    pids="${pids:-} $pid"
    pid=$parent
done
kill -KILL $pids
"""


class Play:
    """A playbook in the background. kill() ends it and its connections."""

    def __init__(self, argv: list[str], environment: dict[str, str], sockets: Path) -> None:
        shutil.rmtree(sockets, ignore_errors=True)
        sockets.mkdir(parents=True)
        self.sockets = sockets
        self.process = subprocess.Popen(
            argv,
            env=dict(environment, ANSIBLE_SSH_CONTROL_PATH_DIR=str(sockets)),
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def kill(self) -> None:
        """End the engine and all its connections at once, as if the controller went away."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                ours = str(self.sockets).encode() in path.read_bytes()
            except OSError:
                continue
            if ours:
                try:
                    os.kill(int(path.parent.name), signal.SIGKILL)
                except ProcessLookupError:
                    pass
        self.process.wait()


def cut_off(wrong: Mapping[str, str | None]) -> Iterator[Check]:
    """wrong: by suite, why its module did not wait in the middle."""
    for suite, words in wrong.items():
        yield Check(suite, "the module is cut off in its middle", words)


class Cuts:
    """The hosts of one fleet, each with its fault. job runs one job of on_host/drive.py in a suite's host."""

    def __init__(self, fleet: str, suites: list[str], tree: Path, job: Job) -> None:
        self.fleet, self.suites, self.tree, self.job = Fleet(fleet), suites, tree, job
        self.home, self.reports = Path(sys.prefix), env.WORK / "survive"
        self.names = {suite: "webmedic-%s-%s-plain" % (fleet, suite) for suite in suites}

    def each(self, work: Callable[[str], Any]) -> dict[str, Any]:
        with ThreadPoolExecutor(len(self.suites)) as pool:
            return dict(zip(self.suites, pool.map(work, self.suites), strict=True))

    def jobs(self, **job: Any) -> Iterator[Check]:
        for checks in self.each(lambda suite: self.job(suite, dict(job, fault=FAULTS[suite]))).values():
            yield from checks

    def play(self, *words: str) -> mended.Run:
        return mended.remediate(
            self.home, self.tree, self.fleet.inventory, self.reports / "report", *mended.TOGETHER, *words
        )

    def start(self) -> Play:
        argv = [
            str(self.home / "bin" / "ansible-playbook"),
            "-i",
            str(self.fleet.inventory),
            "webmedic.php_fpm.remediate",
            *mended.TOGETHER,
            *FAULTY,
            "-e",
            "remediate_report_dir=%s" % (self.reports / "cut"),
        ]
        return Play(argv, env.environ(self.home, self.tree, **hosts.ENGINE), env.WORK / "cp")

    def waiting(self, suite: str) -> str | None:
        """Wait until the module waits in the host. Returns what is wrong, if it does not."""
        script = "for _ in $(seq %d); do test -e /run/faulty.paused && exit; sleep 0.1; done; echo none" % (
            WAIT * 10
        )
        return "the module never came to its middle" if execute(self.names[suite], script) else None

    def outcomes(self, what: str, wanted: tuple[str, ...], undone: bool = False) -> Iterator[Check]:
        run = self.play()
        for suite in self.suites:
            remediation = run.results.get(suite + "-plain", {}).get("remediation")
            wrong = None
            if not remediation:
                wrong = "no answer: %s" % (str(run.results.get(suite + "-plain")) + run.output[-1500:])
            elif remediation["outcome"] not in wanted:
                wrong = "%s: %s %s" % (
                    remediation["outcome"],
                    remediation["why"],
                    [(action["id"], action["result"], action["why"]) for action in remediation["actions"]],
                )
            elif undone and not remediation["undone"]:
                wrong = "it does not say what it took back"
            yield Check(suite, what, wrong)

    def killed(self) -> Iterator[Check]:
        yield from self.jobs(task="prepare", title="killed", at="run ", do="kill")
        run = self.play(*FAULTY)
        for suite in self.suites:
            result = run.results.get(suite + "-plain", {})
            fine = run.code != 0 and "remediation" not in result and result.get("failed", True)
            yield Check(
                suite,
                "a module that is killed is a failure of its host",
                None if fine else "rc %s, %s" % (run.code, str(result)[:500]),
            )
        yield from self.outcomes(
            "after a module was killed, the next playbook takes back and mends", ("done",), True
        )
        yield from self.jobs(task="finished", title="after a module was killed")

    def controller(self) -> Iterator[Check]:
        yield from self.jobs(task="prepare", title="controller", at="run ", do="pause")
        play = self.start()
        wrong = self.each(self.waiting)
        play.kill()
        if any(wrong.values()):
            yield from cut_off(wrong)
            return
        yield from self.outcomes(
            "while a module without a controller goes on, another is told that the host is busy", ("busy",)
        )
        self.each(
            lambda suite: execute(
                self.names[suite], "touch /run/faulty.go; flock -w 60 /var/lib/webmedic-php-fpm/lock true"
            )
        )
        yield from self.outcomes("a module without a controller finishes what it began", ("nothing_to_do",))
        yield from self.jobs(task="finished", title="after the controller was killed")

    def connection(self) -> Iterator[Check]:
        yield from self.jobs(task="prepare", title="connection", at="run ", do="pause")
        play = self.start()
        wrong = self.each(self.waiting)
        if not any(wrong.values()):
            self.each(lambda suite: execute(self.names[suite], KILL_LOGIN))
            play.process.wait(timeout=WAIT)
        play.kill()
        yield from cut_off(wrong)
        yield from self.outcomes(
            "after a login was killed, the next playbook takes back and mends", ("done",), True
        )
        yield from self.jobs(task="finished", title="after a login was killed")

    def power(self) -> Iterator[Check]:
        yield from self.jobs(task="prepare", title="power", at="run ", do="pause")
        play = self.start()
        wrong = self.each(self.waiting)
        self.each(lambda suite: engine("kill", self.names[suite]))
        play.kill()
        self.each(lambda suite: engine("start", self.names[suite]))
        key = (self.fleet.directory / "id_ed25519.pub").read_text().strip()
        self.each(lambda suite: execute(self.names[suite], "set -eu\n" + scripts.ready(key)))
        self.fleet.write_inventory()
        yield from cut_off(wrong)
        yield from self.outcomes("after a power cut, the next playbook takes back and mends", ("done",), True)
        yield from self.jobs(task="finished", title="after a power cut")


def prove(fleet: str, suites: list[str], tree: Path, job: Job) -> Iterator[Check]:
    cuts = Cuts(fleet, suites, tree, job)
    for scenario in (cuts.killed, cuts.controller, cuts.connection, cuts.power):
        began = time.monotonic()
        yield from scenario()
        print("all      cut: %-61s %26.0f s" % (scenario.__name__, time.monotonic() - began), flush=True)
