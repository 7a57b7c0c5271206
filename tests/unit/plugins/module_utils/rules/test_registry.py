# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rules as a whole. Each has a hit, a near miss and a decoy, and each reason that a cause declares has a
hit and words.
"""

import ast
import glob
import importlib
import os
from types import ModuleType
from typing import Any, Iterator, List, Set, Tuple

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.rules.latent.registry import CAUSES as RISKS
from ansible_collections.webmedic.php_fpm.plugins.module_utils.rules.master.down import REASON_OF
from ansible_collections.webmedic.php_fpm.plugins.module_utils.rules.registry import (
    CAUSES,
    HOST_RULES,
    RULES,
)
from ansible_collections.webmedic.php_fpm.tests.unit.places import ROOT
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules import hosts

NAMES = [rule.name for rule in RULES]
HERE = os.path.dirname(os.path.abspath(__file__))
RULES_FOLDER = os.path.join(ROOT, "plugins", "module_utils", "rules")
WORDS_FOLDER = os.path.join(ROOT, "plugins", "plugin_utils", "catalogue", "words")
COLLECTION = "ansible_collections.webmedic.php_fpm."
RULES_PACKAGE = COLLECTION + "plugins.module_utils.rules"
TESTS_PACKAGE = COLLECTION + "tests.unit.plugins.module_utils.rules"


def tree(path: str) -> ast.AST:
    with open(path, encoding="utf-8") as stream:
        return ast.parse(stream.read())


def catalogue() -> Set[Tuple[str, Any]]:
    """Its keys, read from the sources: it is the controller's, and hosts' Pythons cannot import it."""
    tables = [
        node.value
        for name in sorted(os.listdir(WORDS_FOLDER))
        if name.endswith(".py")
        for node in ast.walk(tree(os.path.join(WORDS_FOLDER, name)))
        if isinstance(node, ast.AnnAssign) and getattr(node.target, "id", "") == "WORDS"
    ]
    assert tables, "no WORDS in %s" % WORDS_FOLDER
    keys = [key for table in tables if isinstance(table, ast.Dict) for key in table.keys if key is not None]
    return {ast.literal_eval(key) for key in keys}


KEYS = catalogue()


def modules(package: str, folder: str, begins: str = "") -> Iterator[ModuleType]:
    """Of the folder and of the rooms in it. The latent rules have a registry of their own."""
    for path in sorted(glob.glob(os.path.join(folder, "**", begins + "*.py"), recursive=True)):
        name = os.path.relpath(path, folder)[: -len(".py")].replace(os.sep, ".")
        if not name.startswith("latent."):
            yield importlib.import_module("%s.%s" % (package, name))


def snapshots() -> List[Any]:
    """The saved ones, and those of HITS of the tests."""
    found = [hosts.fixture(path)["snapshot"] for path in hosts.FILES]
    for module in modules(TESTS_PACKAGE, HERE, "test_"):
        found += [make() for make in getattr(module, "HITS", {}).values()]
    return found


def of_hits() -> Set[Tuple[str, str]]:
    """(cause, reason) of all that is found on them."""
    return {
        (item["cause"], item["reason"]) for each in snapshots() for item in hosts.verdict(each)["findings"]
    }


def rows(module: ModuleType) -> Iterator[str]:
    """The reasons of its tables of (reason, predicate)."""
    for value in vars(module).values():
        for row in value if isinstance(value, tuple) else ():
            if isinstance(row, tuple) and len(row) == 2 and isinstance(row[0], str) and callable(row[1]):
                yield row[0]


@pytest.mark.parametrize("name", NAMES + [rule.name for rule in HOST_RULES])
class TestEachRule:
    @pytest.mark.parametrize("kind", ["hit", "near_miss", "decoy"])
    def test_it_has_a_test_of_each_kind(self, name: str, kind: str) -> None:
        (path,) = glob.glob(os.path.join(HERE, "**", "test_%s.py" % name), recursive=True)
        nodes = ast.walk(tree(path))
        names: List[str] = [getattr(node, "name", "") for node in nodes]
        assert [each for each in names if each.startswith("test_%s_" % kind)]


class TestReasons:
    def test_each_that_is_declared_is_found_on_a_host(self) -> None:
        assert of_hits() == hosts.DECLARED

    def test_each_is_declared_once(self) -> None:
        for cause in CAUSES + RISKS:
            assert cause.reasons and len(set(cause.reasons)) == len(cause.reasons), cause.id

    @pytest.mark.parametrize("package, folder", [(RULES_PACKAGE, RULES_FOLDER)])
    def test_each_row_of_a_table_is_declared(self, package: str, folder: str) -> None:
        """Also one that no test finds on a host."""
        known, seen = {reason for _cause, reason in hosts.DECLARED}, set(REASON_OF.values())
        for module in modules(package, folder):
            seen.update(rows(module))
        assert len(seen) > 40 and seen <= known, seen - known

    def test_each_has_words_of_its_own_or_of_its_cause(self) -> None:
        for cause in CAUSES + RISKS:
            for reason in cause.reasons:
                assert (cause.id, reason) in KEYS or (cause.id, None) in KEYS, (cause.id, reason)

    def test_no_words_are_for_what_no_cause_declares(self) -> None:
        declared = {(cause.id, reason) for cause in CAUSES + RISKS for reason in cause.reasons}
        assert {key for key in KEYS if key[1] is not None} <= declared


class TestRegistry:
    def test_every_rule_is_listed_once_with_a_file(self) -> None:
        rules = [rule.name for rule in RULES] + [rule.name for rule in HOST_RULES]
        files = [
            module.__name__.rpartition(".")[2]
            for module in modules(RULES_PACKAGE, RULES_FOLDER)
            if hasattr(module, "RULE")
        ]
        assert len(set(rules)) == len(rules) and sorted(rules) == sorted(files)

    def test_a_cause_stands_after_those_that_may_bring_it_about(self) -> None:
        """The earlier rule claims the losses. Of the rows of one rule, each counts what it explains."""
        order = {cause.id: number for number, rule in enumerate(RULES) for cause in rule.causes}
        for cause in CAUSES:
            for before in cause.consequence_of:
                assert order[before] < order[cause.id], "%s before %s" % (before, cause.id)

    def test_every_cause_is_declared_once_with_words(self) -> None:
        """For people."""
        ids = [cause.id for cause in CAUSES]
        assert len(set(ids)) == len(ids) and {(name, None) for name in ids} <= KEYS


# Whoever leads or helps all rules. cured.py is a part of lost_requests.py.
LEAD = [
    path
    for folder in (RULES_FOLDER, os.path.join(RULES_FOLDER, "losses"))
    for path in sorted(glob.glob(os.path.join(folder, "*.py")))
    if os.path.basename(path) not in ("lost_requests.py", "writable_config.py", "cured.py")
]


class TestEngine:
    @pytest.mark.parametrize("path", LEAD, ids=[os.path.relpath(path, RULES_FOLDER) for path in LEAD])
    def test_it_knows_no_cause_by_name(self, path: str) -> None:
        """What makes one different is a field of its Cause."""
        texts = {node.value for node in ast.walk(tree(path)) if isinstance(node, ast.Constant)}
        assert not texts & {cause.id for cause in CAUSES + RISKS}

    def test_what_is_special_is_declared(self) -> None:
        assert [cause.id for cause in CAUSES if cause.of_unit] == ["fpm_not_running"]
        assert [cause.id for cause in CAUSES if cause.of_address] == ["socket_path_mismatch"]
