# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All tests. ``python3 -m tests.run.suite`` proves each thing once, and with ``--all`` on each suite and each
Python. ``python3 -m tests.run.suite STEP ...`` runs a part.

Each step is a command; its output goes to <WORK>/log/STEP.txt. CPU is that of its own processes, without the
lab's hosts. The stages run one after the other. First come the quick steps. Then the hosts whose symptoms
depend on time have the machine to themselves. Then come, several at a time, the runners that mostly wait for
daemons and for playbooks to start. Last come the slow steps that need no host.

Of a step that failed, each line that begins with FAILED or ERROR is shown, and the end of its output. The
last line counts every check, e.g. ``1234 passed, 0 failed``.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from tests.run import awx_collection, core_sanity, env
from tests.run.judges import Counted, by_exit_code, by_last_line, by_molecule, by_pytest, by_sanity

SUITES = ("bullseye", "bookworm", "trixie", "el")
# Beside a dead default server and a crowd: what is loaded anew, and what is sized.
COMPANY_FEW = "one_vhost_wrong,exhausted_static"
COMPANY_STOCK = "stopped,socket_root,wrong_port"
STAGES = {"quick": 2, "hosts": 1, "calm": 3, "static": 2}  # and how many of its steps run at a time
# Of a step that failed: characters of a line, and lines of the end of its output, that are shown.
LINE, TAIL = 600, 40


class Step(NamedTuple):
    """stage: of STAGES; argv: the command; judge: (exit code, output) -> what it proved."""

    name: str
    stage: str
    argv: Sequence[str]
    env: dict[str, str]
    cwd: Path
    judge: Callable[[int, str], Counted]


def steps(everything: bool) -> list[Step]:
    """everything: each fault on each suite, and each unit test on each Python. Else each fault once, and the
    unit tests on the hosts' oldest Python, too.
    """
    home = env.venv("dev", env.controller())
    root = env.tree()
    here = root / env.COLLECTION
    tools = env.environ(home, root)
    python = str(home / "bin" / "python")
    all_steps = [*quick_steps(python, tools, root), *sanity_steps(everything, python, tools)]
    for version in env.TARGET_PYTHONS if everything else ("3.6",):
        if env.interpreter(version):
            few = [] if everything else ["--few"]
            argv = [python, "-m", "tests.run.host_python", version, *few]
            all_steps.append(Step("matrix-" + version, "static", argv, tools, env.CHECKOUT, by_pytest))
    for name, (stage, *words) in runners(everything).items():
        argv = [python, "-m", "tests." + words[0], *words[1:]]
        all_steps.append(Step(name, stage, argv, tools, env.CHECKOUT, by_last_line))
    molecule = ["molecule", "-c", "molecule/config.yml", "test", "--all"]
    all_steps.append(Step("molecule", "calm", molecule, tools, here, by_molecule))
    return all_steps


def quick_steps(python: str, tools: dict[str, str], root: Path) -> list[Step]:
    """The images of the hosts. Linters, types and unit tests, from the copy of the checkout below root."""
    here = root / env.COLLECTION
    typed = dict(tools, MYPYPATH=str(root))
    mypy = ["mypy", "--config-file", str(here / "pyproject.toml"), "--cache-dir", str(env.WORK / "mypy")]
    mypy_tests = ["mypy", "--cache-dir", str(env.WORK / "mypy-tests")]
    for package in ("tests.run", "tests.lab", "tests.integration", "tests.bench"):
        mypy_tests += ["-p", package]
    pytest = [
        python,
        "-m",
        "pytest",
        "-q",
        "-n",
        "2",
        "tests/unit",
        "tests/lab",
        "tests/run",
        "tests/integration/awx",
    ]
    plugins = [*mypy, "-p", "ansible_collections.webmedic.php_fpm.plugins"]
    linted = dict(tools, ANSIBLE_COLLECTIONS_PATH="%s:%s" % (root, awx_collection.installed()))
    images = [python, "-m", "tests.lab", "images"]  # on a new machine some minutes, mostly of the network
    return [
        Step("images", "quick", images, tools, env.CHECKOUT, by_exit_code),
        Step("ruff", "quick", ["ruff", "check", "--no-cache", "."], tools, here, by_exit_code),
        Step("mypy-plugins", "quick", plugins, typed, root, by_exit_code),
        Step("mypy-tests", "quick", mypy_tests, typed, here, by_exit_code),
        Step("yamllint", "quick", ["yamllint", "-s", "."], tools, here, by_exit_code),
        Step("changelog", "quick", ["antsibull-changelog", "lint"], tools, here, by_exit_code),
        Step("ansible-lint", "quick", ["ansible-lint", "--offline", "--strict"], linted, here, by_exit_code),
        Step("units", "quick", pytest, dict(tools, PYTHONPATH=str(root)), here, by_pytest),
    ]


