# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""php-fpm after a change of it was put back: it may end once all seems to be over."""

from typing import Any, List, Optional

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.remediate import came_back as subject
from ansible_collections.webmedic.php_fpm.plugins.module_utils.remediate.carry_out import Outcome

BEFORE = subject.Before("php8.2-fpm.service", "/etc/php-fpm.conf", ["unix:/run/shop.sock"])


class Host:
    """The unit's state at each second."""

    def __init__(self, *states: str) -> None:
        self.states, self.at, self.started = states, 0.0, False

    def run(self, _argv: List[str]) -> Any:
        state = "active" if self.started else self.states[min(int(self.at), len(self.states) - 1)]
        return type("Ran", (), {"out": state + "\n"})

    def monotonic(self) -> float:
        return self.at

    def sleep(self, seconds: float) -> None:
        self.at += seconds


def outcome(result: str) -> Outcome:
    return Outcome(result, "its page fails; everything is as it was before", [], [], [], None)


def after(
    monkeypatch: pytest.MonkeyPatch,
    host: Any,
    settles_at: float = 1e9,
    why: Optional[str] = None,
    result: str = "rolled_back",
) -> Outcome:
    def start(_self: Any, argv: List[str]) -> None:
        assert argv == ["systemctl", "start", BEFORE.unit]
        host.started = True

    monkeypatch.setattr(subject.Disk, "run", start)
    monkeypatch.setattr(subject, "_settled", lambda *_: host.at >= settles_at)
    monkeypatch.setattr(subject, "still_answering", lambda *_: why)
    return subject.came_back(host, BEFORE, outcome(result), 0.0, 60.0)


class TestPutBack:
    def test_a_php_fpm_that_ends_later_is_started(self, monkeypatch: pytest.MonkeyPatch) -> None:
        host = Host(*["active"] * 40, "inactive")
        ended = after(monkeypatch, host)
        assert host.started and ended.result == "rolled_back" and ended.why.endswith("was started again")

    def test_one_that_has_reloaded_is_left_alone(self, monkeypatch: pytest.MonkeyPatch) -> None:
        host = Host("active")
        ended = after(monkeypatch, host, settles_at=2)
        assert not host.started and ended == outcome("rolled_back")

    def test_one_that_is_only_slow_is_not_restarted(self, monkeypatch: pytest.MonkeyPatch) -> None:
        host = Host("active")
        ended = after(monkeypatch, host, why="nobody answers at unix:/run/shop.sock")
        assert not host.started and ended.result == "failed" and "but now nobody answers" in ended.why

    def test_a_change_that_is_kept_needs_no_look(self, monkeypatch: pytest.MonkeyPatch) -> None:
        host = Host("inactive")
        assert after(monkeypatch, host, result="done") == outcome("done") and not host.started
