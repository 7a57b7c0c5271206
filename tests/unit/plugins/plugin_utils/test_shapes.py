# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A finding has the same keys in its shape, at the gate, in the report's schema and in the documentation."""

from __future__ import annotations

import os
from typing import Any

import pytest
import yaml
from ansible_collections.webmedic.php_fpm.plugins.modules import diagnosis_info
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.shapes import FINDING
from ansible_collections.webmedic.php_fpm.tests.unit import shapes
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.plugin_utils.results import finding, schema

# A shape -> the property of a finding in docs/report.schema.json that is a list of it.
LISTED = {"Evidence": "evidence", "RuledOut": "ruled_out", "Remedy": "remedy", "Site": "servers"}
# What the report adds to a finding, from the catalogue.
WORDS = {"title", "fix", "advice", "do_not", "doc"}
# The types of RETURN, by those of JSON.
TYPES = {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "array": "list"}


def declared(name: str) -> dict[str, Any]:
    """The JSON Schema of a shape, alone."""
    return shapes.schema_of(name, shapes.read_shapes("facts", os.path.join("verdict", "finding.py")), "", "")


def keys(made: dict[str, Any]) -> tuple[set[str], set[str]]:
    """(all, required)"""
    return set(made["properties"]), set(made["required"])


class TestFinding:
    @pytest.mark.parametrize("name", sorted(LISTED))
    def test_the_reports_schema_has_the_keys_of_its_parts(self, name: str) -> None:
        assert keys(schema()["$defs"]["finding"]["properties"][LISTED[name]]["items"]) == keys(declared(name))

    @pytest.mark.parametrize("name", ["Missing", "Stranger"])
    def test_the_reports_schema_has_the_keys_of_a_host(self, name: str) -> None:
        assert keys(schema()["$defs"][name.lower()]) == keys(declared(name))

    def test_the_reports_schema_has_the_keys_of_a_finding(self) -> None:
        every, required = keys(declared("Finding"))
        assert keys(schema()["$defs"]["finding"]) == (every | WORDS, required | WORDS)

    def test_the_gate_lets_the_keys_of_a_finding_through(self) -> None:
        assert set(FINDING(finding(), "")) == keys(declared("Finding"))[0]

    def test_the_module_documents_the_keys_of_a_finding(self) -> None:
        documented = yaml.safe_load(diagnosis_info.RETURN)["findings"]["contains"]
        types = {}
        for key, kind in declared("Finding")["properties"].items():
            plain = kind["type"][0] if isinstance(kind["type"], list) else kind["type"]
            types[key] = TYPES[plain]
        assert {key: about["type"] for key, about in documented.items()} == types
