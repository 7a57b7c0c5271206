# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The tests: ``python3 suite.py`` proves each thing once, ``suite.py --all`` also again on each suite and
each Python, ``suite.py STEP ...`` a part.

Each step is a command; its output goes to <WORK>/log/<step>.txt. The quick steps come first, then the slow
ones that need no host, two at a time, then the hosts alone on the machine whose symptoms depend on time. Last
come, three at a time, the runners that mostly wait for daemons and for playbooks to start. The last line of
the output counts every check, e.g. ``1234 passed, 0 failed``.
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
STAGES = {"quick": 2, "static": 2, "hosts": 1, "calm": 3}  # and how many of its steps run at a time


class Counted(NamedTuple):
    passed: int
    failed: int


class Step(NamedTuple):
    """stage: of STAGES; argv: the command; judge: (exit code, output) -> what it proved."""

    name: str
    stage: str
    argv: Sequence[str]
    env: dict[str, str]
    cwd: Path
    judge: Callable[[int, str], Counted]


def by_exit_code(rc: int, _output: str) -> Counted:
    return Counted(int(rc == 0), int(rc != 0))


def by_last_line(rc: int, output: str) -> Counted:
    """Our own runners end with "N passed, N failed"; one that does not, or that ends badly without a failure,
    is a failure itself.
    """
    found = COUNTS.findall(output)
    if not found:
        return Counted(0, 1)
    passed, failed = map(int, found[-1])
    return Counted(passed, failed or int(rc != 0))


def by_pytest(rc: int, output: str) -> Counted:
    last = output.strip().splitlines()[-1] if output.strip() else ""
    found = {
        word.rstrip("s") if word.startswith("error") else word: int(number)
        for number, word in PYTEST_COUNTS.findall(last)
    }
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


def steps(everything: bool) -> list[Step]:
    """everything: each fault on each suite, each unit test on each Python; else each once, as the runners'
    own rules say.
    """
    home = env.venv("dev", env.controller())
    root = env.tree()
    here = root / env.COLLECTION
    tools = env.environ(home, root)
    python = str(home / "bin" / "python")
    tests = env.CHECKOUT / "tests"
    found = [
        Step("ruff", "quick", ["ruff", "check", "--no-cache", "."], tools, here, by_exit_code),
        Step(
            "mypy-plugins",
            "quick",
            [
                "mypy",
                "--config-file",
                str(here / "pyproject.toml"),
                "--cache-dir",
                str(env.WORK / "mypy"),
                "-p",
                "ansible_collections.webmedic.php_fpm.plugins",
            ],
            dict(tools, MYPYPATH=str(root)),
            root,
            by_exit_code,
        ),
        Step("yamllint", "quick", ["yamllint", "-s", "."], tools, here, by_exit_code),
        Step("changelog", "quick", ["antsibull-changelog", "lint"], tools, here, by_exit_code),
        Step("ansible-lint", "quick", ["ansible-lint", "--offline", "--strict"], tools, here, by_exit_code),
        Step(
            "units",
            "quick",
            [python, "-m", "pytest", "-q", "-n", "2", "tests/unit", "tests/lab"],
            dict(tools, PYTHONPATH=str(root)),
            here,
            by_pytest,
        ),
        sanity("2.19", home, root),
    ]
    path = ":".join(str(here / "tests" / directory) for directory in ("run", "lab", "integration"))
    for directory in ("lab", "bench", "run", "integration"):
        files = [str(path) for path in sorted((here / "tests" / directory).glob("*.py"))]
        if files:
            argv = [
                "mypy",
                "--cache-dir",
                str(env.WORK / "mypy-tests"),
                "--no-namespace-packages",
                "--no-explicit-package-bases",
                *files,
            ]
            found.append(
                Step("mypy-" + directory, "quick", argv, dict(tools, MYPYPATH=path), here, by_exit_code)
            )
    newest = env.interpreter("3.12")
    if newest:
        found.append(sanity("2.21", env.venv("core-2.21", newest), env.tree("tree-2.21")))
    for name, (stage, *words) in runners(everything).items():
        found.append(
            Step(name, stage, [python, str(tests / words[0]), *words[1:]], tools, env.CHECKOUT, by_last_line)
        )
    return found


