# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every host of the lab, replayed: the fault that was made is the one that is found, and nothing else."""

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.rules.diagnose import diagnose
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.hosts import (
    FILES,
    fixture,
    names_of,
)


class TestFixtures:
    def test_there_are_hosts_to_replay(self) -> None:
        """The other tests would be empty, and green, without them."""
        assert len(FILES) >= 40


@pytest.mark.parametrize("path", FILES, ids=names_of(FILES))
class TestReplay:
    def test_the_fault_that_was_made_is_all_that_is_found(self, path: str) -> None:
        saved = fixture(path)
        expected = saved["expected"]
        verdict = diagnose(saved["snapshot"])
        left = list(verdict["findings"])
        for wanted in expected["findings"]:
            match = next(
                (item for item in left if all(item[name] == value for name, value in wanted.items())), None
            )
            assert match is not None, "not found: %s" % wanted
            left.remove(match)
        assert verdict["status"] == expected["status"]
        for allowed in expected.get("also", []):
            left = [item for item in left if any(item[name] != value for name, value in allowed.items())]
        assert not left, "not there: %s" % [(item["cause"], item["reason"]) for item in left]

    def test_every_finding_brings_evidence_with_a_site(self, path: str) -> None:
        for item in diagnose(fixture(path)["snapshot"])["findings"]:
            assert item["evidence"] and all(piece["text"] for piece in item["evidence"])
            assert item["sites"] and item["site"] == item["sites"][0]

    def test_a_second_look_at_the_same_gives_the_same(self, path: str) -> None:
        """The first one has changed nothing."""
        snapshot = fixture(path)["snapshot"]
        first = diagnose(snapshot)
        assert snapshot == fixture(path)["snapshot"]
        assert diagnose(snapshot) == first
