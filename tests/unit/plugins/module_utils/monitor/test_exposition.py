# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Metrics as text: no name that a host chose breaks the format, and no series stands there twice."""

import re
from typing import Dict, List

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.monitor import metrics
from ansible_collections.webmedic.php_fpm.plugins.module_utils.monitor.exposition import (
    LONGEST,
    Family,
    Sample,
    text,
)

FAMILIES = [Family("a_total", "counter", "Of a."), Family("b", "gauge", "Of b.")]
SERIES = re.compile(r'^([a-z_]+)\{((?:[a-z]+="(?:[^"\\\n]|\\["\\n])*",?)*)\} (-?[0-9.e+]+)$')
PAIR = re.compile(r'([a-z]+)="((?:[^"\\]|\\.)*)"')
HOSTILE = [
    'a"b',
    "a\nwebmedic_pool_saturated{} 0",
    "a\\",
    'a\\"} 1\n# TYPE b counter\nb{x="',
    "\udcff\x00\x7f\u202e",
    "",
    "{{ 7 * 7 }}",
    "x" * 5000,
]


def lines(samples: List[Sample]) -> List[str]:
    return [line for line in text(FAMILIES, samples).split("\n") if line and not line.startswith("#")]


def labels(line: str) -> Dict[str, str]:
    match = SERIES.match(line)
    assert match, line
    undone = {"\\\\": "\\", "\\n": "\n", '\\"': '"'}
    return {
        name: re.sub(r"\\.", lambda found: undone[found.group()], value)
        for name, value in PAIR.findall(match.group(2))
    }


class TestText:
    def test_as_node_exporter_reads_it(self) -> None:
        samples = [Sample("b", {"pool": "www"}, 1.5), Sample("a_total", {}, 3.0)]
        assert text(FAMILIES, samples) == (
            "# HELP a_total Of a.\n# TYPE a_total counter\na_total{} 3\n"
            '# HELP b Of b.\n# TYPE b gauge\nb{pool="www"} 1.5\n'
        )

    def test_a_family_without_samples_is_left_out(self) -> None:
        assert text(FAMILIES, []) == ""

    @pytest.mark.parametrize("name", HOSTILE)
    def test_no_name_breaks_out_of_its_label(self, name: str) -> None:
        (line,) = lines([Sample("b", {"pool": name, "site": name}, 1.0)])
        written = labels(line)
        assert set(written) == {"pool", "site"}
        line.encode("utf-8")
        assert "\x00" not in line and "\u202e" not in line
        if len(name) < LONGEST and "\udcff" not in name:
            assert written["pool"] == name

    def test_one_series_twice_stands_once(self) -> None:
        """Else node exporter would refuse the whole file."""
        assert lines([Sample("b", {"pool": "x"}, 1.0), Sample("b", {"pool": "x"}, 2.0)]) == ['b{pool="x"} 1']

    def test_two_long_names_stay_two(self) -> None:
        pair = [Sample("b", {"pool": "x" * 500 + end}, 1.0) for end in "ab"]
        assert len(lines(pair)) == 2
        assert all(len(labels(line)["pool"]) == LONGEST for line in lines(pair))


class TestFamilies:
    def test_each_is_named_by_type_and_place(self) -> None:
        for family in metrics.FAMILIES:
            assert family.name.startswith("webmedic_")
            assert family.name.endswith("_total") == (family.type == "counter")
            assert family.type in ("gauge", "counter") and family.help.endswith(".")
