# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Jobs as AWX runs them: by ansible-runner, out of a project, in a directory of their own."""

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from tests.integration.awx.configuration import PROJECT, load
from tests.integration.awx.launch import launched
from tests.integration.awx.objects import Json
from tests.integration.prepared_hosts import SECONDS, Answer, Fleet
from tests.run import env

IDENT = "job"
# A host that is this machine.
HERE = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}


class Job(NamedTuple):
    """place: its private data directory, which has inventory, project and variables in it."""

    place: Path
    playbook: str
    words: Sequence[str] = ()


class Ended(NamedTuple):
    """rc and status as the runner wrote them. project: its folder, after the job."""

    rc: int
    status: str
    events: list[Json]
    stdout: str
    project: Path

    @property
    def artifact(self) -> Json:
        """What AWX keeps of the job, and hands to the next one."""
        last = [event for event in self.events if event["event"] == "playbook_on_stats"]
        return dict(last[0]["event_data"].get("artifact_data") or {}) if last else {}

    def named(self, *kinds: str) -> list[Json]:
        return [event for event in self.events if event["event"] in kinds]

    def failed_hosts(self) -> dict[str, str]:
        """Why each failed host failed, as the job's page shows it."""
        return {
            event["event_data"]["host"]: event["event_data"]["res"].get("msg", "")
            for event in self.named("runner_on_failed", "runner_on_unreachable")
            if not event["event_data"].get("ignore_errors")
        }


class Runner(NamedTuple):
    """home: where ansible-runner and ansible-core are. collections: what AWX installed for the project."""

    home: Path
    collections: Path

    def fleet(self, name: str, diagnoses: Mapping[str, Answer | None]) -> Fleet:
        """Hosts by what they answer. None: it cannot be reached."""
        fleet = Fleet("awx-" + name, self.home, self.collections)
        for host, answer in diagnoses.items():
            fleet.host(host, answer, "web")
        return fleet

    def prepare(
        self, fleet: Fleet, template: str, job_type: str = "", folder: str = "job", **answers: Any
    ) -> Job:
        """answers: those of a person, or what a workflow hands on."""
        archive = {"host": "archive", "directory": str(fleet.place / "archive")}
        names = {**load(PROJECT / "controller" / "names.yml"), "awx_archive": archive}
        playbook, variables, words = launched(template, names, answers, job_type)
        place = fleet.place / folder
        # AWX tells each job its number.
        variables["awx_job_id"] = 1 + sum(1 for _path in fleet.place.glob("*/env/extravars"))
        shutil.copytree(PROJECT, place / "project")
        for folder in ("inventory", "env"):
            (place / folder).mkdir()
        inventory = json.loads(fleet.inventory().read_text())
        inventory["all"]["vars"] = {"ansible_become": False}
        inventory["all"]["hosts"]["archive"] = HERE
        (place / "inventory" / "hosts.json").write_text(json.dumps(inventory))
        (place / "env" / "extravars").write_text(json.dumps(variables))
        return Job(place, playbook, words)

    def environ(self) -> dict[str, str]:
        return env.environ(self.home, self.collections, ANSIBLE_PIPELINING="true")

    def command(self, mode: str, job: Job) -> list[str]:
        program = [str(self.home / "bin" / "ansible-runner"), mode, str(job.place), "-i", IDENT]
        words = ["--cmdline=" + " ".join(job.words)] if job.words else []
        return [*program, "-q", "-p", job.playbook, *words]

    def start(self, job: Job) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            self.command("run", job),
            env=self.environ(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, job: Job) -> Ended:
        self.start(job).communicate(timeout=SECONDS)
        return self.ended(job)

    def ended(self, job: Job) -> Ended:
        return read(job.place, job.place / "project")

    def remote(self, job: Job) -> Ended:
        """On a worker: the job goes there as a stream, and its events come back as one."""
        worker, done = job.place.with_name("worker"), job.place.with_name("processed")
        worker.mkdir()
        program = str(self.home / "bin" / "ansible-runner")
        sent = self.pipe(self.command("transmit", job), b"")
        back = self.pipe([program, "worker", "--private-data-dir", str(worker)], sent)
        self.pipe([program, "process", str(done), "-i", IDENT], back)
        # AWX removes it with the container.
        shutil.rmtree(worker)
        return read(done, worker / "project")

    def pipe(self, argv: list[str], sent: bytes) -> bytes:
        return subprocess.run(
            argv, env=self.environ(), input=sent, stdout=subprocess.PIPE, check=False, timeout=SECONDS
        ).stdout


def read(place: Path, project: Path) -> Ended:
    kept = place / "artifacts" / IDENT
    found = [json.loads(path.read_text()) for path in (kept / "job_events").glob("[0-9]*-*.json")]
    return Ended(
        int((kept / "rc").read_text()),
        (kept / "status").read_text().strip(),
        sorted(found, key=lambda event: int(event["counter"])),
        (kept / "stdout").read_text(),
        project,
    )
