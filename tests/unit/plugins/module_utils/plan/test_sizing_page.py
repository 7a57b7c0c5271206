# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table of docs/sizing.md is what the code says."""

import os
import re
from typing import List

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.plan.sizing import (
    size,
)
from ansible_collections.webmedic.php_fpm.plugins.module_utils.work.step import Refusal
from ansible_collections.webmedic.php_fpm.tests.unit.places import ROOT
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.plan.capacity import (
    WWW,
    a_host,
    a_pool,
    busy,
)

PAGE = os.path.join(ROOT, "docs", "sizing.md")


def table() -> List[List[str]]:
    with open(PAGE, encoding="utf-8") as stream:
        rows = [
            [cell.strip() for cell in line.strip().strip("|").split("|")]
            for line in stream
            if line.startswith("|")
        ]
    return [row for row in rows if len(row) == 11 and row[0].isdigit()]


class TestPage:
    def test_it_has_its_table(self) -> None:
        """The test of its rows would be empty, and green, if it were not found. Every bound has a row."""
        assert len(table()) >= 8
        assert {"memory", "cpu", "demand", "process.max", "refused"} <= {row[9] for row in table()}

    @pytest.mark.parametrize("row", table(), ids=" ".join)
    def test_it_shows_what_the_code_says(self, row: List[str]) -> None:
        limit, others, shared, other_pools, cores, now, each, requests, value, bound, guide = row
        rest = [
            a_pool("other%d" % number, int(most), float(mib))
            for number, (most, mib) in enumerate(re.findall(r"(\d+) x (\d+)", other_pools))
        ]
        cap = re.search(r"of (\d+)", now)
        mine = a_pool(
            "www", int(now.split()[0]), float(each), int(shared), process_max=int(cap.group(1)) if cap else 0
        )
        facts = a_host(int(limit), int(others), float(cores), [mine] + rest)
        served, waiting, arrived, answered = [
            int(number or 0) for number in re.findall(r"^(\d+) \+ (\d+)(?:, (\d+) : (\d+))?$", requests)[0]
        ]
        if bound == "refused":
            with pytest.raises(Refusal):
                size(facts, WWW, busy(waiting, served, arrived, answered))
            return
        result = size(facts, WWW, busy(waiting, served, arrived, answered))
        assert (str(result.value), result.bound, str(result.guide)) == (value, bound, guide)
