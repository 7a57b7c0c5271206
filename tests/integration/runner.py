# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbooks of examples/awx as jobs, run by AWX's own runner: ``python3 -m tests.integration.runner``.
With --all also a whole workflow, slices, ansible-pull and the image.

Each end that a job may have is proven by three things. A workflow chooses its edge by status and exit code.
The events are the job's page. The next job and the notification get the artifact. The hosts are scripted, but
for one: that is this machine.
"""

import json
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from jinja2 import ChainableUndefined, sandbox

from tests.integration.awx import beside, configuration, workflow
from tests.integration.awx import launch as launching
from tests.integration.awx.jobs import HERE, Ended, Runner
from tests.integration.awx.objects import Json
from tests.integration.awx.replies import HEALTHY, ILL, MENDED
from tests.integration.prepared_hosts import SECONDS, Fleet, shortened
from tests.run import env, package
from tests.run.checks import Check, differs, print_checks

DIAGNOSE, AUDIT, REMEDIATE = ("%s PHP-FPM" % name for name in ("Diagnose", "Audit", "Remediate"))
MERGE = "Merge PHP-FPM reports"
DEPLOY, APPROVAL = "Deploy", "Mend what the deploy broke?"
SUMMARY_LIMIT = 4096
# Of AWX: a job that was cancelled.
CANCELLED = 254


def expected(what: str, ended: Ended, rc: int, status: str) -> Check:
    """How a job ends decides on which edge of a workflow the next one lies."""
    fine = (ended.rc, ended.status) == (rc, status)
    seen = "%s, rc %d: %s" % (ended.status, ended.rc, ended.stdout[-2000:])
    return Check(what, "it is %s, with exit code %d" % (status, rc), None if fine else seen)


def verdict(what: str, ended: Ended, wanted: str, **counts: int) -> Check:
    published = ended.artifact.get("webmedic") or {}
    shown = {key: value for key, value in published.get("counts", {}).items() if value}
    return Check(what, "its artifact says so", differs((published.get("verdict"), shown), (wanted, counts)))


def well(runner: Runner) -> Iterator[Check]:
    what = "diagnose, all well"
    fleet = runner.fleet("well", {"web1": HEALTHY, "web2": HEALTHY})
    fleet.names["here"] = HERE
    fleet.groups["web"].append("here")
    ended = runner.run(runner.prepare(fleet, DIAGNOSE, diagnose_window=60))
    yield expected(what, ended, 0, "successful")
    yield verdict(what, ended, "healthy", healthy=2, not_applicable=1)
    answered = {event["event_data"]["host"] for event in ended.named("runner_on_ok")}
    yield Check(what, "each host has an event", differs(answered, {"web1", "web2", "here"}))
    tables = [event for event in ended.events if "3 hosts: 2 healthy" in event["stdout"]]
    yield Check(what, "the table is on the job's page, in one piece", differs(len(tables), 1))
    warned = [event["stdout"] for event in ended.named("warning", "deprecated")]
    yield Check(what, "nobody is warned of anything", str(warned) if warned else None)


def found(runner: Runner) -> Iterator[Check]:
    what = "diagnose, a host is ill"
    fleet = runner.fleet("found", {"web1": HEALTHY, "web2": ILL, "web3": None})
    ended = runner.run(runner.prepare(fleet, DIAGNOSE))
    yield expected(what, ended, 0, "successful")
    yield verdict(what, ended, "failing", failing=1, unreachable=1, healthy=1)
    published = ended.artifact["webmedic"]
    yield Check(
        what, "the artifact names cause and host", differs(published["hosts"]["web2"], ["fpm_not_running"])
    )


def closed(runner: Runner) -> Iterator[Check]:
    what = "audit, a host is ill and one is away"
    fleet = runner.fleet("closed", {"web1": HEALTHY, "web2": ILL, "web3": None})
    ended = runner.run(runner.prepare(fleet, AUDIT))
    yield expected(what, ended, 2, "failed")
    yield verdict(what, ended, "failing", failing=1, unreachable=1, healthy=1)
    why = ended.failed_hosts()
    yield Check(what, "the ill ones fail, each for itself", differs(set(why), {"web2", "web3"}))
    fine = "fpm_not_running/stopped" in why["web2"] and "systemctl start" in why["web2"]
    yield Check(what, "each with its own cause and fix", None if fine else why["web2"])
    yield Check(what, "and the one away with that", None if "unreachable" in why["web3"] else why["web3"])
    yield from notified(what, ended)


def away(runner: Runner) -> Iterator[Check]:
    what = "audit, no host can be reached"
    fleet = runner.fleet("away", {"web1": None, "web2": None})
    ended = runner.run(runner.prepare(fleet, AUDIT))
    yield expected(what, ended, 2, "failed")
    yield verdict(what, ended, "unreachable", unreachable=2)


def checked(runner: Runner) -> Iterator[Check]:
    what = "remediate as Check"
    fleet = runner.fleet("checked", {"web1": HEALTHY, "web2": ILL})
    ended = runner.run(runner.prepare(fleet, REMEDIATE, "check"))
    yield expected(what, ended, 0, "successful")
    yield verdict(what, ended, "failing", failing=1, healthy=1)
    counts = ended.artifact["webmedic"]["remediation"]
    seen = differs((counts["would_fix"], counts["fixed"]), (1, 0))
    yield Check(what, "it says what it would mend", seen)
    yield Check(what, "each host is asked once", differs(fleet.calls("web2"), ["remediation"]))


def mended(runner: Runner) -> Iterator[Check]:
    what = "remediate"
    fleet = runner.fleet("mended", {"web1": HEALTHY, "web2": ILL})
    fleet.answers("web2", ".next", remediation=MENDED)
    ended = runner.run(runner.prepare(fleet, REMEDIATE))
    yield expected(what, ended, 0, "successful")
    yield verdict(what, ended, "recovered", recovered=1, healthy=1)
    yield from notified(what, ended)


def cancelled(runner: Runner) -> Iterator[Check]:
    what = "diagnose, cancelled"
    fleet = runner.fleet("cancelled", {"web1": HEALTHY, "web2": HEALTHY})
    (fleet.place / "web2" / "python").write_text("#!/bin/sh\nsleep 20\n")
    job = runner.prepare(fleet, DIAGNOSE)
    process = runner.start(job)
    events = job.place / "artifacts" / "job" / "job_events"
    until = time.monotonic() + SECONDS
    while time.monotonic() < until and not list(events.glob("*-*.json")):
        time.sleep(0.1)
    time.sleep(1)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=SECONDS)
    ended = runner.ended(job)
    yield expected(what, ended, CANCELLED, "canceled")
    yield Check(what, "it publishes nothing", differs(ended.artifact, {}))
    report = ended.project / "webmedic-report"
    yield Check(what, "it leaves no report", str(list(report.iterdir())) if report.exists() else None)


def remote(runner: Runner) -> Iterator[Check]:
    what = "audit on a worker"
    fleet = runner.fleet("remote", {"web1": HEALTHY, "web2": ILL})
    ended = runner.remote(runner.prepare(fleet, AUDIT))
    yield expected(what, ended, 2, "failed")
    yield verdict(what, ended, "failing", failing=1, healthy=1)
    yield Check(what, "the ill one fails", differs(set(ended.failed_hosts()), {"web2"}))
    yield Check(what, "what the job wrote there is gone", "it is not" if ended.project.exists() else None)
    yield from archived(what, fleet, "web2")


def rehearsed(runner: Runner) -> Iterator[Check]:
    """The whole workflow, with a deploy that breaks a host."""
    what = "the workflow, with a deploy that breaks a host"
    fleet = runner.fleet("workflow", {"web1": HEALTHY, "web2": HEALTHY})
    shown: list[str] = []

    def launch(name: str, answers: Json) -> workflow.Result:
        if name == DEPLOY:
            fleet.answers("web2", diagnosis_info=ILL, remediation=ILL)
            fleet.answers("web2", ".next", remediation=MENDED)
        if name in (DEPLOY, APPROVAL):
            return workflow.Result(True, {})
        variables = {**answers, "awx_workflow_job_id": 7, "gate_wait": 0}
        ended = runner.run(runner.prepare(fleet, name, folder="job%d" % len(shown), **variables))
        if name == REMEDIATE:
            fleet.answers("web2", diagnosis_info=HEALTHY)
        shown.append("%s: %s %d\n%s" % (name, ended.status, ended.rc, ended.stdout))
        return workflow.Result(ended.status == "successful", ended.artifact)

    tasks = [call.arguments for call in configuration.calls() if "identifier" in call.arguments]
    names = configuration.load(configuration.PROJECT / "controller" / "names.yml")
    walked = workflow.walk(workflow.nodes([launching.filled(task, names) for task in tasks]), launch)
    wanted = ["gate-before", "deploy", "gate-after", "approval", "remediate", "gate-again"]
    seen = differs(walked, workflow.Walked(wanted, True))
    yield Check(what, "it goes on as far as the last gate, which opens", seen and seen + "\n".join(shown))
    kept = [path.name for path in (fleet.place / "archive").glob("baseline-*")]
    yield Check(what, "the baseline is the workflow's own", differs(kept, ["baseline-7.json"]))
    places = {path.parent.name for path in (fleet.place / "archive").glob("*/report.json")}
    yield Check(what, "each job's report is in the archive", differs(len(places), 4))


def unarchived(runner: Runner) -> Iterator[Check]:
    """Without an archive there is no baseline. The gate knows when the deploy began, or stays closed."""
    what = "the gates without an archive"
    fleet = runner.fleet("unarchived", {"web1": HEALTHY})
    none: Json = {"gate_report_upload": {}, "webmedic_archive": {}, "gate_wait": 0}
    before = runner.run(runner.prepare(fleet, "Gate before a deploy", folder="before", **none))
    yield expected(what + ", before", before, 0, "successful")
    job = runner.prepare(fleet, "Gate after a deploy", folder="after", **none, **before.artifact)
    yield expected(what + ", after", runner.run(job), 0, "successful")
    alone = runner.run(runner.prepare(fleet, "Gate after a deploy", folder="alone", **none))
    yield expected(what + ", after nothing", alone, 2, "failed")
    fine = "The gate stays closed: " in alone.stdout
    yield Check(what + ", after nothing", "it says why", None if fine else alone.stdout)


def sliced(runner: Runner) -> Iterator[Check]:
    """Each slice sees a part of the inventory, and no slice sees the others' report."""
    what = "an audit in two slices"
    fleet = runner.fleet("slices", {"web1": HEALTHY, "web2": ILL})
    for host, rc, status in (("web1", 0, "successful"), ("web2", 2, "failed")):
        job = runner.prepare(fleet, AUDIT, folder="slice-" + host)
        ended = runner.run(job._replace(words=[*job.words, "--limit=" + host]))
        yield expected("%s, that of %s" % (what, host), ended, rc, status)
    ended = runner.run(runner.prepare(fleet, MERGE))
    yield expected(what + ", merged", ended, 2, "failed")
    yield verdict(what + ", merged", ended, "failing", failing=1, healthy=1)
    yield from notified(what + ", merged", ended)


