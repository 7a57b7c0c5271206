# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every Python from 3.6 to 3.13 that this machine has: the unit tests on it, and a real run of each module by
it.

``python3 matrix.py [--few] [units|modules] [VERSION ...]``; ends with "N passed, N failed". --few: the unit
tests on the Pythons of FEW alone; on each other one all that runs on hosts is imported. A module runs in
process, network and mount namespaces of its own, where no web server is: it must say so and not fall over.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import env

# The oldest, that of Enterprise Linux 9, and the newest. `make units` has them on the controller's own.
FEW = ("3.6", "3.9", "3.13")
# The engine that manages hosts with this Python: ansible-core 2.17 left 3.6 behind, 2.18 left 3.7.
OLD_TARGETS = ("3.6", "3.7")
ANSWER = re.compile(r"^(\S+) \| (\S+) => (.*)$", re.M)
# What a module must be told, and has no default.
ARGUMENTS = {
    "fpm_ping": "endpoint=unix:/run/php/none.sock",
    "swap_file": "path=/none state=absent",
    "fpm_config": """{"pool": "none", "settings": {"pm": "static"}}""",
    "nginx_config": """{"context": [{"http": ""}], "directive": "sendfile", "args": ["on"]}""",
}
# What has nothing to change where no web server is, and says so as a failure.
REFUSES = {"fpm_config": "on this host: no php-fpm at all", "nginx_config": "there is no nginx on this host"}


def controller_of(version: str) -> Path:
    return env.venv("core-2.16" if version in OLD_TARGETS else "dev", env.controller())


def engine_for_units(home: Path) -> Path:
    """A directory with the engine's module_utils alone, as a host sees them; the rest needs the controller's
    Python.
    """
    target = env.WORK / "target-engine" / home.name
    package = target / "ansible"
    if not package.exists():
        package.mkdir(parents=True)
        original = next(home.glob("lib/python3.*/site-packages/ansible"))
        (package / "__init__.py").touch()  # empty on a host, too
        shutil.copy(original / "release.py", package)
        (package / "module_utils").symlink_to(original / "module_utils")
    return target


