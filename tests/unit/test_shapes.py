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


class TestKeys:
    def test_mypy_finds_a_misspelt_key(self, tmp_path: Any) -> None:
        """On a copy of one small file and of the shapes: this is what they are for."""
        api = pytest.importorskip("mypy.api")
        room = tmp_path / "utils"
        shutil.copytree(shapes.SHAPES, str(room / "shapes"))
        (room / "__init__.py").write_text("")
        body = (
            "from .shapes.snapshot import Snapshot\n\n\n"
            "def first(snapshot: Snapshot) -> int:\n"
            "    return snapshot['nginx']['routes'][0]['read_timeout']['%s'] or 0\n"
        )
        for key, wrong in (("line", False), ("lien", True)):
            (room / "reader.py").write_text(body % key)
            output, _errors, status = api.run(["--no-incremental", "--cache-dir", os.devnull, str(room)])
            assert ("has no key" in output, status != 0) == (wrong, wrong), output
