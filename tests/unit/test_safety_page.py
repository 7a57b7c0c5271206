# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What docs/safety.md promises to an operator is what the plan, the policy and the state directory are."""

import os
from typing import List

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.actions.registry import FILES, PREVENTIVE
from ansible_collections.webmedic.php_fpm.plugins.module_utils.plan.policy import Policy
from ansible_collections.webmedic.php_fpm.tests.unit.places import ROOT
from ansible_collections.webmedic.php_fpm.tests.unit.safety_table import rows

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


class TestActions:
    def test_the_table_is_what_their_files_say(self) -> None:
        """python3 -m tests.run.action_tables writes it anew."""
        assert table("What an action can cost") == rows((*FILES, *PREVENTIVE))

    def test_each_says_what_it_does_and_what_it_can_cost(self) -> None:
        assert all(len(row) == 6 and all(row) for row in table("What an action can cost"))


class TestPage:
    def test_each_option_that_limits_has_a_row(self) -> None:
        options = " ".join(row[0] for row in table("Options that limit it"))
        assert not [name for name in set(Policy._fields) - NO_LIMIT if "`remediate_%s`" % name not in options]

    @pytest.mark.parametrize("page", [("README.md",), ("roles", "remediate", "README.md")])
    def test_other_pages_lead_to_it(self, page: List[str]) -> None:
        assert "docs/safety.md)" in text(*page)
