# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each field of what passes between the stations is declared once, and everything else agrees with it."""

import json
import os
import shutil
import sys
from typing import Any, Dict, List

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.plan.policy import DISRUPTIONS, RISKS
from ansible_collections.webmedic.php_fpm.plugins.module_utils.rules.model import SEVERITIES, STATES
from ansible_collections.webmedic.php_fpm.tests.unit import shapes
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.hosts import FILES, fixture

jsonschema = pytest.importorskip("jsonschema")
pytestmark = pytest.mark.skipif(sys.version_info < (3, 9), reason="older Pythons give another syntax tree")


def read(path: str) -> Dict[str, Any]:
    with open(path, encoding="utf-8") as stream:
        document: Dict[str, Any] = json.load(stream)
    return document


class TestSnapshot:
    def test_the_schema_is_the_one_of_the_shapes(self) -> None:
        with open(shapes.SNAPSHOT_SCHEMA, encoding="utf-8") as stream:
            assert stream.read() == shapes.snapshot_schema(), "run: python3 tests/unit/shapes.py"

    def test_the_schema_is_valid(self) -> None:
        jsonschema.Draft202012Validator.check_schema(read(shapes.SNAPSHOT_SCHEMA))

    def test_every_saved_snapshot_has_the_declared_keys(self) -> None:
        validator = jsonschema.Draft202012Validator(read(shapes.SNAPSHOT_SCHEMA))
        faults: List[str] = []
        for path in FILES:
            for fault in validator.iter_errors(fixture(path)["snapshot"]):
                faults.append("%s: %s: %s" % (path, "/".join(map(str, fault.path)), fault.message[:200]))
        assert not faults


class TestWords:
    def test_what_a_host_is_sorted_by_is_what_may_be_said(self) -> None:
        """The hosts' Python may have no Literal."""
        declared = shapes.read_shapes("snapshot", "report")
        assert (declared["Severity"].words, declared["State"].words) == (SEVERITIES, STATES)
        assert (declared["Risk"].words, declared["Disruption"].words) == (RISKS, DISRUPTIONS)


class TestMypy:
    @pytest.mark.parametrize(
        ("body", "right", "wrong", "fault"),
        [
            ("snapshot['nginx']['routes'][0]['read_timeout']['%s']", "line", "lien", "has no key"),
            (
                "snapshot['endpoints']['x']['connect']['result'] == '%s'",
                "denied",
                "deneid",
                "comparison-overlap",
            ),
            (
                "snapshot['endpoints']['x']['probe']['result'] == '%s'",
                "closed",
                "ok",
                "comparison-overlap",
            ),
        ],
    )
    def test_it_finds_what_is_misspelt(
        self, tmp_path: Any, body: str, right: str, wrong: str, fault: str
    ) -> None:
        """On a copy of one small file and of the shapes: this is what they are for."""
        api = pytest.importorskip("mypy.api")
        room = tmp_path / "utils"
        shutil.copytree(shapes.SHAPES, str(room / "shapes"))
        (room / "__init__.py").write_text("")
        code = "from .shapes.snapshot import Snapshot\n\n\n"
        code += "def first(snapshot: Snapshot) -> object:\n    return %s\n"
        options = ["--strict-equality", "--no-incremental", "--cache-dir", os.devnull, str(room)]
        for word in (right, wrong):
            (room / "reader.py").write_text(code % (body % word))
            output, _errors, status = api.run(options)
            assert (fault in output, status != 0) == (word == wrong, word == wrong), output