def runners(everything: bool) -> dict[str, Sequence[str]]:
    """Our own programs by the name of their step: (stage, file in tests, arguments)."""
    fleets = (
        {"fleet-" + suite: ("hosts", "integration/fleet.py", suite) for suite in SUITES}
        if everything
        else {"faults": ("hosts", "integration/fleet.py", "spread")}
    )
    # Fixable faults on hosts that have more: all of them on each suite, or one of each kind. fleet.py names
    # their hosts by the suite, as above.
    company: dict[str, Sequence[str]] = (
        {
            **{"company-" + suite: (suite, "--with", "dead_default,crowd") for suite in SUITES},
            "company-stock": ("el", "--with", "stock_default,crowd"),
        }
        if everything
        else {
            "company-few": (
                "spread",
                "stopped,socket_root,config_not_loaded,one_vhost_wrong,exhausted_static",
                "--with",
                "dead_default,crowd",
            ),
            "company-stock": ("el", "stopped,socket_root,wrong_port", "--with", "stock_default,crowd"),
        }
    )
    return {
        "matrix": ("static", "run/matrix.py", *([] if everything else ["--few"])),
        "package": ("static", "run/package.py"),
        "hostile": ("static", "integration/hostile.py"),
        **fleets,
        **{name: ("hosts", "integration/fleet.py", *words) for name, words in company.items()},
        "neighbours": ("hosts", "integration/neighbours.py", *([] if everything else ["--few"])),
        "sizes": ("hosts", "integration/sizes.py"),
        "molecule-loaded": ("hosts", "integration/scenarios.py", "loaded"),
        "harm": ("calm", "integration/harm.py", *(["--all"] if everything else [])),
        "attacks": ("calm", "integration/attacks.py"),
        "survive": ("calm", "integration/survive.py"),
        "molecule-calm": ("calm", "integration/scenarios.py", "calm"),
        "redaction": ("calm", "integration/redaction.py"),
        "edits": ("calm", "integration/edits.py"),
        "restraint": ("calm", "integration/restraint.py"),
    }


def sanity(core: str, home: Path, root: Path) -> Step:
    argv = ["ansible-test", "sanity", "--local", "--python", "3.11" if core == "2.19" else "3.12"]
    return Step("sanity-" + core, "static", argv, env.environ(home, root), root / env.COLLECTION, by_sanity)


def run(step: Step) -> Counted:
    log = env.WORK / "log" / (step.name + ".txt")
    log.parent.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    with log.open("w") as stream:
        rc = subprocess.run(
            step.argv,
            cwd=step.cwd,
            env=step.env,
            stdout=stream,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            check=False,
        ).returncode
    output = log.read_text(errors="replace")
    counted = step.judge(rc, output)
    verdict = "ok    " if not counted.failed else "FAILED"
    text = "%s %-16s %5d passed %3d failed %6.0f s" % (
        verdict,
        step.name,
        counted.passed,
        counted.failed,
        time.monotonic() - began,
    )
    if counted.failed:
        text += "   %s\n%s" % (log, "\n".join("    " + line for line in output.splitlines()[-40:]))
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
    names = [word for word in words if word != "--all"]
    if not names:
        return steps("--all" in words)
    known = {step.name: step for step in [*steps(False), *steps(True)]}
    unknown = [word for word in names if not any(name.startswith(word) for name in known)]
    if unknown:
        sys.exit("no such step: %s. The steps: %s" % (", ".join(unknown), ", ".join(known)))
    return [step for name, step in known.items() if any(name.startswith(word) for word in names)]


def main(argv: Sequence[str]) -> int:
    before = changed_files()
    env.install_pip_stub()
    wanted, began, counted, took = chosen(argv), time.monotonic(), list[Counted](), list[str]()
    for stage, workers in STAGES.items():
        since, members = time.monotonic(), [step for step in wanted if step.stage == stage]
        with ThreadPoolExecutor(workers) as pool:
            counted += list(pool.map(run, members))
        if members:
            took.append("%s %.0f s" % (stage, time.monotonic() - since))
    if wanted and not set(argv) - {"--all"} and changed_files() != before:
        print("FAILED the tests changed the checkout:\n%s" % changed_files())
        counted.append(Counted(0, 1))
    failed = sum(each.failed for each in counted)
    print("%.0f s: %s" % (time.monotonic() - began, ", ".join(took)))
    print("%d passed, %d failed" % (sum(each.passed for each in counted), failed))
    return int(failed > 0)


if __name__ == "__main__":
    os.umask(0o022)
    sys.exit(main(sys.argv[1:]))
