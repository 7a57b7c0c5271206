# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The remediation survives, and so does the prevention.

``python3 -m tests.integration.survive [SUITE ...] [--only WORD] [--all | --every]``

On real hosts of all suites it is killed at every step, and every call of it fails once. Disks are full or
read-only, daemons refuse, and actions do not help. Each file is the old or the new one at each moment. What
is undone is as before byte for byte. The next run finishes. A later run finds what a killed run has left,
when the host has gone on without it. On other hosts connections are cut, and hosts lose their power.
FLEET_KEEP=1 leaves the hosts.

Most steps only write down what is done. They are alike for all faults, so the suites share them. Without
--all one suite has each step that touches configuration, the others those that replace or run something. All
have a sample of the rest. --every takes each, and kills before each fsync. Such a kill shows nothing that a
later kill could not show.

Each host has three pools of three accounts: one that a fault breaks, and two neighbours, which have visitors
all the time.

Without a suite and without --all or --every, the newest suite is tried.

A job mostly waits for daemons. So each suite has two hosts that share its jobs, and the cuts run at the same
time.
"""

import argparse
import base64
import functools
import io
import json
import os
import sys
import tarfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from queue import Empty, Queue

import ansible

from tests.integration import cut
from tests.integration.trials import JOBS, Job
from tests.lab import scripts
from tests.lab.data import Spec, load_faults, load_suites
from tests.lab.engine import LabError, execute
from tests.run import env, hosts
from tests.run.checks import Check, print_checks

ONCE, ALL, EVERY = "once", "all", "every"
SUITES_ONCE = ("trixie",)
LONG = ("kill", "errors", "kill_twice")  # tasks that take minutes
# Fleets with one host of every suite each. A job first makes its host like new.
LANES, CUTS = (hosts.PREFIX + "survive-1", hosts.PREFIX + "survive-2"), hosts.PREFIX + "survive-cuts"
ON_HOST = Path(__file__).resolve().parent / "on_host"
HOME = "/root/survive"
ARGUMENTS = {"max_repeats": 1000, "probe_path": "/index.php", "verify_timeout": 20.0}
JOB_SECONDS = 1200
# The sockets of the neighbours have a directory of their own, which no fault touches. The owners of
# directories below /var/www say which of the three pools serves which site.
NEIGHBOURS = """
echo 'd /run/tenants 0755 root root -' >/etc/tmpfiles.d/tenants.conf
systemd-tmpfiles --create --prefix=/run/tenants
for tenant in tenant1 tenant2; do
    id "$tenant" >/dev/null 2>&1 || useradd "$tenant"
    pool "$tenant" "/run/tenants/$tenant.sock" "pm.max_requests = 0"
    sed -i "s/^user = .*/user = $tenant/; s/^group = .*/group = $tenant/" "$POOL_DIR/$tenant.conf"
    install -d -o "$tenant" "/var/www/$tenant"
    install -o "$tenant" /var/www/shop/index.php "/var/www/$tenant/index.php"
    site "$tenant" "unix:/run/tenants/$tenant.sock"
done
chown "$FPM_USER" /var/www/shop /var/www/blog
systemctl restart "$FPM_UNIT"
nginx_reload
request 200 /index.php tenant1.example
request 200 /index.php tenant2.example
"""


def payload(tree: Path) -> str:
    """A script that unpacks in a host all that it needs to run the modules by themselves."""
    plugins = env.COLLECTION / "plugins"
    core = Path(ansible.__file__).parent
    wanted = {
        str(plugins / "modules" / name): tree / plugins / "modules" / name
        for name in ("remediation.py", "prevention.py")
    }
    wanted["ansible/release.py"] = core / "release.py"
    wanted |= {str(path.relative_to(tree)): path for path in (tree / plugins / "module_utils").rglob("*.py")}
    wanted |= {str(path.relative_to(core.parent)): path for path in (core / "module_utils").rglob("*.py")}
    wanted |= {path.name: path for path in ON_HOST.glob("*.py")}
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name, path in sorted(wanted.items()):
            archive.add(path, name)
        archive.addfile(tarfile.TarInfo("ansible/__init__.py"))  # empty, as the engine ships it
    text = base64.encodebytes(packed.getvalue()).decode()
    return (
        "set -e; rm -rf %(home)s; mkdir -p %(home)s; base64 -d <<'DATA' | tar xz --no-same-owner -C "
        "%(home)s\n%(text)sDATA\n"
        "{ echo '#!/usr/bin/python3'; cat %(home)s/faulty_python.py; } >/usr/local/bin/faulty-python\n"
        "chmod 0755 /usr/local/bin/faulty-python\n" % {"home": HOME, "text": text}
    )


def container(fleet: str, suite: str) -> str:
    return "webmedic-%s-%s-plain" % (fleet, suite)


def carry_out(fleet: str, suite: str, job: Job, effort: str = ONCE) -> list[Check]:
    """Run one job in a suite's host of that fleet. effort: ONCE, ALL or EVERY."""
    spec = Spec(load_suites()[suite], load_faults()[job["fault"]])
    title = job.get("title", "%s %s" % (job["task"], job["fault"]))
    exports = "set -eu\n" + spec.suite.exports() + "\n"
    document = dict(
        {"module": "remediation", **job},
        title=title,
        breaking=scripts.broken(spec) + job.get("also", ""),
        traffic=scripts.traffic(spec),
        suite=dict(spec.suite.variables),
        every=effort == EVERY,
        **(job.get("once", {}) if effort == ONCE else {}),
        actions=job.get("actions", list(spec.fault.actions)),
        arguments=dict(ARGUMENTS, **job.get("arguments", {})),
        site=spec.fault.symptom.site,
        **{name: exports + job[name] for name in ("obstacle", "relief", "meanwhile") if name in job},
    )
    began = time.monotonic()
    script = "cd %s && python3 drive.py <<'JOB'\n%s\nJOB\n" % (HOME, json.dumps(document))
    try:
        lines = [
            json.loads(line)
            for line in execute(container(fleet, suite), script, timeout=JOB_SECONDS).splitlines()
        ]
    except LabError as error:
        lines = [{"what": "the job runs to its end", "wrong": str(error)}]
    checks = [Check(suite, "%s: %s" % (job["fault"], line["what"]), line["wrong"]) for line in lines]
    failed = sum(bool(check.wrong) for check in checks)
    print(
        "%-8s %-66s %4d checks %3d failed %4.0f s"
        % (suite, title, len(checks), failed, time.monotonic() - began),
        flush=True,
    )
    return checks


