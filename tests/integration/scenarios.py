# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The molecule scenarios, two at a time: ``scenarios.py [NAME ...]``. Ends with "N passed, N failed"; a
scenario is one check.

``scenarios.py loaded`` takes those with a host under load, which want the machine to themselves,
``scenarios.py calm`` the others.
"""

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lab"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "run"))

import env
import hosts
import yaml
from webmedic_lab.data import select

KINDS = {"loaded": (True,), "calm": (False,)}


def under_load(scenario: Path) -> bool:
    platforms = yaml.safe_load(scenario.read_text(encoding="utf-8"))["platforms"]
    return any(spec.fault.load for spec in select([platform["lab"] for platform in platforms]))


def chosen(directory: Path, words: Sequence[str]) -> list[str]:
    if words and words[0] not in KINDS:
        return list(words)
    wanted = KINDS[words[0]] if words else (True, False)
    return [
        path.parent.name for path in sorted(directory.glob("*/molecule.yml")) if under_load(path) in wanted
    ]


def main(argv: Sequence[str]) -> int:
    home, root = Path(sys.prefix), env.tree()
    here = root / env.COLLECTION
    names = chosen(here / "molecule", argv)

    def passes(name: str) -> bool:
        began = time.monotonic()
        done = subprocess.run(
            [str(home / "bin" / "molecule"), "-c", "molecule/config.yml", "test", "-s", name],
            cwd=here,
            stdin=subprocess.DEVNULL,
            env=env.environ(home, root),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        print(
            "%s scenario %s %.0f s"
            % ("FAILED" if done.returncode else "ok    ", name, time.monotonic() - began),
            flush=True,
        )
        if done.returncode:
            print(done.stdout)
            hosts.lab("down", "molecule-" + name, quiet=True, check=False)
        return done.returncode == 0

    # Most of a scenario is waiting for one playbook to start after the other.
    with ThreadPoolExecutor(2) as pool:
        failed = list(pool.map(passes, names)).count(False)
    print("%d passed, %d failed" % (len(names) - failed, failed))
    return int(failed > 0 or not names)


if __name__ == "__main__":
    os.umask(0o022)
    sys.exit(main(sys.argv[1:]))