def runners(everything: bool) -> dict[str, Sequence[str]]:
    """Our own programs by the name of their step: (stage, module in tests, arguments).

    Of a stage, the longest come first.
    """
    return {
        "matrix-modules": ("static", "run.matrix", *([] if everything else ["--few"])),
        "newcomer": ("static", "run.newcomer"),
        "package": ("static", "run.package"),
        "published": ("static", "run.published"),
        "docsite": ("static", "run.docsite"),
        "hostile": ("static", "integration.hostile"),
        "pages": ("static", "integration.pages"),
        "bundles": ("static", "integration.bundles", *(["--all"] if everything else [])),
        "reports": ("static", "integration.reports", *(["--all"] if everything else [])),
        "awx-configuration": ("static", "integration.controller"),
        "awx-jobs": ("static", "integration.runner", *(["--all"] if everything else [])),
        "gate": ("static", "integration.gate", *(["--all"] if everything else [])),
        "screen": ("static", "integration.screen"),
        **(in_full() if everything else {}),
        **faults(everything),
        "neighbours": ("hosts", "integration.neighbours", *([] if everything else ["--few"])),
        "sizes": ("hosts", "integration.sizes"),
        "survive": ("calm", "integration.survive", *(["--all"] if everything else [])),
        "harm": ("calm", "integration.harm", *(["--all"] if everything else [])),
        "attacks": ("calm", "integration.attacks"),
        "edits": ("calm", "integration.edits"),
        "restraint": ("calm", "integration.restraint"),
        "ahead": ("calm", "integration.ahead", *([] if everything else ["--few"])),
        "risks": ("calm", "integration.risks", *([] if everything else ["--few"])),
        **({"foretold": ("calm", "integration.foretold")} if everything else {}),
        "rehearsal": ("calm", "integration.rehearsal", *([] if everything else ["--few"])),
        "sites": ("calm", "integration.sites", *([] if everything else ["--few"])),
        "redaction": ("calm", "integration.redaction"),
        "bundle-hosts": ("calm", "integration.bundle", *(["--all"] if everything else [])),
        "monitor": ("calm", "integration.monitor", *(SUITES if everything else ["--few"])),
        "cure": ("calm", "integration.cure", *(["--all"] if everything else [])),
        **company(everything),
    }


def in_full() -> dict[str, Sequence[str]]:
    """What `make test-all` has besides."""
    return {
        "guards": ("static", "run.guards"),
        "cores": ("static", "integration.cores"),
        "real-cores": ("hosts", "integration.real_cores"),
    }


def faults(everything: bool) -> dict[str, Sequence[str]]:
    """Each fault on each suite; or each once. Beside other runners hosts look hung that are not."""
    fleet = "integration.fleet"
    if everything:
        return {"fleet-" + suite: ("hosts", fleet, suite) for suite in SUITES}
    return {
        "faults-loaded": ("hosts", fleet, "spread", "--only", "loaded"),
        "faults-calm": ("hosts", fleet, "spread", "--only", "calm"),
    }


def company(everything: bool) -> dict[str, Sequence[str]]:
    """Faults that can be mended, on hosts that have more: all of them on each suite, or one of each kind."""
    fleet, dead, stock = "integration.fleet", "dead_default,crowd", "stock_default,crowd"
    if everything:
        return {
            **{"company-" + suite: ("hosts", fleet, suite, "--with", dead) for suite in SUITES},
            "company-stock": ("hosts", fleet, "el", "--with", stock),
        }
    return {
        "company-few": ("calm", fleet, "spread", COMPANY_FEW, "--with", dead),
        "company-stock": ("calm", fleet, "el", COMPANY_STOCK, "--with", stock),
    }


def sanity_steps(everything: bool, python: str, tools: dict[str, str]) -> list[Step]:
    """On the developer's ansible-core; or on each whose Python is here. Several copies can run at a time."""
    wanted = core_sanity.RELEASES if everything else (core_sanity.DEVELOPERS,)
    return [
        Step(
            "sanity-" + core,
            "static",
            [python, "-m", "tests.run.core_sanity", core],
            tools,
            env.CHECKOUT,
            by_sanity,
        )
        for core in wanted
        if env.interpreter(core_sanity.RELEASES[core])
    ]


def failures(output: str) -> str:
    """What a person needs to see of a step that failed."""
    lines = output.splitlines()
    named = [line for line in lines if line.startswith(("FAILED", "ERROR"))]
    return "".join("    %s\n" % line[:LINE] for line in [*named, "... and its end:", *lines[-TAIL:]])


def run(step: Step) -> Counted:
    log = env.WORK / "log" / (step.name + ".txt")
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
