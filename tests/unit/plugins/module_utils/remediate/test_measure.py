# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is measured for an action is all that it goes by."""

import os
from typing import Any, Dict, List, Optional

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.actions.registry import BY_ID, resolve
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.host import Host
from ansible_collections.webmedic.php_fpm.plugins.module_utils.remediate import measure
from ansible_collections.webmedic.php_fpm.plugins.module_utils.work.action import MEMORY, SWAP
from ansible_collections.webmedic.php_fpm.plugins.module_utils.work.step import Refusal, Step
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules import hosts

SWAP_STEP = Step("swap_on", "/swapfile", [], [], [])


class NoFiles:
    """A host on which each file is empty and each pattern matches one."""

    def read(self, path: str) -> Optional[str]:
        return ""

    def expand(self, pattern: str) -> List[str]:
        return [pattern.replace("*", "a")]


@pytest.fixture
def measured(monkeypatch: Any) -> List[str]:
    """The needs that were measured."""
    needs: List[str] = []

    def capacity(*_arguments: Any) -> Dict[str, Any]:
        needs.append(MEMORY)
        return {"pools": [], "limit_bytes": None, "others_bytes": None, "missing": [], "unlisted": []}

    def swap_on(*_arguments: Any) -> Step:
        needs.append(SWAP)
        return SWAP_STEP

    for name, stand_in in (("capacity", capacity), ("swap_on", swap_on)):
        monkeypatch.setattr(measure, name, stand_in)
    for name in ("look", "processes"):
        monkeypatch.setattr(measure, name, lambda *_arguments: [])
    monkeypatch.setattr(measure, "groups_of", lambda _host, name: [name])
    return needs


class TestView:
    @pytest.mark.parametrize("path", hosts.FILES, ids=os.path.basename)
    def test_no_action_of_a_real_host_misses_what_it_reads(self, path: str, measured: List[str]) -> None:
        snapshot: Any = hosts.fixture(path)["snapshot"]
        texts: Any = NoFiles()
        host: Any = None
        for master in snapshot["fpm"]["masters"]:
            master.setdefault("prefix", "/usr")
        for action in hosts.verdict(snapshot)["plan"]:
            del measured[:]
            view = measure.view_for(action, host, texts, snapshot, "1G")
            assert set(measured) == {MEMORY, SWAP} & set(BY_ID[action["id"]].ACTION.needs)
            try:
                resolve(action["id"], view, action["arguments"])
            except Refusal as refusal:
                assert "not looked at" not in str(refusal) and "not measured" not in str(refusal)

    def test_the_groups_of_an_account_begin_with_its_own(self) -> None:
        assert (
            measure.groups_of(Host(), "games")[0] == "games"
            and measure.groups_of(Host(), "nobody-of-that-name") == []
        )
