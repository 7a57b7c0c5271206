# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The look at risks: a subject that hangs or raises costs its own answer alone."""

import time
from typing import Any

from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.host import Host
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.latent.look import look

SNAPSHOT: Any = {"nginx": {}}


def a_host(seconds: float) -> Host:
    host = Host()
    host.deadline = host.monotonic() + seconds
    return host


def fine(host: Host, _snapshot: Any) -> Any:
    host.miss("swap", None, "x")
    return {"a": 1}


def broken(_host: Host, _snapshot: Any) -> Any:
    raise KeyError("a defect")


def hangs(_host: Host, _snapshot: Any) -> Any:
    time.sleep(60)


class TestLook:
    def test_a_subject_that_raises_costs_its_own_answer(self) -> None:
        seen: Any = look(a_host(20.0), SNAPSHOT, {"broken": broken, "fine": fine})
        assert seen["fine"] == {"a": 1} and "broken" not in seen
        assert [(entry["what"], entry["path"], entry["why"]) for entry in seen["missing"]] == [
            ("risk_unseen", "broken", "KeyError: 'a defect'"),
            ("swap", None, "x"),
        ]

    def test_a_subject_that_hangs_is_named(self) -> None:
        seen: Any = look(a_host(1.0), SNAPSHOT, {"fine": fine, "hangs": hangs, "later": fine})
        assert seen["fine"] == {"a": 1} and set(seen) == {"fine", "missing"}
        assert [entry["path"] for entry in seen["missing"] if entry["what"] == "risk_unseen"] == [
            "hangs",
            "later",
        ]

    def test_what_is_missing_is_none_of_the_hosts(self) -> None:
        host = a_host(20.0)
        look(host, SNAPSHOT, {"fine": fine})
        assert host.missing == []