def archived(what: str, fleet: Fleet, host: str) -> Iterator[Check]:
    """The report reaches people, who cannot look into a job's folder."""
    found = list((fleet.place / "archive").glob("*/report.json"))
    yield Check(what, "its report is in the archive", differs(len(found), 1))
    hosts = json.loads(found[0].read_text())["hosts"] if found else {}
    yield Check(what, "and names the host", None if host in hosts else str(list(hosts)))


def notified(what: str, ended: Ended) -> Iterator[Check]:
    """What the chat gets of it, rendered as AWX does (awx/main/models/notifications.py)."""
    messages = launching.arguments("webmedic")["messages"]
    body = messages["success" if ended.status == "successful" else "error"]["body"]
    job = {"name": "Job", "status": ended.status, "artifacts": ended.artifact}
    text = (
        sandbox.ImmutableSandboxedEnvironment(undefined=ChainableUndefined)
        .from_string(body)
        .render(job=job, url="https://awx.example.org/#/jobs/playbook/7")
    )
    sent = json.loads(text)["text"]
    summary = ended.artifact["webmedic"].get("summary", "")
    fine = sent.startswith("**Job** %s: https://" % ended.status) and summary and sent.endswith(summary)
    yield Check(what, "the notification ends with the summary", None if fine else sent)
    size = len(summary.encode())
    yield Check(what, "the summary is short", None if size <= SUMMARY_LIMIT else "%d bytes" % size)


Part = Callable[[Runner], Iterator[Check]]
# Each end that a job may have; with --all what several jobs do together, and what stands beside AWX.
JOBS: tuple[Part, ...] = (cancelled, remote, closed, mended, well, found, away, checked)
TOGETHER: tuple[Part, ...] = (rehearsed, unarchived, sliced, beside.pulled, beside.image)
REAL: tuple[Part, ...] = (well, beside.pulled)  # they look at this machine, too


def prove(everything: bool) -> Iterator[Check]:
    home, installed = env.venv("runner", env.controller()), package.install(Path(sys.prefix), "awx-installed")
    short = installed.with_name("awx-shortened")
    shutil.rmtree(short, ignore_errors=True)
    shortened(shutil.copytree(installed, short))
    parts = (*TOGETHER, *JOBS) if everything else JOBS
    with ThreadPoolExecutor(2) as pool:
        for checks in pool.map(
            lambda part: list(part(Runner(home, installed if part in REAL else short))), parts
        ):
            yield from checks


if __name__ == "__main__":
    sys.exit(print_checks(prove("--all" in sys.argv[1:])))
