# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a host is sent: how much it is, that it needs nothing else, and that the oldest Python takes it."""

import ast
import os
import sys
from typing import Iterator

import pytest
from ansible_collections.webmedic.php_fpm.tests.unit.places import ROOT
from ansible_collections.webmedic.php_fpm.tests.unit.sources import (
    MODULES,
    UTILS,
    parsed,
    python_files,
    shipped_with,
    source,
    station_of,
)

# Bytes. What is imported at once is compiled on each host, the rest where it is needed.
AT_ONCE_LIMIT = 533 * 1000
SHIPPED_LIMIT = 1329 * 1000
# The diagnosis with all that mends. A host pays for it once, before a change that takes seconds.
SHIPPED_LIMIT_OF_CHANGE = 1730 * 1000
CHANGES = {"remediation.py", "fpm_config.py", "nginx_config.py", "swap_file.py", "site_pair.py"}
# The diagnosis with what foresees the next restart, with all that prevents, and with all that may be shown of
# a configuration. They are asked for by name.
SHIPPED_LIMITS = {"risk_info.py": 1730 * 1000, "prevention.py": 1953 * 1000, "bundle_info.py": 1410 * 1000}


def too_new(path: str) -> Iterator[str]:
    """What Python 3.6 has the grammar for, but not the library."""
    for node in ast.walk(parsed(path)):
        if (
            isinstance(node, ast.ImportFrom)
            and node.module == "__future__"
            and any(alias.name == "annotations" for alias in node.names)
        ):
            yield "line %d: from __future__ import annotations" % node.lineno
        if isinstance(node, (ast.Import, ast.ImportFrom)) and "dataclasses" in [
            getattr(node, "module", None)
        ] + [alias.name for alias in node.names]:
            yield "line %d: dataclasses" % node.lineno
        if isinstance(node, ast.Attribute) and node.attr in ("removeprefix", "removesuffix", "fromisoformat"):
            yield "line %d: %s" % (node.lineno, node.attr)
        if isinstance(node, ast.Call):
            function = getattr(node.func, "attr", "")
            if function in ("run", "Popen", "check_output") and {"text", "capture_output"} & {
                word.arg for word in node.keywords
            }:
                yield "line %d: subprocess with text or capture_output" % node.lineno


class TestShipped:
    @pytest.mark.parametrize("path", python_files(UTILS) + python_files(MODULES))
    def test_a_host_needs_nothing_of_the_controller(self, path: str) -> None:
        """The engine does not send plugin_utils: from there come shapes, for the type checker alone."""
        tree = parsed(path)
        typing_only = [
            node for node in tree.body if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
        ]
        checked = {id(node) for block in typing_only for node in ast.walk(block)}
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and "plugin_utils" in (node.module or ""):
                assert id(node) in checked and "plugin_utils.shapes." in (node.module or "")

    @pytest.mark.parametrize("path", python_files(MODULES))
    def test_what_a_module_ships_stays_small(self, path: str) -> None:
        """A host compiles it at each run: 35 to 40 ms for every 100 KB (make bench). The module's own file is
        not counted: most of it is documentation, a text that costs nothing to compile.
        """
        sizes = {
            name: os.path.getsize(os.path.join(ROOT, name)) for name in shipped_with(path) if name != path
        }
        name = os.path.basename(path)
        limit = SHIPPED_LIMITS.get(name, SHIPPED_LIMIT_OF_CHANGE if name in CHANGES else SHIPPED_LIMIT)
        assert sum(sizes.values()) < limit, sorted(sizes.items(), key=lambda item: -item[1])[:10]

    def test_what_the_diagnosis_compiles_at_once_stays_small(self) -> None:
        module = os.path.join("plugins", "modules", "diagnosis_info.py")
        sizes = {
            name: os.path.getsize(os.path.join(ROOT, name))
            for name in shipped_with(module, at_once=True)
            if name != module
        }
        assert 300 * 1000 < sum(sizes.values()) < AT_ONCE_LIMIT

    def test_the_diagnosis_ships_nothing_of_the_risks(self) -> None:
        shipped = shipped_with(os.path.join("plugins", "modules", "diagnosis_info.py"))
        stations = ("ahead", "prevent")
        assert not [
            path for path in shipped if "latent" in path.split(os.sep) or station_of(path) in stations
        ]

    def test_the_diagnosis_ships_its_rules(self) -> None:
        """The measure of what is shipped would be worth nothing if it lost its way."""
        shipped = shipped_with(os.path.join("plugins", "modules", "diagnosis_info.py"))
        assert os.path.join("plugins", "module_utils", "rules", "workers", "worker_oom_killed.py") in shipped
        assert os.path.join("plugins", "module_utils", "collect", "host.py") in shipped

    @pytest.mark.skipif(
        sys.version_info < (3, 8),
        reason="this Python cannot be asked for an older grammar; it is the older grammar, nearly",
    )
    @pytest.mark.parametrize("path", python_files(UTILS) + python_files(MODULES))
    def test_what_runs_on_hosts_is_python_3_6(self, path: str) -> None:
        ast.parse(source(path), feature_version=(3, 6))
        assert not list(too_new(path))
