# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The script is whole: it runs with the files that it is made of, and nothing else of the collection."""

import ast
import json
import os
import subprocess
import sys
from typing import Any

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.monitor import main, program


@pytest.fixture(name="files", scope="module")
def fixture_files() -> Any:
    return program.files(main.__name__)


class TestFiles:
    def test_it_has_what_it_imports_and_no_more(self, files: Any) -> None:
        assert "webmedic_monitor/parse/linux/sock_rows.py" in files
        assert "webmedic_monitor/collect/php_fpm/idle.py" in files  # loaded only where it is needed
        assert not [
            path for path in files if "/rules/" in path or "/change/" in path or "plugin_utils" in path
        ]

    def test_each_import_leads_to_a_file_of_it(self, files: Any) -> None:
        known = {path[: -len(".py")] for path in files} | {os.path.dirname(path) for path in files}
        for path, source in files.items():
            tree = ast.parse(source)
            typing_only = [
                id(inner)
                for node in tree.body
                if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
                for inner in ast.walk(node)
            ]
            for node in ast.walk(tree):
                if isinstance(node, ast.ImportFrom) and node.level and id(node) not in typing_only:
                    folder = os.path.dirname(path)
                    for _step in range(node.level - 1):
                        folder = os.path.dirname(folder)
                    base = os.path.join(folder, *(node.module or "").split(".")).rstrip("/")
                    assert base in known, (path, base)

    def test_it_runs_alone_and_goes_on_where_it_was(self, files: Any, tmp_path: Any) -> None:
        for path, source in files.items():
            place = tmp_path / "program" / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(source)
        for name in ("state", "metrics"):
            (tmp_path / name).mkdir()
        settings = {name: str(tmp_path / name) for name in ("state", "metrics")}
        (tmp_path / "settings.json").write_text(json.dumps(dict(settings, host='a "host"\n')))
        argv = [sys.executable, "-I", "-S", "-B", str(tmp_path / "program"), str(tmp_path / "settings.json")]
        for _run in range(2):
            done = subprocess.run(
                argv, cwd="/", stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
            )
            assert (done.returncode, done.stdout) == (0, b"")
        text = (tmp_path / "metrics" / "webmedic.prom").read_text()
        assert 'webmedic_last_run_timestamp_seconds{host="a \\"host\\"\\n"} ' in text
        state = json.loads((tmp_path / "state" / "state.json").read_text())
        assert state["version"] == 1 and state["watched"]["found"]
