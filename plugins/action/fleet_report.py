# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs once on the controller. Makes one report, one table and one verdict of what all hosts returned."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from ansible import context
from ansible.errors import AnsibleActionFail
from ansible.utils.display import Display
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.answers import bounds, complaints, played
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.answers.controller_action import (
    ControllerAction,
)
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.gate import gate_step
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.gate.gate import GateError
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.render import (
    html,
    junit,
    markdown,
    metrics,
    sarif,
)
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.reports import folder, remedies
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.reports import report as fleet
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.reports import run as which
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.shapes.report import Report
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.terminal import (
    printer,
    remedy_headline,
    risk_table,
    table,
    text,
)

display = Display()
# The engine imports this file once, before it forks for a task: all batches of a run have the same time.
STARTED = time.time()
WRITERS: dict[str, folder.Writer] = {
    "report.html": html.render,
    "report.md": markdown.render,
    "junit.xml": junit.render,
    "report.sarif": sarif.render,
    "report.prom": metrics.render,
}

ARGUMENTS: dict[str, Any] = {
    "argument_spec": {
        "variable": {"type": "str"},
        "hosts": {"type": "list", "elements": "str"},
        "remediated": {"type": "bool", "default": False},
        "replay": {"type": "path"},
        "replay_to": {"type": "path"},
        "bundle": {"type": "path"},
        "bundle_key": {"type": "path"},
        "report_dir": {"type": "path", "default": "./webmedic-report"},
        "report_keep": {"type": "int", "default": 30},
        "window": {"type": "int", "default": 900},
        "snapshot": {"type": "bool", "default": False},
        "print_table": {"type": "bool", "default": True},
        "risks": {"type": "bool", "default": False},
        "fail_on": {"type": "list", "elements": "str", "choices": list(bounds.STATUSES), "default": []},
        "accept_unseen": {"type": "bool", "default": False},
        "gate": {"type": "dict", "options": gate_step.OPTIONS},
    },
    "mutually_exclusive": [("variable", "replay", "bundle")],
    "required_one_of": [("variable", "replay", "bundle")],
}


