# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A screen for a fleet: what failed, in a line each, and the table last."""

from __future__ import annotations

DOCUMENTATION = r"""
name: brief
type: stdout
short_description: Show the table of the fleet, and little else
version_added: 0.6.0
description:
  - Made for the playbooks of this collection. The table that M(webmedic.php_fpm.fleet_report) makes is the
    last thing on the screen, whatever the number of hosts.
  - Before it stand the name of each play, what failed, and a recap of one line. Hosts that failed in the
    same way share a line.
  - What the tasks of this collection could not find out is no failure of its own. It stands in the table.
  - While a task runs for more than ten seconds, the hosts that have not answered yet are named, from time to
    time.
  - Differences of C(--diff), the output of M(ansible.builtin.debug) and warnings are shown. Hosts with the
    same warning share a line.
  - With C(-v) and more, results are shown as P(ansible.builtin.default#callback) shows them. The table stays
    last.
  - With the command C(ansible) it prints one line for each host, as
    RV(webmedic.php_fpm.diagnosis_info#module:msg).
extends_documentation_fragment:
  - default_callback
  - result_format_callback
requirements:
  - set as stdout in configuration, C(stdout_callback = webmedic.php_fpm.brief)
author:
  - webmedic.php_fpm contributors (@webmedic)
seealso:
  - plugin: webmedic.php_fpm.table
    plugin_type: callback
"""

import time
from typing import Any

from ansible import context
from ansible.plugins.callback.default import CallbackModule as Default
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.terminal import printer, progress
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.terminal.screen import SCREEN
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.terminal.text import clean, plural, span

# What these could not do stands in the table.
IN_THE_TABLE = ("bundle_info", "diagnosis_info", "remediation")

# The pattern of a play that is for no host, by intention.
NOBODY = ["!all"]


