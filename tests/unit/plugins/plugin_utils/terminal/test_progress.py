# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is said while a play runs: failures, warnings, and who is slow."""

from __future__ import annotations

from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.terminal import progress, text
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.terminal.progress import Message
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.plugin_utils.tables import HOSTILE


def lines(messages: list[Message], columns: int = 100) -> list[str]:
    shown = [line for line, _color in progress.grouped(messages, columns)]
    assert max(map(text.width, shown), default=0) <= columns
    assert all(line.isprintable() for line in shown)
    return shown


class TestFailures:
    """A line for all hosts of which the same is said."""

    def test_a_failure_is_one_line(self) -> None:
        assert lines([Message("FAILED", "web1", "Deploy: no space left")]) == [
            "FAILED web1: Deploy: no space left"
        ]

    def test_hosts_share_the_line(self) -> None:
        messages = [
            Message("UNREACHABLE", "web%02d" % number, "Look: ssh: connect to host web%02d port 22" % number)
            for number in range(300)
        ]
        assert lines(messages) == [
            "UNREACHABLE web00, web01, web02 +297 more: Look: ssh: connect to host web00 port 22",
        ]

    def test_many_kinds_take_few_lines(self) -> None:
        messages = [Message("FAILED", "web1", "it broke in the way " + "x" * number) for number in range(50)]
        assert len(lines(messages)) < 12
        assert "-v shows them" in lines(messages)[-1]

    def test_what_stands_in_the_table_is_cut_to_a_line(self) -> None:
        text = progress.in_short("failing: %s. Fix: systemctl start x" % ("stopped " * 40))
        assert "Fix" not in text
        assert len(lines([Message("FAILED", "web1", text, short=True)])) == 1
        assert len(lines([Message("FAILED", "web1", text)])) == 3

    def test_no_text_of_a_host_acts_on_the_terminal(self) -> None:
        lines([Message("FAILED", "web1", evil) for evil in HOSTILE], 80)

    def test_the_reason_is_the_last_thing_printed(self) -> None:
        assert progress.why({"msg": "non-zero return code", "stderr": "a\nb: not found\n"}) == (
            "non-zero return code: b: not found"
        )
        assert progress.why({"msg": "Task failed: Module failed: it broke"}) == "it broke"
        assert progress.why({"msg": "see stderr", "module_stderr": "Traceback\nKeyError: 1"}) == "KeyError: 1"
        assert progress.why({"censored": "hidden by no_log", "msg": "secret"}) == "hidden by no_log"


class TestWaiting:
    """Which hosts are slow."""

    now = 1000.0

    def waiting(self, *hosts: str) -> progress.Waiting:
        watch = progress.Waiting(lambda line: None, 100, lambda: self.now)
        watch.end()  # no thread: the test asks
        for host in hosts:
            watch.started(host)
        return watch

    def after(self, watch: progress.Waiting, seconds: int) -> str:
        self.now = 1000.0 + seconds
        return watch.line()

    def test_they_are_named_after_ten_seconds_then_rarer(self) -> None:
        watch = self.waiting("web1", "web2", "web3")
        watch.answered("web2")
        assert self.after(watch, 9) == ""
        assert self.after(watch, 10) == "after 10 s: 1 host has answered, waiting for web1, web3"
        assert self.after(watch, 19) == ""
        assert self.after(watch, 20).startswith("after 20 s: ")
        assert [bool(self.after(watch, seconds)) for seconds in range(21, 700)].count(True) == 5

    def test_where_none_is_slow_they_are_counted_later(self) -> None:
        watch = self.waiting("web0")
        watch.answered("web0")
        shown = {}
        for seconds in range(61):
            line = self.after(watch, seconds)
            shown.update({seconds: line} if line else {})
            watch.started("web1")  # each time another one
        assert shown == {30: "after 30 s: 1 host has answered", 60: "after 1 min: 1 host has answered"}

    def test_nothing_is_said_when_all_have_answered(self) -> None:
        watch = self.waiting("web1")
        watch.answered("web1")
        assert self.after(watch, 100) == ""

    def test_a_new_task_begins_anew(self) -> None:
        watch = self.waiting("web1")
        watch.task()
        assert self.after(watch, 100) == ""

    def test_many_names_fit_the_line(self) -> None:
        line = progress.waiting(40, 3, ["web%03d.prod.example" % number for number in range(500)], 80)
        assert len(line) <= 80 and line.endswith(" more")
