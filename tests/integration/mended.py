# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The remediation of a fleet of broken hosts, and how its results are judged.

Check mode must predict what is done. What is safe to mend must be mended. The rest must stay as it was.
"""

import json
import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from tests.run import env, hosts

CALLBACKS = Path(__file__).resolve().parent / "callback"
# All hosts in one batch. No failure keeps another host from its turn.
TOGETHER = ("-e", "remediate_serial=100%", "-e", "remediate_max_fail_percentage=100")


class Run(NamedTuple):
    """results: by host, what the module returned last; code and output: of the playbook; report: its
    report.json, {} when there is none.
    """

    results: dict[str, dict[str, Any]]
    code: int
    output: str
    report: dict[str, Any]


NO_RUN = Run({}, 0, "", {})


def remediate(
    home: Path,
    collections: Path,
    inventory: Path,
    report: Path,
    *words: str,
    engine: Mapping[str, str] | None = None,
) -> Run:
    report.mkdir(parents=True, exist_ok=True)
    kept = report / "results.jsonl"
    kept.unlink(missing_ok=True)
    argv = [
        str(home / "bin" / "ansible-playbook"),
        "-i",
        str(inventory),
        "webmedic.php_fpm.remediate",
        "-e",
        "remediate_report_dir=%s" % report,
        # What is left to a person is looked at by each test itself.
        "-e",
        '{"remediate_fail_on": []}',
        *words,
    ]
    extra = dict(
        engine or hosts.ENGINE,
        WEBMEDIC_RESULTS=str(kept),
        ANSIBLE_CALLBACK_PLUGINS=str(CALLBACKS),
        ANSIBLE_CALLBACKS_ENABLED="webmedic_results",
    )
    done = subprocess.run(
        argv,
        env=env.environ(home, collections, **extra),
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    lines = (
        [json.loads(line) for line in kept.read_text(encoding="utf-8").splitlines()] if kept.exists() else []
    )
    written = hosts.load_report(report) if (report / "report.json").exists() else {}
    return Run({line["host"]: line["result"] for line in lines}, done.returncode, done.stdout, written)


def effects(result: Mapping[str, Any]) -> dict[str, Any]:
    """What a run would change or has changed: files with their differences, and commands."""
    actions = [
        action
        for action in result["remediation"]["actions"]
        if action["result"] in ("would", "done", "rolled_back", "failed")
    ]
    return {
        "diff": result["diff"],
        "files": [action["files"] for action in actions],
        "commands": [action["commands"] for action in actions],
        "actions": [action["id"] for action in actions],
    }


def prediction_problem(predicted: Mapping[str, Any] | None, real: Mapping[str, Any] | None) -> str | None:
    """What check mode did not predict, or predicted wrongly, else None."""
    if not predicted or "remediation" not in predicted or not real or "remediation" not in real:
        return "no answer: %s / %s" % (str(predicted)[:300], str(real)[:300])
    would, did = effects(predicted), effects(real)
    differences = [
        "%s: predicted %s, done %s" % (name, json.dumps(would[name])[:1500], json.dumps(did[name])[:1500])
        for name in would
        if would[name] != did[name]
    ]
    return "; ".join(differences) or None


def answers(fleet: str, *options: str) -> dict[str, str | None]:
    """By host, what is wrong with the page that a mended host must answer with, else None. options: of the
    lab, which name hosts.
    """
    output = hosts.lab("probe", fleet, *options, check=False)
    return {
        host: None if mark == "ok" else words.strip()
        for mark, host, words in re.findall(r"^(ok|WRONG) +(\S+) +(.*)$", output, re.M)
    }


def mended_problem(
    result: Mapping[str, Any] | None, actions: Sequence[str], answer: str | None, others: Sequence[str] = ()
) -> str | None:
    """Why a host that can be mended is not mended, else None.

    The lab's actions must be done, at least one finding fixed, and the page answered. answer: what is wrong
    with the page. others: actions that may be done besides.
    """
    if not result or "remediation" not in result:
        return "no answer: %s" % str(result)[:600]
    remediation = result["remediation"]
    done = [action["id"] for action in remediation["actions"] if action["result"] == "done"]
    if done != list(actions) and not (
        others
        and [name for name in dict.fromkeys(done) if name not in others or name in actions] == list(actions)
    ):
        return "done %s instead of %s: %s" % (
            done,
            list(actions),
            "; ".join(
                "%s %s: %s" % (action["id"], action["result"], action["why"])
                for action in remediation["actions"]
            ),
        )
    if not any(finding["result"] == "fixed" for finding in remediation["findings"]):
        return "no finding is fixed: %s" % [
            (finding["cause"], finding["result"], finding["why"]) for finding in remediation["findings"]
        ]
    return answer


def left_alone_problem(
    result: Mapping[str, Any] | None, entry: Mapping[str, Any], differences: str | None
) -> str | None:
    """Why a host that must be left alone was not, else None.

    Nothing may be different, and each active finding must bring advice.
    """
    if not result or "remediation" not in result:
        return "no answer: %s" % str(result)[:600]
    if result["changed"]:
        return "it says that it changed something"
    mute = [
        finding["cause"]
        for finding in entry.get("findings", [])
        if finding["state"] == "active" and not finding.get("advice")
    ]
    return differences or ("no advice for %s" % ", ".join(mute) if mute else None)


def sum_up(
    safe: Mapping[str, Any], results: Mapping[str, Mapping[str, Any]], wrong: Mapping[str, str | None]
) -> str:
    times = [
        results[name]["remediation"]["answered_after"]
        for name in safe
        if name in results and results[name].get("remediation")
    ]
    known = sorted(time for time in times if time is not None)
    spread = (
        "first good answer after %.1f to %.1f s, median %.1f s"
        % (known[0], known[-1], known[len(known) // 2])
        if known
        else "no answer was timed"
    )
    return "%d of %d hosts that can be mended were; %s" % (
        sum(wrong[name] is None for name in safe),
        len(safe),
        spread,
    )


def keep(path: Path, run: Run) -> None:
    path.write_text(run.output, encoding="utf-8")
    os.chmod(path, 0o644)
