# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What stands beside the jobs: the image that they run in, and hosts that pull the project themselves."""

import json
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import yaml

from tests.integration.awx import configuration
from tests.integration.awx.jobs import Runner
from tests.run import env
from tests.run.checks import Check, differs


def image(runner: Runner) -> Iterator[Check]:
    """The definition of what jobs run in. Its image is not built here: that takes a registry."""
    place = runner.fleet("image", {}).place / "project"
    shutil.copytree(configuration.PROJECT, place)
    argv = [str(runner.home / "bin" / "ansible-builder"), "create"]
    done = subprocess.run(
        argv,
        cwd=place,
        env=runner.environ(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    yield Check("execution environment", "ansible-builder takes it", done.stdout if done.returncode else None)
    made = (place / "context" / "_build" / "requirements.yml").read_text()
    wanted = (configuration.PROJECT / "collections" / "requirements.yml").read_text()
    same = differs(yaml.safe_load(made), yaml.safe_load(wanted))
    yield Check("execution environment", "it installs what the project needs", same)


def pulled(runner: Runner) -> Iterator[Check]:
    """What the unit of examples/pull starts on each host. Here its repository is a folder."""
    what = "ansible-pull"
    place = runner.fleet("pull", {}).place
    shutil.copytree(configuration.PROJECT, place / "repository")
    git = ["git", "-C", str(place / "repository"), "-c", "user.name=x", "-c", "user.email=x@example.org"]
    for words in (["init", "-q", "-b", "main"], ["add", "."], ["commit", "-q", "-m", "Add webmedic"]):
        env.sh([*git, *words])
    variables = {"diagnose_become": False, "diagnose_report_dir": str(place / "report")}
    (place / "webmedic.yml").write_text(json.dumps(variables))
    unit = (env.CHECKOUT / "examples" / "pull" / "webmedic-audit.service").read_text()
    program, *words = unit.partition("ExecStart=")[2].split("\n")[0].split()
    ours = {
        "https://git.example.org/ops/webmedic-awx.git": "file://%s" % (place / "repository"),
        "/var/lib/webmedic/project": str(place / "project"),
        "%H,": socket.gethostname() + ",",
        "@/etc/webmedic.yml": "@%s" % (place / "webmedic.yml"),
    }
    done = subprocess.run(
        [str(runner.home / "bin" / Path(program).name), *(ours.get(word, word) for word in words)],
        cwd=place,
        env=runner.environ(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    yield Check(what, "the audit of this machine ends well", done.stdout if done.returncode else None)
    report = place / "report" / "report.json"
    names = list(json.loads(report.read_text())["hosts"]) if report.exists() else []
    yield Check(what, "the report has the host's own name", differs(names, [socket.gethostname()]))
