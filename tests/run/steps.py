# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The steps of all tests, as data: in which stage each runs, and what it proves once or in full."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from tests.run import awx_collection, core_sanity, env
from tests.run.judges import Counted, by_exit_code, by_last_line, by_molecule, by_pytest, by_sanity

SUITES = ("bullseye", "bookworm", "trixie", "el")
FLEET = "integration.fleet"
# What hosts of a company have besides the fault: a default server, and a crowd that stays.
DEAD, STOCK = "dead_default,crowd", "stock_default,crowd"
# Of the remediation's trials, this one: it is killed at every step that touches a file.
SURVIVES = "kill socket_root"
# And how many of its steps run at a time. Those of sanity share the environments of ansible-test, which it
# builds below the home directory: one release would take another's away.
STAGES = {"quick": 2, "hosts": 1, "calm": 3, "static": 2, "sanity": 1}


class Step(NamedTuple):
    """stage: of STAGES; argv: the command; judge: (exit code, output) -> what it proved."""

    name: str
    stage: str
    argv: Sequence[str]
    env: dict[str, str]
    cwd: Path
    judge: Callable[[int, str], Counted]


def steps(everything: bool) -> list[Step]:
    """everything: each fault on each suite, and each unit test on each Python. Else each fault but its
    variations once, and of what takes long a part. Of the unit tests, those that ask a host run on the hosts'
    oldest Python, too.
    """
    home = env.venv("dev", env.controller())
    root = env.tree()
    tools = env.environ(home, root)
    python = str(home / "bin" / "python")
    all_steps = [*quick_steps(everything, python, tools, root), *sanity_steps(everything, python, tools)]
    for version in env.TARGET_PYTHONS if everything else ("3.6",):
        if env.interpreter(version):
            few = [] if everything else ["--few"]
            argv = [python, "-m", "tests.run.host_python", version, *few]
            all_steps.append(Step("matrix-" + version, "static", argv, tools, env.CHECKOUT, by_pytest))
    for name, (stage, *words) in runners(everything).items():
        argv = [python, "-m", "tests." + words[0], *words[1:]]
        all_steps.append(Step(name, stage, argv, tools, env.CHECKOUT, by_last_line))
    return all_steps + (of_tools(tools, root) if everything else [])


def of_tools(tools: dict[str, str], root: Path) -> list[Step]:
    """What else `make test-all` has. `published` lints what is built, in `make test`, too."""
    here = root / env.COLLECTION
    linted = dict(tools, ANSIBLE_COLLECTIONS_PATH="%s:%s" % (root, awx_collection.installed()))
    lint = ["ansible-lint", "--offline", "--strict"]
    molecule = ["molecule", "-c", "molecule/config.yml", "test", "--all"]
    return [
        Step("ansible-lint", "quick", lint, linted, here, by_exit_code),
        Step("molecule", "calm", molecule, tools, here, by_molecule),
    ]


def quick_steps(everything: bool, python: str, tools: dict[str, str], root: Path) -> list[Step]:
    """The images of the hosts. Linters, types and unit tests, from the copy of the checkout below root.

    everything: the unit tests that take long, too.
    """
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
        *([] if everything else ["-m", "not long"]),
    ]
    plugins = [*mypy, "-p", "ansible_collections.webmedic.php_fpm.plugins"]
    images = [python, "-m", "tests.lab", "images"]  # on a new machine some minutes, mostly of the network
    return [
        Step("images", "quick", images, tools, env.CHECKOUT, by_exit_code),
        Step("ruff", "quick", ["ruff", "check", "--no-cache", "."], tools, here, by_exit_code),
        Step("mypy-plugins", "quick", plugins, typed, root, by_exit_code),
        Step("mypy-tests", "quick", mypy_tests, typed, here, by_exit_code),
        Step("yamllint", "quick", ["yamllint", "-s", "."], tools, here, by_exit_code),
        Step("changelog", "quick", ["antsibull-changelog", "lint"], tools, here, by_exit_code),
        Step("units", "quick", pytest, dict(tools, PYTHONPATH=str(root)), here, by_pytest),
    ]


