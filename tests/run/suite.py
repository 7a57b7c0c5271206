# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All tests. ``python3 -m tests.run.suite`` proves each thing once, and with ``--all`` on each suite and each
Python. ``python3 -m tests.run.suite STEP ...`` runs a part. With ``--continue``, what has passed on these
very files is counted, and is not run again.

Each step is a command; its output goes to <WORK>/log/STEP.txt. CPU is that of its own processes, without the
lab's hosts. The stages run one after the other. First come the quick steps. Then the hosts whose symptoms
depend on time have the machine to themselves. Then come, several at a time, the runners that mostly wait for
daemons and for playbooks to start. Last come the slow steps that need no host.

At the end stands how long each stage took, and how much of that time the processors worked.

Of a step that failed, each line that begins with FAILED or ERROR is shown, and the end of its output. At the
very end these lines stand once more. The last line counts every check, e.g. ``1234 passed, 0 failed``.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.run import env
from tests.run.judges import Counted
from tests.run.passed import Passed
from tests.run.steps import STAGES, Step, steps

# Of a step that failed: characters of a line, and lines of the end of its output, that are shown.
LINE, TAIL = 600, 40
OPTIONS = {"--all", "--continue"}


def named_failures(output: str) -> list[str]:
    """The lines in which a step names what failed."""
    return [line[:LINE] for line in output.splitlines() if line.startswith(("FAILED", "ERROR"))]


def failures(output: str) -> str:
    """What a person needs to see of a step that failed."""
    end = [line[:LINE] for line in output.splitlines()[-TAIL:]]
    return "".join("    %s\n" % line for line in [*named_failures(output), "... and its end:", *end])


def log_of(step: Step) -> Path:
    return env.WORK / "log" / (step.name + ".txt")


def run(step: Step) -> Counted:
    log = log_of(step)
    log.parent.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    with (
        log.open("w") as stream,
        subprocess.Popen(
            step.argv,
            cwd=step.cwd,
            env=step.env,
            stdout=stream,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
        ) as process,
    ):
        _pid, status, used = os.wait4(process.pid, 0)
        process.returncode = rc = os.waitstatus_to_exitcode(status)
    output = log.read_text(errors="replace")
    counted = step.judge(rc, output)
    verdict = "ok    " if not counted.failed else "FAILED"
    text = "%s %-17s %5d passed %3d failed %5.0f s, CPU %4.0f s" % (
        verdict,
        step.name,
        counted.passed,
        counted.failed,
        time.monotonic() - began,
        used.ru_utime + used.ru_stime,
    )
    if counted.failed:
        text += "\n%s    the whole output: %s" % (failures(output), log)
    print(text, flush=True)
    return counted


def changed_files() -> str:
    return subprocess.run(
        ["git", "status", "--short"], cwd=env.CHECKOUT, stdout=subprocess.PIPE, text=True, check=True
    ).stdout


def chosen(words: Sequence[str]) -> list[Step]:
    """The steps of `make test`, with --all of `make test-all`; those that are named by their beginnings, each
    in full.
    """
    names = [word for word in words if word not in OPTIONS]
    if not names:
        return steps("--all" in words)
    known = {step.name: step for step in [*steps(False), *steps(True)]}
    unknown = [word for word in names if not any(name.startswith(word) for name in known)]
    if unknown:
        sys.exit("no such step: %s. The steps: %s" % (", ".join(unknown), ", ".join(known)))
    return [step for name, step in known.items() if any(name.startswith(word) for word in names)]


def worked() -> tuple[int, int]:
    """How long the processors have worked, and have been there, in ticks (/proc/stat in proc(5))."""
    ticks = [int(word) for word in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
    idle, waits_for_disk = ticks[3:5]
    return sum(ticks) - idle - waits_for_disk, sum(ticks)


def staged(wanted: Sequence[Step], again: bool = True) -> Iterator[tuple[Step, Counted]]:
    """Run the steps, stage by stage, and say how long each stage took. again: also what has passed before."""
    took, passed = list[str](), Passed()

    def proven(step: Step) -> Counted:
        before = None if again else passed.before(step)
        if before:
            print("before %-17s %5d passed" % (step.name, before.passed), flush=True)
            return before
        counted = run(step)
        passed.note(step, counted)
        return counted

    for stage, workers in STAGES.items():
        members = [step for step in wanted if step.stage == stage]
        since, before = time.monotonic(), worked()
        with ThreadPoolExecutor(workers) as pool:
            yield from zip(members, pool.map(proven, members), strict=True)
        if members:
            busy, there = (after - then for after, then in zip(worked(), before, strict=True))
            took.append(
                "%s %.0f s, %.0f %% busy" % (stage, time.monotonic() - since, 100 * busy / max(1, there))
            )
    print("; ".join(took))


def main(argv: Sequence[str]) -> int:
    before = changed_files()
    env.install_pip_stub()
    wanted, began = chosen(argv), time.monotonic()
    ended = list(staged(wanted, again="--continue" not in argv))
    counted = [each for _step, each in ended]
    for step in (step for step, each in ended if each.failed):
        for line in named_failures(log_of(step).read_text(errors="replace")):
            print("%s: %s" % (step.name, line))
    if wanted and not set(argv) - OPTIONS and changed_files() != before:
        print("FAILED the tests changed the checkout:\n%s" % changed_files())
        counted.append(Counted(0, 1))
    failed = sum(each.failed for each in counted)
    print("%.0f s" % (time.monotonic() - began))
    print("%d passed, %d failed" % (sum(each.passed for each in counted), failed))
    return int(failed > 0)


if __name__ == "__main__":
    os.umask(0o022)
    sys.exit(main(sys.argv[1:]))
