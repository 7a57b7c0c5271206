# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The hosts of a play: a pattern that chooses some, and each way to end without a look at any."""

from __future__ import annotations

from typing import Any

import pytest
from ansible import context
from ansible.errors import AnsibleError
from ansible.module_utils.common.collections import ImmutableDict
from ansible.parsing.dataloader import DataLoader
from ansible_collections.webmedic.php_fpm.plugins.lookup.chosen_hosts import LookupModule

GROUPS = {"all": ["web1", "web2", "db1"], "web": ["web1", "web2"], "db": ["db1"], "empty": []}


def choose(
    monkeypatch: pytest.MonkeyPatch, *patterns: str, groups: Any = None, **arguments: Any
) -> list[str]:
    """arguments: of ansible-playbook."""
    monkeypatch.setattr(context, "CLIARGS", ImmutableDict(arguments))
    inventory = {"groups": GROUPS if groups is None else groups}
    return LookupModule(loader=DataLoader()).run(list(patterns), inventory)


class TestHit:
    @pytest.mark.parametrize("pattern", ["web", "web1", "all", "w*", "web:!web1", "web:&web2", "~web[12]"])
    def test_a_pattern_of_hosts_is_given_back(self, monkeypatch: pytest.MonkeyPatch, pattern: str) -> None:
        assert choose(monkeypatch, pattern) == [pattern]

    def test_several_patterns(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert choose(monkeypatch, "web", "db") == ["web", "db"]

    def test_a_limit_that_leaves_a_host(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert choose(monkeypatch, "web", subset="web2") == ["web"]


class TestNearMiss:
    def test_a_host_that_is_taken_away_may_be_unknown(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert choose(monkeypatch, "web:!web9") == ["web:!web9"]

    @pytest.mark.parametrize("tags", [[], ["deploy"], ["all"]])
    def test_tags_that_do_not_skip_the_look(self, monkeypatch: pytest.MonkeyPatch, tags: list[str]) -> None:
        assert choose(monkeypatch, "web", skip_tags=tags) == ["web"]

    def test_decoy_a_check_of_the_syntax_knows_no_host(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert choose(monkeypatch, "web", groups={}, syntax=True) == ["web"]


class TestError:
    @pytest.mark.parametrize("pattern", ["wbe", "web:wbe", "web1,wbe"])
    def test_a_name_that_nothing_has(self, monkeypatch: pytest.MonkeyPatch, pattern: str) -> None:
        with pytest.raises(AnsibleError, match="^wbe is no host and no group of the inventory"):
            choose(monkeypatch, pattern)

    @pytest.mark.parametrize("pattern", ["empty", "x*", "web:!web", "web:&db"])
    def test_a_pattern_without_a_host(self, monkeypatch: pytest.MonkeyPatch, pattern: str) -> None:
        with pytest.raises(AnsibleError, match="^no host of the inventory matches .*: nothing was looked at"):
            choose(monkeypatch, pattern)

    def test_a_limit_that_leaves_none(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with pytest.raises(AnsibleError, match="^no host of the inventory with --limit db matches web:"):
            choose(monkeypatch, "web", subset="db")

    def test_the_second_of_two_patterns(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with pytest.raises(AnsibleError, match="matches empty"):
            choose(monkeypatch, "web", "empty")

    @pytest.mark.parametrize("arguments", [{"skip_tags": ["always"]}, {"start_at_task": "Deploy"}])
    def test_an_option_that_skips_the_look(self, monkeypatch: pytest.MonkeyPatch, arguments: Any) -> None:
        with pytest.raises(AnsibleError, match="^--.* would skip the look at the hosts: leave it out"):
            choose(monkeypatch, "web", **arguments)
