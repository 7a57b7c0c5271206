# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""No file needs another one that needs it. Imports in functions and those for types count, too."""

import ast
import os
from typing import Dict, List, Set, Tuple

import pytest
from ansible_collections.webmedic.php_fpm.tests.unit.sources import PLUGINS, own_imports, parsed, python_files

RULES = os.path.join("plugins", "module_utils", "rules", "")
# What may stay, and why.
LAZY = "only some hosts load it, and what it shares with the other would be one more file for all of them"
TYPE = "for the type checker alone"
MAY_CLOSE_A_CIRCLE = {
    ("collect/pages/front_pages.py", "collect/pages/path_info.py"): LAZY,
    ("collect/pages/front_pages.py", "collect/pages/sent_source.py"): LAZY,
    ("collect/host.py", "collect/far_files.py"): TYPE,
    ("collect/host.py", "collect/trust.py"): TYPE,
    ("rules/losses/access_losses.py", "rules/case.py"): TYPE,
    ("rules/model.py", "rules/case.py"): TYPE,
    ("rules/model.py", "rules/group.py"): TYPE,
    ("rules/nginx/nginx_error_reasons.py", "rules/nginx/nginx_own.py"): LAZY,
    ("rules/pages/php_refuses.py", "rules/pages/found_again.py"): LAZY,
}
Imports = Dict[str, Set[str]]


def in_place(name: str) -> str:
    return os.path.join("plugins", "module_utils", *name.split("/"))


def but(imports: Imports, pair: Tuple[str, str]) -> Imports:
    importer, imported = map(in_place, pair)
    return {**imports, importer: imports[importer] - {imported}}


def needed_by(path: str) -> Set[str]:
    """A cause's file loads its reasons where a host has a hint of them, and these name the cause."""
    assigned = [node.targets[0] for node in parsed(path).body if isinstance(node, ast.Assign)]
    has_rule = any(isinstance(target, ast.Name) and target.id == "RULE" for target in assigned)
    return own_imports(path, at_once=has_rule and path.startswith(RULES))


def circles(imports: Imports) -> List[str]:
    """The files that are in one, or between two."""
    left = {path: others - {path} for path, others in imports.items()}
    for _round in imports:
        needed: Set[str] = set().union(*left.values())
        left = {path: others & set(left) for path, others in left.items() if path in needed}
        left = {path: others for path, others in left.items() if others}
    return sorted(left)


@pytest.fixture(scope="module")
def imports() -> Imports:
    return {path: needed_by(path) for path in python_files(PLUGINS)}


class TestCircles:
    def test_none_is_there_but_those_that_are_named(self, imports: Imports) -> None:
        for pair in MAY_CLOSE_A_CIRCLE:
            imports = but(imports, pair)
        assert circles(imports) == []

    @pytest.mark.parametrize("pair", MAY_CLOSE_A_CIRCLE)
    def test_each_named_one_is_there_still(self, imports: Imports, pair: Tuple[str, str]) -> None:
        for other in MAY_CLOSE_A_CIRCLE:
            if other != pair:
                imports = but(imports, other)
        assert circles(imports)

    @pytest.mark.parametrize("pair", MAY_CLOSE_A_CIRCLE)
    def test_no_named_one_is_imported_at_once(self, pair: Tuple[str, str]) -> None:
        importer, imported = map(in_place, pair)
        assert imported not in own_imports(importer, at_once=True)

    def test_only_a_causes_file_loads_its_reasons_in_functions(self) -> None:
        full_pool = in_place("rules/workers/full_pool.py")
        assert full_pool in own_imports(in_place("rules/workers/max_children_exhausted.py"))
        assert full_pool not in needed_by(in_place("rules/workers/max_children_exhausted.py"))
        assert in_place("rules/pages/found_again.py") in needed_by(in_place("rules/pages/php_refuses.py"))

    def test_hit_a_circle_and_those_around_it_are_told_apart(self) -> None:
        imports = {"a": {"b"}, "b": {"c"}, "c": {"d"}, "d": {"b", "e"}, "e": set()}
        assert circles(imports) == ["b", "c", "d"]

    def test_near_miss_two_ways_to_one_file(self) -> None:
        assert circles({"a": {"b", "c"}, "b": {"d"}, "c": {"d"}, "d": set()}) == []
