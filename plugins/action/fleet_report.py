# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs once on the controller. Makes one report, one table and one verdict of what all hosts returned."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible.utils.color import stringc
from ansible.utils.display import Display
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils import (
    bounds,
    remedies,
    remedy_headline,
    table,
    text,
)
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils import report as fleet
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.shapes.report import Report

display = Display()

ARGUMENTS: dict[str, Any] = {
    "argument_spec": {
        "variable": {"type": "str"},
        "hosts": {"type": "list", "elements": "str"},
        "remediated": {"type": "bool", "default": False},
        "replay": {"type": "path"},
        "report_dir": {"type": "path", "default": "./webmedic-report"},
        "window": {"type": "int", "default": 900},
        "snapshot": {"type": "bool", "default": False},
        "print_table": {"type": "bool", "default": True},
        "fail_on": {"type": "list", "elements": "str", "choices": list(bounds.STATUSES), "default": []},
    },
    "mutually_exclusive": [("variable", "replay")],
    "required_one_of": [("variable", "replay")],
}


def collected(
    task_vars: Mapping[str, Any], variable: str, names: Sequence[str] | None = None
) -> Iterator[tuple[str, Mapping[str, Any] | None]]:
    """(host, what its task returned) of all hosts of the play; None of a host that dropped out before.

    Variables are read raw: nothing that a host returned passes the templating engine. With ``serial`` the
    hosts of later batches are left out. names: hosts to take instead; those that were not asked are left out.
    """
    hostvars = task_vars["hostvars"]
    waiting = set(task_vars.get("ansible_play_hosts", ())) - set(task_vars.get("ansible_play_batch", ()))
    for name in task_vars["ansible_play_hosts_all"] if names is None else names:
        result = hostvars.raw_get(name).get(variable) if names is None or name in hostvars else None
        if isinstance(result, Mapping):
            yield str(name), result
        elif names is None and name not in waiting:
            yield str(name), None


class ActionModule(ActionBase):
    """See plugins/modules/fleet_report.py for the documentation."""

    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        outcome: dict[str, Any] = super().run(tmp, task_vars)
        _spec, options = self.validate_argument_spec(**ARGUMENTS)
        if options["replay"]:
            return {**outcome, **self._replay(options["replay"], options["print_table"], options["fail_on"])}
        return {**outcome, **self._report(options, task_vars or {})}

    def _report(self, options: Mapping[str, Any], task_vars: Mapping[str, Any]) -> dict[str, Any]:
        """Makes, writes, prints and publishes the report."""
        now = time.time()
        played = [str(name) for name in task_vars["ansible_play_hosts_all"]]
        results = dict(collected(task_vars, options["variable"], options["hosts"]))
        remediated = played if options["remediated"] else []
        report = fleet.build(results, options["window"], now, options["snapshot"], remediated)
        path, footer = written(report, options["report_dir"])
        unmended = unmended_hosts(report, task_vars) if remediated else {}
        if options["print_table"]:
            between = remediated and not unmended and path and batches_remain(report, task_vars)
            self._print(
                remedy_headline.title(report["hosts"]) if between else table.render(report, now, footer)
            )
        verdict = fleet.artifact(report)
        return {
            **({} if path else {"failed": True, "msg": footer}),
            "changed": False,
            "path": path,
            "report": verdict,
            "complaint": complaint(report, options["fail_on"]),
            "unmended": unmended,
            # As set_stats would return it, without a task of its own. Controllers keep only what is not per
            # host.
            "ansible_stats": {"data": {"webmedic": verdict}, "per_host": False, "aggregate": False},
        }

    def _replay(self, path: str, print_table: bool, fail_on: Sequence[str]) -> dict[str, Any]:
        """Diagnoses and shows a saved report again. Writes nothing."""
        # Imported here: only a replay needs the rules, and they take time to compile.
        from ansible_collections.webmedic.php_fpm.plugins.filter.diagnose import examined
        from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.replay import NoReport, load, replay

        try:
            shown = replay(load(path), examined)
        except (OSError, NoReport) as error:
            why = error.strerror or str(error) if isinstance(error, OSError) else str(error)
            raise AnsibleActionFail(
                "cannot replay %s: %s. Name a report.json that the role diagnose wrote." % (path, why)
            ) from None
        if print_table:
            footer = "Replayed from %s: %s diagnosed again." % (path, text.plural(shown.again, "snapshot"))
            self._print(table.render(shown.report, shown.now, footer))
        return {
            "changed": False,
            "path": path,
            "report": fleet.artifact(shown.report),
            "complaint": complaint(shown.report, fail_on),
        }

    @staticmethod
    def _print(lines: list[table.Line]) -> None:
        """The whole table in one piece: it stays together on the screen, and is one event in a
        job's record.
        """
        display.display(
            "\n" + "\n".join(stringc(line, color) if color else line for line, color in lines),
            screen_only=True,
        )
        display.display("\n".join(line for line, _color in lines), log_only=True)


def written(report: Report, directory: str) -> tuple[str | None, str]:
    """(path of the report, or None where it could not be written; the line that says which)."""
    try:
        path = fleet.write(report, directory)
    except OSError as error:
        why = error.strerror or str(error)
        return None, "No report was written to %s: %s. Name a directory that this user may write." % (
            directory,
            why,
        )
    return path, "Report: %s" % path


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


def complaint(report: Report, fail_on: Sequence[str]) -> str:
    """The hosts with a status that the caller does not accept. Empty when there are none."""
    hosts_by_status = {
        status: [name for name, entry in report["hosts"].items() if entry["status"] == status]
        for status in bounds.STATUSES
        if status in fail_on
    }
    return "; ".join(
        "%d %s: %s" % (len(names), status, text.names(names, 200)[0])
        for status, names in hosts_by_status.items()
        if names
    )