def units(version: str, python: str) -> tuple[int, int]:
    home = env.venv("target", python)
    path = "%s:%s" % (env.WORK / "tree", engine_for_units(controller_of(version)))
    here = env.WORK / "tree" / env.COLLECTION
    tests = [
        name
        for name in (
            "tests/unit/plugins/module_utils",
            "tests/unit/plugins/modules",
            "tests/unit/test_architecture.py",
        )
        if (here / name).exists()
    ]
    done = subprocess.run(
        [str(home / "bin" / "python"), "-m", "pytest", "-q", *tests],
        cwd=here,
        text=True,
        check=False,
        # All that is generated is tried on one Python, a part of it on each.
        env=dict(env.environ(home), PYTHONPATH=path, WEBMEDIC_BATCHES="2"),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    last = done.stdout.strip().splitlines()[-1] if done.stdout.strip() else ""
    found = {word: int(number) for number, word in re.findall(r"(\d+) (passed|failed|error)", last)}
    passed, failed = found.get("passed", 0), found.get("failed", 0) + found.get("error", 0)
    if done.returncode and not failed:
        failed = 1
    if failed:
        print(done.stdout)
    print("%s units on Python %-4s %s" % ("FAILED" if failed else "ok    ", version, last), flush=True)
    return passed, failed


IMPORT = """
import importlib, pathlib, sys
root = pathlib.Path(sys.argv[1])
found = [path.relative_to(root).with_suffix("") for part in ("module_utils", "modules") for path in root.glob("*/*/*/plugins/%s/**/*.py" % part)]
for path in sorted(found):
    importlib.import_module(".".join(path.parts))
print("%d files" % len(found))
"""


def imports(version: str, python: str) -> tuple[int, int]:
    """All that hosts get, imported by that Python, with nothing but what hosts have. One check."""
    tree = env.WORK / "tree"
    path = "%s:%s" % (tree, engine_for_units(controller_of(version)))
    done = subprocess.run(
        [python, "-c", IMPORT, str(tree)],
        cwd="/",
        text=True,
        check=False,
        env=dict(os.environ, PYTHONPATH=path),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    print(
        "%s imports on Python %-4s %s"
        % ("FAILED" if done.returncode else "ok    ", version, done.stdout.strip()),
        flush=True,
    )
    return int(not done.returncode), int(bool(done.returncode))


def empty_place(version: str, python: str) -> Path:
    """An interpreter for Ansible that sees no process and no network of this machine."""
    script = env.WORK / "empty-place" / ("python" + version)
    script.parent.mkdir(parents=True, exist_ok=True)
    script.write_text('#!/bin/sh\nexec unshare --pid --fork --mount-proc --net -- %s "$@"\n' % python)
    script.chmod(0o755)
    return script


def verdict(module: str, status: str, answer: str) -> str | None:
    """What is wrong with the answer of a module on a host without a web server; None when nothing is."""
    if module in REFUSES:
        return (
            None
            if status == "FAILED" and REFUSES[module] in answer
            else "it does not refuse: %s" % answer[-2000:]
        )
    if status != "SUCCESS":
        return answer[-2000:]
    try:
        result = json.loads(answer)
    except ValueError:
        return "no JSON: %s" % answer[:500]
    if result.get("changed"):
        return "it says that it changed the host"
    if module == "diagnosis_info" and result.get("status") != "not_applicable":
        return "status is %s where no web server is" % result.get("status")
    return None


def modules(versions: dict[str, str], home: Path, root: Path) -> tuple[int, int]:
    """Each module once, on every one of these Pythons at once."""
    if not versions:
        return 0, 0
    inventory = env.WORK / ("matrix-%s.ini" % home.name)
    inventory.write_text(
        "".join(
            "python%s ansible_connection=local ansible_python_interpreter=%s\n"
            % (version, empty_place(version, python))
            for version, python in versions.items()
        )
    )
    environment = env.environ(
        home,
        root,
        ANSIBLE_PIPELINING="true",
        ANSIBLE_DEPRECATION_WARNINGS="false",
        ANSIBLE_LOCALHOST_WARNING="false",
    )
    passed = failed = 0
    plugins = root / env.COLLECTION / "plugins"
    for path in sorted((plugins / "modules").glob("*.py")):
        if (plugins / "action" / path.name).exists():
            continue  # it runs on the controller
        argv = [
            "ansible",
            "all",
            "-i",
            str(inventory),
            "-o",
            "-f",
            "2",
            "-m",
            "webmedic.php_fpm." + path.stem,
            "-a",
            ARGUMENTS.get(path.stem, ""),
        ]
        done = subprocess.run(
            argv,
            env=environment,
            cwd="/",
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        answers = {host: (status.rstrip("!"), text) for host, status, text in ANSWER.findall(done.stdout)}
        for version in versions:
            status, text = answers.get("python" + version, ("no answer", done.stdout))
            wrong = verdict(path.stem, status, text)
            passed, failed = passed + (wrong is None), failed + (wrong is not None)
            print(
                "%s %s on Python %s%s"
                % (
                    "ok    " if wrong is None else "FAILED",
                    path.stem,
                    version,
                    "" if wrong is None else "\n    " + wrong,
                ),
                flush=True,
            )
    return passed, failed


def main(argv: Sequence[str]) -> int:
    wanted = [word for word in argv if word in env.TARGET_PYTHONS] or env.TARGET_PYTHONS
    parts = [word for word in argv if word in ("units", "modules")] or ["units", "modules"]
    found = {version: python for version in wanted for python in [env.interpreter(version)] if python}
    print("Pythons here: %s" % ", ".join(found))
    root = env.tree()
    engines = {controller_of(version) for version in found}
    counted: list[tuple[int, int]] = []
    with ThreadPoolExecutor(2) as pool:
        if "units" in parts:
            counted += pool.map(
                lambda item: (imports if "--few" in argv and item[0] not in FEW else units)(*item),
                found.items(),
            )
        if "modules" in parts:
            shares = [
                (
                    {version: python for version, python in found.items() if controller_of(version) == home},
                    home,
                    root,
                )
                for home in engines
            ]
            counted += pool.map(lambda share: modules(*share), shares)
    passed, failed = (sum(column) for column in zip(*counted, strict=True))
    print("%d passed, %d failed" % (passed, failed))
    return int(failed > 0 or passed == 0)


if __name__ == "__main__":
    os.umask(0o022)
    sys.exit(main(sys.argv[1:]))
