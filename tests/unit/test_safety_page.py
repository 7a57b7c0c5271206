# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What docs/safety.md promises to an operator is what the plan, the policy and the state directory are."""

import os
from typing import List

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.actions.registry import BY_ID
from ansible_collections.webmedic.php_fpm.plugins.module_utils.plan.actions import ACTIONS
from ansible_collections.webmedic.php_fpm.plugins.module_utils.plan.policy import Policy
from ansible_collections.webmedic.php_fpm.tests.unit.places import ROOT

# Of the look, not of what may be done; swap has its own line.
NO_LIMIT = {"window", "probe_timeout", "probe_path", "verify_timeout", "swap_size"}


def text(*names: str) -> str:
    with open(os.path.join(ROOT, *names), encoding="utf-8") as stream:
        return stream.read()


def table(heading: str) -> List[List[str]]:
    """The cells of each row of the first table below a heading."""
    below = text("docs", "safety.md").split("\n## %s\n" % heading)[1].split("\n## ")[0]
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in below.splitlines()
        if line.startswith("|")
    ]
    return rows[2:]


def test_the_table_of_actions_is_the_plans() -> None:
    wanted = [
        ["`%s`" % one.id, one.risk, "yes" if one.reversible else "no", one.disruption] for one in ACTIONS
    ]
    assert [row[:4] for row in table("What an action can cost")] == wanted


def test_each_action_says_what_it_does_and_what_it_can_cost() -> None:
    assert all(len(row) == 6 and all(row) for row in table("What an action can cost"))
    assert {one.id for one in ACTIONS} == set(BY_ID)


def test_each_option_that_limits_is_told() -> None:
    told = " ".join(row[0] for row in table("Options that limit it"))
    assert not [name for name in set(Policy._fields) - NO_LIMIT if "`remediate_%s`" % name not in told]


@pytest.mark.parametrize("page", [("README.md",), ("roles", "remediate", "README.md")])
def test_the_page_is_found(page: List[str]) -> None:
    assert "docs/safety.md)" in text(*page)
