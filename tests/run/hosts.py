# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lab's command line and the playbooks, as the demo, the fleet test and the bench call them."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.run import env

# The beginning of every fleet's name: another one for each checkout that tests on the same machine.
PREFIX = os.environ.get("FLEET_PREFIX", "test-")
# One connection for a whole run, one round trip for a task, and more than five hosts at a time.
ENGINE = {
    "ANSIBLE_PIPELINING": "true",
    "ANSIBLE_FORKS": "25",
    "ANSIBLE_HOST_KEY_CHECKING": "false",
    # A host that is under load beside many others answers late. That is not what is asked here.
    "ANSIBLE_TIMEOUT": "60",
    "ANSIBLE_DISPLAY_OK_HOSTS": "false",
    "ANSIBLE_DISPLAY_SKIPPED_HOSTS": "false",
}


def lab(*words: object, quiet: bool = False, check: bool = True) -> str:
    """One command of the lab; its output. quiet: shown only when it fails."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.lab", *map(str, words)],
        cwd=env.CHECKOUT,
        env=dict(os.environ, WEBMEDIC_WORK=str(env.WORK)),
        stdout=subprocess.PIPE,
        stderr=None if not quiet else subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode and check:
        sys.exit(
            "tests.lab %s ended with %d:\n%s" % (" ".join(map(str, words)), done.returncode, done.stdout)
        )
    return done.stdout


def inventory(fleet: str) -> Path:
    return env.WORK / "fleets" / fleet / "inventory.yml"


def fingerprint(fleet: str, *words: str) -> dict[str, Any]:
    """What a diagnosis must leave as it is, by host. words: of the lab, which name some of the hosts."""
    return json.loads(lab("fingerprint", fleet, *words))


def as_shown() -> dict[str, str]:
    """The settings of a run whose output people are to read, as wide as their terminal."""
    columns = shutil.get_terminal_size((100, 25)).columns
    return {**ENGINE, "ANSIBLE_STDOUT_CALLBACK": "webmedic.php_fpm.brief", "COLUMNS": str(columns)}


def diagnose(
    home: Path,
    collections: Path,
    hosts: Path,
    report: Path,
    *words: str,
    playbook: str = "diagnose",
    engine: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """The playbook, or audit, over an inventory; report.json comes to lie in the directory report."""
    return play(
        home,
        collections,
        hosts,
        "webmedic.php_fpm." + playbook,
        "-e",
        "diagnose_report_dir=%s" % report,
        *words,
        engine=engine,
    )


def play(
    home: Path,
    collections: Path,
    hosts: Path,
    playbook: str,
    *words: str,
    engine: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """A playbook of ours by its name, or of a user by its path."""
    return subprocess.run(
        [
            *(str(home / "bin" / name) for name in ("python", "ansible-playbook")),
            "-i",
            str(hosts),
            playbook,
            *words,
        ],
        env=env.environ(home, collections, **(engine or ENGINE)),
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def failed(output: str) -> set[str]:
    """The hosts that failed, by the recap of a run."""
    return set(re.findall(r"^(\S+) +: .* failed=[1-9]", output, re.M))


def load_report(directory: Path) -> dict[str, Any]:
    return json.loads((directory / "report.json").read_text(encoding="utf-8"))