def work_off(fleet: str, suite: str, jobs: Queue[Job], effort: str) -> Iterator[Check]:
    """Run the jobs that the hosts of a suite share, until none is left. This takes the host of that fleet."""
    while True:
        try:
            job = jobs.get_nowait()
        except Empty:
            return
        yield from carry_out(fleet, suite, job, effort)


def shared_jobs(suite: str, only: str) -> Queue[Job]:
    """The jobs with this word, the long ones first."""
    jobs = Queue[Job]()
    for job in sorted(JOBS[suite], key=lambda job: job["task"] not in LONG):
        if only in "%s %s %s" % (job["task"], job["fault"], job.get("title", "")):
            jobs.put(job)
    return jobs


def cuts(suites: list[str], tree: Path) -> list[Check]:
    return list(cut.prove(CUTS, suites, tree, functools.partial(carry_out, CUTS)))


def start(fleet: str, suites: list[str], script: str) -> None:
    """Start the hosts of a fleet, and put the module and the neighbours in each."""
    hosts.lab("up", fleet, "--hosts", ",".join(suite + ":plain" for suite in suites), quiet=True)

    def furnish(suite: str) -> None:
        execute(container(fleet, suite), script)
        execute(
            container(fleet, suite),
            scripts.with_helpers(Spec(load_suites()[suite], load_faults()["plain"]), NEIGHBOURS),
        )

    with ThreadPoolExecutor(len(suites)) as pool:
        list(pool.map(furnish, suites))


def prove(suites: list[str], only: str, effort: str) -> Iterator[Check]:
    """Start the fleets, run their jobs at the same time, and remove them."""
    tree = env.tree("tree-survive")
    fleets = [fleet for fleet in (*LANES, CUTS) if not only or (fleet == CUTS) == (only == "cut")]
    for fleet in fleets:
        hosts.lab("down", fleet, quiet=True, check=False)
    try:
        script = payload(tree)
        with ThreadPoolExecutor(len(fleets)) as pool:
            list(pool.map(lambda fleet: start(fleet, suites, script), fleets))
        with ThreadPoolExecutor(len(LANES) * len(suites) + 1) as pool:
            work = [pool.submit(cuts, suites, tree)] if CUTS in fleets else []
            for suite in suites:
                jobs = shared_jobs(suite, only)
                for fleet in fleets:
                    if fleet != CUTS:
                        work.append(
                            pool.submit(lambda *job: list(work_off(*job)), fleet, suite, jobs, effort)
                        )
            for ended in as_completed(work):
                yield from ended.result()
    finally:
        if not os.environ.get("FLEET_KEEP"):
            for fleet in fleets:
                hosts.lab("down", fleet, quiet=True, check=False)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("suites", nargs="*")
    parser.add_argument(
        "--only",
        default="",
        metavar="WORD",
        help="jobs with this word in task, fault or title; `cut` for the cuts",
    )
    parser.add_argument("--all", dest="effort", action="store_const", const=ALL, default=ONCE)
    parser.add_argument("--every", dest="effort", action="store_const", const=EVERY)
    words = parser.parse_args()
    suites = words.suites or list(SUITES_ONCE if words.effort == ONCE else JOBS)
    return print_checks(prove(suites, words.only, words.effort))


if __name__ == "__main__":
    os.umask(0o022)
    sys.exit(main())
