# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Snapshots before the rules see them: real ones pass as they are, others are refused with their fault."""

from __future__ import annotations

import os
from typing import Any

import pytest
from ansible_collections.webmedic.php_fpm.plugins.filter.diagnose import examined
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.answers.confined import Unfinished
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.answers.snapshot import MOST_ITEMS, read
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.answers.untrusted import Mismatch
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules import hosts


def changed(*place: Any, value: Any) -> Any:
    """The snapshot of a host with a segfault, in which another value stands at that place."""
    snapshot = inner = hosts.seen("segfault")
    for step in place[:-1]:
        inner = inner[step]
    inner[place[-1]] = value
    return snapshot


class TestRead:
    """What passes."""

    @pytest.mark.parametrize("path", hosts.FILES, ids=os.path.basename)
    def test_a_snapshot_of_a_real_host_passes_unchanged(self, path: str) -> None:
        snapshot = hosts.fixture(path)["snapshot"]
        assert read(snapshot) == snapshot

    @pytest.mark.parametrize(
        "snapshot, says",
        [
            (None, "it is missing"),
            ([], "it is a list"),
            (changed("schema_version", value=2), "schema_version is not 1"),
            (changed("nginx", value=[]), "nginx is a list"),
            (changed("nginx", "routes", value={}), "nginx.routes is a dict"),
            (changed("nginx", "routes", 0, "endpoints", 0, "endpoint", value=7), "endpoint is a number"),
            (
                changed("nginx", "routes", 0, "read_timeout", "seconds", value="60"),
                "read_timeout.seconds is a text",
            ),
            (changed("endpoints", value=[]), "endpoints is no dict"),
            (changed("logs", "events", 0, "times", value=["x"]), r"logs.events\[0\].times\[0\] is a text"),
            (changed("taken_at", value=10**400), "out of bounds"),
            (
                changed("logs", "events", 0, "times", value=[0] * (MOST_ITEMS + 1)),
                "times has more than 20000 items",
            ),
            (changed("fpm", "masters", 0, "pools", 0, "name", value=None), "name is missing"),
            (changed("memory", value={"x": [[]] * 1_000_000}), "larger than 1000000 values"),
        ],
    )
    def test_a_wrong_snapshot_is_refused_with_its_place(self, snapshot: Any, says: str) -> None:
        with pytest.raises(Mismatch, match=says):
            read(snapshot)


class TestExamined:
    """The diagnosis of what passed."""

    def test_hidden_characters_go_before_the_rules_quote_them(self) -> None:
        snapshot = hosts.seen("segfault")
        for event in snapshot["logs"]["events"]:
            event["sample"]["text"] += "\x1b[2J\u202e"
        verdict = str(examined(snapshot, 20.0))
        assert "?[2J?" in verdict and "\x1b" not in verdict and "\u202e" not in verdict

    def test_a_diagnosis_that_takes_too_long_is_ended(self) -> None:
        snapshot = hosts.seen("segfault")
        for event in snapshot["logs"]["events"]:
            event["times"] = [
                int(snapshot["taken_at"]) - (60 if event["source"] == "nginx" else 600)
            ] * MOST_ITEMS
        with pytest.raises(Unfinished, match="longer than 0.001 s"):
            examined(snapshot, 0.001)
