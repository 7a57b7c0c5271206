# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All tests: ``python3 suite.py [STEP ...]``. Each step is a command; its output goes to <WORK>/log/<step>.txt.

The quick steps come first, then the slow ones that need no host, two at a time, then the real hosts, alone on the machine:
their symptoms depend on time. Last, two at a time again, those hosts where nothing is under load. The last line of the output counts
every check, e.g. ``1234 passed, 0 failed``.
"""

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import env

COUNTS = re.compile(r"^(\d+) passed, (\d+) failed$", re.M)
PYTEST_COUNTS = re.compile(r"\b(\d+) (passed|failed|errors?)\b")
SUITES = ("bullseye", "bookworm", "trixie", "el")


class Counted(NamedTuple):
    passed: int
    failed: int


class Step(NamedTuple):
    """stage: quick, static, hosts or calm; argv: the command; judge: (exit code, output) -> what it proved."""

    name: str
    stage: str
    argv: Sequence[str]
    env: dict[str, str]
    cwd: Path
    judge: Callable[[int, str], Counted]


def by_exit_code(rc: int, _output: str) -> Counted:
    return Counted(int(rc == 0), int(rc != 0))


def by_last_line(rc: int, output: str) -> Counted:
    """Our own runners end with "N passed, N failed"; one that does not, or that ends badly without a failure, is a failure itself."""
    found = COUNTS.findall(output)
    if not found:
        return Counted(0, 1)
    passed, failed = map(int, found[-1])
    return Counted(passed, failed or int(rc != 0))


def by_pytest(rc: int, output: str) -> Counted:
    last = output.strip().splitlines()[-1] if output.strip() else ""
    found = {word.rstrip("s") if word.startswith("error") else word: int(number) for number, word in PYTEST_COUNTS.findall(last)}
    failed = found.get("failed", 0) + found.get("error", 0)
    return Counted(found.get("passed", 0), failed or int(rc != 0))


def by_sanity(rc: int, output: str) -> Counted:
    """One check for each test of ansible-test; "All targets skipped" exits 0 and proves nothing."""
    ran = len(set(re.findall(r'^Running sanity test "([^"]+)"', output, re.M)))
    listed = re.search(r"The (\d+) sanity test\(s\) listed below", output)
    failed = int(listed.group(1)) if listed else int(rc != 0)
    if "All targets skipped" in output or not ran:
        failed = failed or 1
    return Counted(max(0, ran - failed), failed)


def steps() -> list[Step]:
    home = env.venv("dev", env.controller())
    root = env.tree()
    here = root / env.COLLECTION
    tools = env.environ(home, root)
    python = str(home / "bin" / "python")
    tests = env.CHECKOUT / "tests"
    found = [
        Step("ruff", "quick", ["ruff", "check", "--no-cache", "."], tools, here, by_exit_code),
        Step("mypy-plugins", "quick", ["mypy", "--config-file", str(here / "pyproject.toml"), "--cache-dir", str(env.WORK / "mypy"),
                                       "-p", "ansible_collections.webmedic.php_fpm.plugins"], dict(tools, MYPYPATH=str(root)), root, by_exit_code),
        Step("yamllint", "quick", ["yamllint", "-s", "."], tools, here, by_exit_code),
        Step("changelog", "quick", ["antsibull-changelog", "lint"], tools, here, by_exit_code),
        Step("ansible-lint", "quick", ["ansible-lint", "--offline", "--strict"], tools, here, by_exit_code),
        Step("units", "quick", [python, "-m", "pytest", "-q", "-n", "2", "tests/unit", "tests/lab"], dict(tools, PYTHONPATH=str(root)), here, by_pytest),
        Step("package", "static", [python, str(tests / "run" / "package.py")], tools, env.CHECKOUT, by_last_line),
        Step("matrix", "static", [python, str(tests / "run" / "matrix.py")], tools, env.CHECKOUT, by_last_line),
        sanity("2.19", home, root),
    ]
    path = ":".join(str(here / "tests" / directory) for directory in ("run", "lab", "integration"))
    for directory in ("lab", "bench", "run", "integration"):
        files = [str(path) for path in sorted((here / "tests" / directory).glob("*.py"))]
        if files:
            argv = ["mypy", "--cache-dir", str(env.WORK / "mypy-tests"), "--no-namespace-packages", "--no-explicit-package-bases", *files]
            found.append(Step("mypy-" + directory, "quick", argv, dict(tools, MYPYPATH=path), here, by_exit_code))
    newest = env.interpreter("3.12")
    if newest:
        found.append(sanity("2.21", env.venv("core-2.21", newest), env.tree("tree-2.21")))
    found += [Step("fleet-" + suite, "hosts", [python, str(tests / "integration" / "fleet.py"), suite], tools, env.CHECKOUT, by_last_line) for suite in SUITES]
    runners = {"hostile": ("static", "hostile"), "sizes": ("hosts", "sizes"), "survive": ("hosts", "survive"), "molecule": ("hosts", "scenarios"),
               "edits": ("calm", "edits"), "restraint": ("calm", "restraint")}
    found += [Step(name, stage, [python, str(tests / "integration" / (runner + ".py"))], tools, env.CHECKOUT, by_last_line)
              for name, (stage, runner) in runners.items()]
    return found


def sanity(core: str, home: Path, root: Path) -> Step:
    argv = ["ansible-test", "sanity", "--local", "--python", "3.11" if core == "2.19" else "3.12"]
    return Step("sanity-" + core, "static", argv, env.environ(home, root), root / env.COLLECTION, by_sanity)


def run(step: Step) -> Counted:
    log = env.WORK / "log" / (step.name + ".txt")
    log.parent.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    with log.open("w") as stream:
        rc = subprocess.run(step.argv, cwd=step.cwd, env=step.env, stdout=stream, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, check=False).returncode
    output = log.read_text(errors="replace")
    counted = step.judge(rc, output)
    verdict = "ok    " if not counted.failed else "FAILED"
    text = "%s %-16s %5d passed %3d failed %6.0f s" % (verdict, step.name, counted.passed, counted.failed, time.monotonic() - began)
    if counted.failed:
        text += "   %s\n%s" % (log, "\n".join("    " + line for line in output.splitlines()[-40:]))
    print(text, flush=True)
    return counted


def changed_files() -> str:
    return subprocess.run(["git", "status", "--short"], cwd=env.CHECKOUT, stdout=subprocess.PIPE, text=True, check=True).stdout


def main(argv: Sequence[str]) -> int:
    before = changed_files()
    env.install_pip_stub()
    known = steps()
    names = [step.name for step in known]
    unknown = [word for word in argv if not any(name.startswith(word) for name in names)]
    if unknown:
        sys.exit("no such step: %s. The steps: %s" % (", ".join(unknown), ", ".join(names)))
    chosen = [step for step in known if not argv or any(step.name.startswith(word) for word in argv)]
    counted = []
    for stage, workers in (("quick", 2), ("static", 2), ("hosts", 1), ("calm", 2)):
        with ThreadPoolExecutor(workers) as pool:
            counted += list(pool.map(run, [step for step in chosen if step.stage == stage]))
    if not argv and changed_files() != before:
        print("FAILED the tests changed the checkout:\n%s" % changed_files())
        counted.append(Counted(0, 1))
    failed = sum(each.failed for each in counted)
    print("%d passed, %d failed" % (sum(each.passed for each in counted), failed))
    return int(failed > 0)


if __name__ == "__main__":
    os.umask(0o022)
    sys.exit(main(sys.argv[1:]))