class ActionModule(ControllerAction):
    """See plugins/modules/fleet_report.py for the documentation."""

    arguments = ARGUMENTS

    def result(self, options: Mapping[str, Any], variables: Mapping[str, Any]) -> dict[str, Any]:
        if options["replay"] or options["bundle"]:
            return self._replay(options)
        try:
            return self._report(options, variables)
        except (played.NotReported, GateError) as error:
            raise AnsibleActionFail("No report was made: %s." % error) from None

    def _report(self, options: Mapping[str, Any], task_vars: Mapping[str, Any]) -> dict[str, Any]:
        """Makes, writes, prints and publishes the report."""
        now = time.time()
        played.check_once(self._task, task_vars)
        if options["window"] < 1:
            raise AnsibleActionFail("window is %d: it must be 1 second or more" % options["window"])
        everyone = [str(name) for name in task_vars["ansible_play_hosts_all"]]
        terms = options["gate"]
        look = played.look_of(task_vars, terms["terms"], terms["looked"]) if terms else None
        results = dict(played.collected(task_vars, options["variable"], options["hosts"], look))
        played.check_results(results, options["variable"])
        remediated = everyone if options["remediated"] else []
        run = which.run(task_vars, context.CLIARGS, options["window"], bool(self._task.check_mode), STARTED)
        report = fleet.build(results, options["window"], now, options["snapshot"], remediated, run)
        stops = played.stops_rollout(self._task)
        unasked = [name for name, result in results.items() if result is None]
        gate = gate_step.step(report, terms, task_vars, now, unasked, stops) if terms else None
        if gate and gate.again:
            shown = options["print_table"] and gate.lines
            handed = printer.hand_out(gate.lines, interim=True) if shown else {}
            time.sleep(gate.returned["delay"])
            return {**handed, **gate.returned, "changed": False}
        path, place, footer = written(report, options["report_dir"], options["report_keep"])
        unmended = unmended_hosts(report, task_vars) if remediated else {}
        printed: dict[str, Any] = {"msg": table.headline(report["summary"]["counts"])}
        if options["print_table"]:
            between = remediated and not unmended and path and batches_remain(report, task_vars)
            with text.letters(printer.SCREEN.unicode):
                if between:
                    lines = remedy_headline.title(report["hosts"], printer.PAGE)
                elif options["risks"]:
                    lines = risk_table.render(report, footer, printer.PAGE)
                else:
                    lines = table.render(report, now, footer, printer.PAGE)
            printed |= printer.hand_out(lines + (gate.lines if gate else []), interim=bool(between))
        verdict = fleet.artifact(report)
        refused = (
            gate.complaints
            if gate
            else complaints.complaints(
                report["hosts"], played.batch(task_vars), options["fail_on"], options["accept_unseen"]
            )
        )
        return {
            **printed,
            **(gate.returned if gate else {}),
            **({} if path else {"failed": True, "msg": footer}),
            "changed": False,
            "path": path,
            "folder": place,
            "report": verdict,
            "complaint": complaints.in_brief(report["hosts"], refused),
            "complaints": refused,
            "stops_rollout": bool(refused) and stops,
            "unmended": unmended,
        }

    def _replay(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """Diagnoses and shows a saved report again. Writes nothing but its files, where they are wanted."""
        path = options["replay"]
        # Imported here: only a replay needs the rules, and they take time to compile.
        from ansible_collections.webmedic.php_fpm.plugins.filter.diagnose import examined
        from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.bundle import reader
        from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.reports.replay import (
            NoReport,
            load,
            replay,
        )
        from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.reports.saved import file_of

        members: Mapping[str, bytes] = {}
        try:
            if path:
                path = file_of(path)
                saved = load(path)
            else:
                path = options["bundle"]
                saved, members = reader.read(path, options["bundle_key"], self._loader)
            shown = replay(saved, examined)
            if members and options["replay_to"]:
                folder.put_tree(options["replay_to"], members)
        except (OSError, NoReport) as error:
            raise AnsibleActionFail(_not_shown(options, path, error)) from None
        printed: dict[str, Any] = {"msg": table.headline(shown.report["summary"]["counts"])}
        if options["print_table"]:
            footer = "Replayed from %s: %s diagnosed again." % (path, text.plural(shown.again, "snapshot"))
            with text.letters(printer.SCREEN.unicode):
                lines = table.render(shown.report, time.time(), footer, printer.PAGE, shown.now)
            printed |= printer.hand_out(lines)
        if options["replay_to"]:
            written_to, _folder, why = written(shown.report, options["replay_to"])
            if not written_to:
                raise AnsibleActionFail(why)
        hosts = shown.report["hosts"]
        refused = complaints.complaints(hosts, hosts, options["fail_on"], options["accept_unseen"])
        return {
            **printed,
            "changed": False,
            "path": path,
            "report": fleet.artifact(shown.report),
            "complaint": complaints.in_brief(hosts, refused),
            "complaints": refused,
        }


def _not_shown(options: Mapping[str, Any], path: str, error: Exception) -> str:
    why = error.strerror or str(error) if isinstance(error, OSError) else str(error)
    if isinstance(error, FileExistsError):
        return "%s is there already: name a new directory." % options["replay_to"]
    if options["bundle"]:
        return "This bundle cannot be opened: %s (%s)." % (why, path)
    return "cannot replay %s: %s. Name a report.json that the role diagnose wrote." % (path, why)


def written(report: Report, directory: str, keep: int | None = None) -> tuple[str | None, str | None, str]:
    """(path of the report and folder of this run, or None where they could not be written; the line that
    says which). keep: None for a saved report, which is no run.
    """
    if keep is not None and keep < 0:
        raise AnsibleActionFail("No report was written: report_keep is %d, and 0 keeps all." % keep)
    try:
        if keep is None:
            made = folder.write_again(report, directory, WRITERS)
        else:
            made = folder.write(report, directory, keep, WRITERS)
    except OSError as error:
        why = error.strerror or str(error)
        line = "No report was written to %s: %s. Name a directory that this user may write."
        return None, None, line % (folder.absolute(directory), why)
    for file, why in made.failed.items():
        display.warning("%s was not made, please report it: %s" % (file, text.clean(why)))
    return made.path, made.folder, "Report: %s" % made.path


def unmended_hosts(report: Report, task_vars: Mapping[str, Any]) -> dict[str, str]:
    """Why the remediation did not end well, by host of this batch."""
    names = [str(name) for name in task_vars["ansible_play_batch"] if name in report["hosts"]]
    reasons = {name: remedies.why_unmended(report["hosts"][name]) for name in names}
    return {name: why for name, why in reasons.items() if why}


def batches_remain(report: Report, task_vars: Mapping[str, Any]) -> bool:
    """Until the last batch, or one that goes wrong, a line is enough."""
    others = set(task_vars["ansible_play_hosts"]) - set(task_vars["ansible_play_batch"])
    hosts = report["hosts"]
    return any(name not in hosts or remedies.only_predicted(hosts[name]) for name in others)
