# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every host of the lab, replayed: the fault that was made is the one that is found, and nothing else."""

import os

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.rules.diagnose import diagnose
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.hosts import FILES, fixture

CASES = pytest.mark.parametrize(
    "path", FILES, ids=[os.path.basename(path)[: -len(".json")] for path in FILES]
)


def test_there_are_hosts_to_replay() -> None:
    """The other tests would be empty, and green, without them."""
    assert len(FILES) >= 40


@CASES
def test_the_fault_that_was_made_is_found_and_nothing_else(path: str) -> None:
    told = fixture(path)
    found = diagnose(told["snapshot"])
    left = list(found["findings"])
    for wanted in told["expected"]["findings"]:
        match = next(
            (item for item in left if all(item[name] == value for name, value in wanted.items())), None
        )
        assert match is not None, "not found: %s" % wanted
        left.remove(match)
    assert found["status"] == told["expected"]["status"]
    assert not left, "not there: %s" % [(item["cause"], item["reason"]) for item in left]


@CASES
def test_every_finding_brings_evidence_and_a_site(path: str) -> None:
    for item in diagnose(fixture(path)["snapshot"])["findings"]:
        assert item["evidence"] and all(piece["text"] for piece in item["evidence"])
        assert item["sites"] and item["site"] == item["sites"][0]


@CASES
def test_a_replay_gives_the_same_verdict_and_leaves_the_snapshot_as_it_was(path: str) -> None:
    snapshot = fixture(path)["snapshot"]
    first = diagnose(snapshot)
    assert snapshot == fixture(path)["snapshot"]
    assert diagnose(snapshot) == first