class CallbackModule(Default):
    """The default callback, where it is asked for details, and one line for each thing where not."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "webmedic.php_fpm.brief"

    def __init__(self) -> None:
        super().__init__()
        self._began = time.monotonic()
        self._table = printer.LastTable()
        self._messages: list[progress.Message] = []
        self._headline, self._announced = "", True
        self._unreachable: dict[str, None] = {}
        self._waiting = progress.Waiting(self._line, SCREEN.width)

    def _line(self, line: str, color: str | None = None) -> None:
        self._display.display(SCREEN.shown(line), color=color)

    @property
    def _in_full(self) -> bool:
        return bool(self._display.verbosity)

    def _flush(self) -> None:
        """A task has ended: what was said of its hosts."""
        messages, self._messages = self._messages, []
        for line, color in progress.grouped(messages, SCREEN.width):
            self._line(line, color)

    def _say(self, word: str, outcome: progress.Outcome, text: str) -> None:
        if outcome.ours and self._table:
            message = progress.Message(word, outcome.host, progress.in_short(text), short=True)
        else:
            message = progress.Message(word, outcome.host, "%s: %s" % (outcome.task, text))
        self._messages.append(message)

    # ---------------------------------------------------------------------------------- plays and tasks

    def v2_playbook_on_start(self, playbook: Any) -> None:
        printer.claim(self.CALLBACK_NAME)
        super().v2_playbook_on_start(playbook)

    def v2_playbook_on_play_start(self, play: Any) -> None:
        self._flush()
        if self._in_full:
            super().v2_playbook_on_play_start(play)
            return
        self._play = play
        checked = " (check mode: nothing is changed)" if play.check_mode else ""
        headline = clean(play.get_name()) + checked
        if headline != self._headline:  # a play begins anew with each batch
            self._headline, self._announced = headline, printer.ad_hoc()

    def _announce(self, more: str = "") -> None:
        """The name of the play, once it does something."""
        if not self._announced:
            self._line(self._headline + more)
            self._announced = True

    def _task_start(self, task: Any, prefix: str | None = None) -> None:
        self._flush()
        self._waiting.task()
        if self._in_full:
            super()._task_start(task, prefix)
            return
        self._announce()
        self._task_type_cache[task._uuid] = prefix or "TASK"
        self._last_task_name = clean(task.get_name())

    def v2_playbook_on_include(self, included_file: Any) -> None:
        if self._in_full:
            super().v2_playbook_on_include(included_file)

    def v2_playbook_on_no_hosts_matched(self) -> None:
        if self._in_full:
            super().v2_playbook_on_no_hosts_matched()
        elif list(self._play.hosts) != NOBODY:
            self._announce(": no hosts matched")

    def v2_playbook_on_no_hosts_remaining(self) -> None:
        self._flush()
        self._line("no host is left to go on with", "red")

    # -------------------------------------------------------------------------------------------- hosts

    def v2_runner_on_start(self, host: Any, task: Any) -> None:
        # What works on the controller alone is no host that has not answered.
        if task.action.rpartition(".")[2] not in printer.TASKS:
            self._waiting.started(host.get_name())
        super().v2_runner_on_start(host, task)

    def _answered(self, result: Any) -> progress.Outcome:
        outcome = progress.Outcome.of(result)
        self._waiting.answered(outcome.host)
        if not self._in_full:
            self._messages += [
                progress.Message("WARNING", outcome.host, text) for text in progress.warnings(outcome.data)
            ]
        return outcome

    def v2_runner_on_ok(self, result: Any) -> None:
        outcome = self._answered(result)
        if self._table.take(outcome.action, outcome.data) and not self._in_full:
            return
        if self._in_full or outcome.data.get("_ansible_verbose_always"):
            super().v2_runner_on_ok(result)
        elif printer.ad_hoc():
            msg = outcome.data.get("msg")
            self._line("%s: %s" % (outcome.host, clean(msg) if msg else self._dump_results(outcome.data)))

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        outcome = self._answered(result)
        self._table.take(outcome.action, outcome.data)
        if self._in_full:
            super().v2_runner_on_failed(result, ignore_errors)
        elif not ignore_errors:
            if not any(item.host == outcome.host and item.word == "FAILED" for item in self._messages):
                self._say("FAILED", outcome, progress.why(outcome.data))
        elif outcome.action.rpartition(".")[2] not in IN_THE_TABLE:
            self._say("ignored", outcome, progress.why(outcome.data))

    def v2_runner_on_unreachable(self, result: Any) -> None:
        outcome = self._answered(result)
        ignored = (result.task if hasattr(result, "task") else result._task).ignore_unreachable
        if not ignored:
            self._unreachable[outcome.host] = None
        if self._in_full:
            super().v2_runner_on_unreachable(result)
        elif not ignored or outcome.action.rpartition(".")[2] not in IN_THE_TABLE:
            self._say("UNREACHABLE", outcome, progress.why(outcome.data))

    def v2_runner_on_skipped(self, result: Any) -> None:
        self._answered(result)
        if self._in_full:
            super().v2_runner_on_skipped(result)

    def v2_runner_item_on_ok(self, result: Any) -> None:
        if self._in_full or progress.Outcome.of(result).data.get("_ansible_verbose_always"):
            super().v2_runner_item_on_ok(result)

    def v2_runner_item_on_failed(self, result: Any) -> None:
        if self._in_full:
            super().v2_runner_item_on_failed(result)
            return
        outcome = progress.Outcome.of(result)
        label = clean(self._get_item_label(outcome.data))
        self._say("FAILED", outcome, "item %s: %s" % (label, progress.why(outcome.data)))

    def v2_runner_item_on_skipped(self, result: Any) -> None:
        if self._in_full:
            super().v2_runner_item_on_skipped(result)

    def v2_runner_retry(self, result: Any) -> None:
        if self._in_full:
            super().v2_runner_retry(result)

    def v2_runner_on_async_poll(self, result: Any) -> None:
        if self._in_full:
            super().v2_runner_on_async_poll(result)

    def v2_on_file_diff(self, result: Any) -> None:
        if not self._in_full:
            outcome = progress.Outcome.of(result)
            if outcome.data.get("diff") and outcome.data.get("changed"):
                self._line("%s:" % clean(outcome.host))
            self._last_task_banner = (result.task if hasattr(result, "task") else result._task)._uuid
        super().v2_on_file_diff(result)

    # -------------------------------------------------------------------------------------------- recap

    def v2_playbook_on_stats(self, stats: Any) -> None:
        self._waiting.end()
        self._flush()
        if not printer.ad_hoc():
            self._recap(stats)
        self._table.show()

    def _recap(self, stats: Any) -> None:
        took = span(max(1, round(time.monotonic() - self._began)))
        failed = sum(bool(stats.failures.get(host)) for host in stats.processed)
        changed = sum(bool(stats.changed.get(host)) for host in stats.processed)
        word = "would change" if context.CLIARGS.get("check") else "changed"
        parts = ["%d %s" % (changed, word)] if changed else []
        parts += ["%d failed" % failed] if failed else []
        parts += ["%d unreachable" % len(self._unreachable)] if self._unreachable else []
        counts = ": " + ", ".join(parts) if parts else ""
        self._line("%s in %s%s" % (plural(len(stats.processed), "host"), took, counts))
        if stats.custom and self.get_option("show_custom_stats"):
            self._line("custom stats: " + self._dump_results(stats.custom))
