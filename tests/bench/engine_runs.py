# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the bench runs and measures: the playbooks, an empty module as the floor, and the guide's script."""

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.bench.measure import Cost, run
from tests.run import env, hosts, package

HOME = Path(sys.prefix)
HERE = Path(__file__).resolve().parent
PLACE = env.WORK / "bench"
FLEET = hosts.PREFIX + "bench"
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))
MODULE = "webmedic.php_fpm.diagnosis_info"
# The floor: a module that does nothing.
EMPTY = "bench.floor.empty"
EMPTY_SOURCE = """#!/usr/bin/python
from ansible.module_utils.basic import AnsibleModule

AnsibleModule(argument_spec={}, supports_check_mode=True).exit_json(changed=False)
"""


def floor_playbook(module: str) -> Path:
    """A playbook with one task and no facts, with the same become as ours."""
    path = PLACE / (module.rpartition(".")[2] + ".yml")
    path.write_text(
        json.dumps([{"hosts": "all", "gather_facts": False, "become": True, "tasks": [{module: {}}]}])
    )
    return path


def collections() -> str:
    """The collections path: our installed tarball, and a collection with the empty module."""
    installed = package.install(HOME)
    modules = PLACE / "collections" / "ansible_collections" / "bench" / "floor" / "plugins" / "modules"
    modules.mkdir(parents=True, exist_ok=True)
    (modules / "empty.py").write_text(EMPTY_SOURCE)
    return "%s:%s" % (installed, PLACE / "collections")


def playbook(where: str, inventory: Path, name: str, *words: str, accepted: Sequence[int] = (0,)) -> Cost:
    argv = [
        str(HOME / "bin" / "ansible-playbook"),
        "-i",
        str(inventory),
        name,
        "-e",
        "diagnose_report_dir=%s" % (PLACE / "report"),
        *words,
    ]
    return run(argv, env.environ(HOME, where, **hosts.ENGINE), PLACE / "run.txt", accepted)


def guide(where: str, inventory: Path) -> Cost:
    argv = [
        str(HOME / "bin" / "ansible"),
        "all",
        "-i",
        str(inventory),
        "--become",
        "-m",
        "ansible.builtin.script",
        "-a",
        str(HERE / "guide.sh"),
    ]
    return run(argv, env.environ(HOME, where, **hosts.ENGINE), PLACE / "run.txt", accepted=(0, 2))
