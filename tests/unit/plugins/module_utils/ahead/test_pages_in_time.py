# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Pages on a host of which a file system never answers: it is left out and named, and nothing hangs."""

import os
import signal
import time
from typing import Any, Callable, Dict, List

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.ahead import pages_in_time as subject
from ansible_collections.webmedic.php_fpm.plugins.module_utils.ahead.site_pages import Wish, accepted
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.host import Host

WISH = Wish([], "/", accepted(["200"]), 1.0, 1.0)
DEAD = "/srv/dead"


class Mounted(Host):
    """A host with a file system that hangs, as a dead file server does: SIGKILL alone ends an access."""

    def text(self, path: str) -> Any:
        row = "9 1 0:9 / %s rw - nfs4 far:/ rw\n" % DEAD
        return row if path == "/proc/self/mountinfo" else super().text(path)

    def reach(self, path: str, access: Callable[[], Any]) -> Any:
        return super().reach(path, hang if path.startswith(DEAD) else access)


def hang() -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP})
    time.sleep(60)


def look(host: Host, _wish: Wish) -> Dict[str, Any]:
    return {
        "there": [host.type_of(path) for path in ("/etc", DEAD + "/x", DEAD + "/y")],
        "missing": host.missing,
    }


@pytest.fixture(name="quick", autouse=True)
def fixture_quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject, "FILE_SECONDS", 0.3)
    monkeypatch.setattr(subject, "LOOK_SECONDS", 2.0)
    monkeypatch.setattr(subject, "site_pages", look)


class TestDeadFileSystem:
    def test_it_is_left_out_and_named(self) -> None:
        began = time.monotonic()
        pages: Any = subject.in_time(Mounted(), WISH)
        assert pages["there"] == ["directory", None, None]
        assert [entry["path"] for entry in pages["missing"]] == [DEAD]
        assert time.monotonic() - began < 2

    def test_near_miss_all_file_systems_answer(self) -> None:
        pages: Any = subject.in_time(Host(), WISH)
        assert pages["there"] == ["directory", None, None] and pages["missing"] == []


class TestNoEnd:
    @pytest.mark.parametrize(
        "ends, why",
        [
            (lambda: time.sleep(60), "did not end within 3 s"),
            (lambda: int("x"), "ValueError"),
            (lambda: os.kill(os.getpid(), signal.SIGKILL), "broke off"),
        ],
    )
    def test_it_is_said_why(self, monkeypatch: pytest.MonkeyPatch, ends: Any, why: str) -> None:
        seen: List[Any] = []
        monkeypatch.setattr(subject, "site_pages", lambda host, wish: seen.append(ends()))
        with pytest.raises(subject.NotAsked, match=why):
            subject.in_time(Host(), WISH)