def runners(everything: bool) -> dict[str, Sequence[str]]:
    """Our own programs by the name of their step: (stage, module in tests, arguments).

    Of a stage, the longest come first.
    """
    return {
        "matrix-modules": ("static", "run.matrix", *([] if everything else ["--few"])),
        "package": ("static", "run.package"),
        "published": ("static", "run.published"),
        "hostile": ("static", "integration.hostile"),
        "pages": ("static", "integration.pages"),
        "bundles": ("static", "integration.bundles", *(["--all"] if everything else [])),
        "reports": ("static", "integration.reports", *(["--all"] if everything else [])),
        "awx-configuration": ("static", "integration.controller"),
        "awx-jobs": ("static", "integration.runner", *(["--all"] if everything else [])),
        "gate": ("static", "integration.gate", *(["--all"] if everything else [])),
        "screen": ("static", "integration.screen", *(["--all"] if everything else [])),
        **(in_full() if everything else {}),
        **faults(everything),
        "survive": ("calm", "integration.survive", *(["--all"] if everything else ["--only", SURVIVES])),
        "harm": ("calm", "integration.harm", *(["--all"] if everything else [])),
        "attacks": ("calm", "integration.attacks", *(["--all"] if everything else [])),
        "edits": ("calm", "integration.edits", *([] if everything else ["--few"])),
        "restraint": ("calm", "integration.restraint", *(["--all"] if everything else [])),
        "risks": ("calm", "integration.risks", *([] if everything else ["--few"])),
        "rehearsal": ("calm", "integration.rehearsal", *([] if everything else ["--few"])),
        "sites": ("calm", "integration.sites", *([] if everything else ["--few"])),
        "redaction": ("calm", "integration.redaction"),
        "bundle-hosts": ("calm", "integration.bundle", *(["--all"] if everything else [])),
        "cure": ("calm", "integration.cure", *(["--all"] if everything else [])),
    }


def in_full() -> dict[str, Sequence[str]]:
    """What `make test-all` has besides."""
    return {
        "guards": ("static", "run.guards"),
        "newcomer": ("static", "run.newcomer"),
        "docsite": ("static", "run.docsite"),
        "cores": ("static", "integration.cores"),
        "real-cores": ("hosts", "integration.real_cores"),
        "neighbours": ("hosts", "integration.neighbours"),
        "sizes": ("hosts", "integration.sizes"),
        **{"company-" + suite: ("hosts", FLEET, suite, "--with", DEAD) for suite in SUITES},
        "company-stock": ("hosts", FLEET, "el", "--with", STOCK),
        "monitor": ("calm", "integration.monitor", *SUITES),
    }


def faults(everything: bool) -> dict[str, Sequence[str]]:
    """Each fault on each suite; or each once. Beside other runners hosts look hung that are not."""
    if everything:
        return {"fleet-" + suite: ("hosts", FLEET, suite) for suite in SUITES}
    return {
        "faults-loaded": ("hosts", FLEET, "spread", "--only", "loaded"),
        "faults-calm": ("hosts", FLEET, "spread", "--only", "calm"),
    }


def sanity_steps(everything: bool, python: str, tools: dict[str, str]) -> list[Step]:
    """On the developer's ansible-core, without pylint; or all of it on each whose Python is here."""
    wanted = core_sanity.RELEASES if everything else (core_sanity.DEVELOPERS,)
    return [
        Step(
            "sanity-" + core,
            "sanity" if everything else "static",
            [python, "-m", "tests.run.core_sanity", core, *([] if everything else ["--few"])],
            tools,
            env.CHECKOUT,
            by_sanity,
        )
        for core in wanted
        if env.interpreter(core_sanity.RELEASES[core])
    ]
