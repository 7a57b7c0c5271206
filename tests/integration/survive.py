# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The remediation survives: ``survive.py [SUITE ...] [--only WORD] [--every]``. Ends with "N passed, N failed".

On real hosts of all suites it is killed at every step, every call of it fails once, disks are full or read-only, daemons refuse and
what it did does not help. Each file is the old or the new one at each moment, what is undone is as before byte for byte, and the next
run finishes. At last connections are cut and a host loses its power. --every: kills before each fsync, too, which changes nothing that
a later kill could not show. SURVIVE_KEEP=1 leaves the hosts.
"""

import argparse
import base64
import io
import json
import os
import sys
import tarfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lab"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "run"))

import ansible
import cut
import env
import hosts
from trials import JOBS
from webmedic_lab import scripts
from webmedic_lab.data import Spec, load_faults, load_suites
from webmedic_lab.engine import LabError, execute

FLEET = "survive"
ON_HOST = Path(__file__).resolve().parent / "on_host"
HOME = "/root/survive"
ARGUMENTS = {"max_repeats": 1000, "probe_path": "/index.php", "verify_timeout": 20.0}
JOB_SECONDS = 1200


class Check(NamedTuple):
    """wrong: what is not as it must be, None when all is."""

    host: str
    what: str
    wrong: str | None


def payload(tree: Path) -> str:
    """What a host needs in order to run the module by itself, as a script that unpacks it."""
    plugins = env.COLLECTION / "plugins"
    core = Path(ansible.__file__).parent
    wanted = {str(plugins / "modules" / "remediation.py"): tree / plugins / "modules" / "remediation.py", "ansible/release.py": core / "release.py"}
    wanted |= {str(path.relative_to(tree)): path for path in (tree / plugins / "module_utils").rglob("*.py")}
    wanted |= {str(path.relative_to(core.parent)): path for path in (core / "module_utils").rglob("*.py")}
    wanted |= {path.name: path for path in ON_HOST.glob("*.py")}
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name, path in sorted(wanted.items()):
            archive.add(path, name)
        archive.addfile(tarfile.TarInfo("ansible/__init__.py"))  # empty, as the engine ships it
    text = base64.encodebytes(packed.getvalue()).decode()
    return ("set -e; rm -rf %(home)s; mkdir -p %(home)s; base64 -d <<'DATA' | tar xz --no-same-owner -C %(home)s\n%(text)sDATA\n"
            "{ echo '#!/usr/bin/python3'; cat %(home)s/faulty_python.py; } >/usr/local/bin/faulty-python\n"
            "chmod 0755 /usr/local/bin/faulty-python\n" % {"home": HOME, "text": text})


def container(suite: str) -> str:
    return "webmedic-%s-%s-plain" % (FLEET, suite)


def carry_out(suite: str, job: dict[str, Any], every: bool = False) -> list[Check]:
    """One job in a suite's host."""
    spec = Spec(load_suites()[suite], load_faults()[job["fault"]])
    title = job.get("title", "%s %s" % (job["task"], job["fault"]))
    exports = "set -eu\n" + spec.suite.exports() + "\n"
    document = dict(job, title=title, breaking=scripts.broken(spec), traffic=scripts.traffic(spec), suite=dict(spec.suite.variables), every=every,
                    actions=job.get("actions", list(spec.fault.actions)), arguments=dict(ARGUMENTS, **job.get("arguments", {})), site=spec.fault.symptom.site,
                    **{name: exports + job[name] for name in ("obstacle", "relief") if name in job})
    began = time.monotonic()
    script = "cd %s && python3 drive.py <<'JOB'\n%s\nJOB\n" % (HOME, json.dumps(document))
    try:
        lines = [json.loads(line) for line in execute(container(suite), script, timeout=JOB_SECONDS).splitlines()]
    except LabError as error:
        lines = [{"what": "the job runs to its end", "wrong": str(error)}]
    checks = [Check(suite, "%s: %s" % (job["fault"], line["what"]), line["wrong"]) for line in lines]
    failed = sum(bool(check.wrong) for check in checks)
    print("%-8s %-66s %4d checks %3d failed %4.0f s" % (suite, title, len(checks), failed, time.monotonic() - began), flush=True)
    return checks


def in_hosts(suites: list[str], only: str, every: bool) -> Iterator[Check]:
    """All jobs, those of one suite one after the other in its host."""

    def of_suite(suite: str) -> list[Check]:
        jobs = [job for job in JOBS[suite] if only in "%s %s %s" % (job["task"], job["fault"], job.get("title", ""))]
        return [check for job in jobs for check in carry_out(suite, job, every)]

    with ThreadPoolExecutor(len(suites)) as pool:
        for found in pool.map(of_suite, suites):
            yield from found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("suites", nargs="*")
    parser.add_argument("--only", default="", metavar="WORD", help="jobs with this word in task, fault or title; `cut` for the cuts")
    parser.add_argument("--every", action="store_true")
    words = parser.parse_args()
    suites = words.suites or list(JOBS)
    began = time.monotonic()
    tree = env.tree("tree-survive")
    hosts.lab("down", FLEET, quiet=True, check=False)
    try:
        hosts.lab("up", FLEET, "--hosts", ",".join(suite + ":plain" for suite in suites), quiet=True)
        script = payload(tree)
        with ThreadPoolExecutor(len(suites)) as pool:
            list(pool.map(lambda suite: execute(container(suite), script), suites))
        checks = [] if words.only == "cut" else list(in_hosts(suites, words.only, words.every))
        if words.only in ("", "cut"):
            checks += [Check(*found) for found in cut.prove(FLEET, suites, tree, carry_out)]
    finally:
        if not os.environ.get("SURVIVE_KEEP"):
            hosts.lab("down", FLEET, quiet=True, check=False)
    for check in checks:
        if check.wrong:
            print("FAILED %s: %s: %s" % check)
    failed = sum(bool(check.wrong) for check in checks)
    print("%.0f s" % (time.monotonic() - began))
    print("%d passed, %d failed" % (len(checks) - failed, failed))
    return int(failed > 0 or not checks)


if __name__ == "__main__":
    os.umask(0o022)
    sys.exit(main())
