# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rules as a whole: each has a hit, a near miss and a decoy, and each reason that the code can give has a
hit and words.
"""

import ast
import importlib
import os
from typing import Any, Dict, List, Set, Tuple

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.rules.lost_requests import ROWS
from ansible_collections.webmedic.php_fpm.plugins.module_utils.rules.registry import (
    CAUSES,
    HOST_RULES,
    RULES,
)
from ansible_collections.webmedic.php_fpm.tests.unit.places import ROOT
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules import hosts

NAMES = [rule.name for rule in RULES]
HERE = os.path.dirname(os.path.abspath(__file__))
UTILS = os.path.join(ROOT, "plugins", "module_utils")
RULES_FOLDER = os.path.join(UTILS, "rules")
# A rule -> other files that spell reasons of it.
ALSO_SPELLED_IN = {
    "lost_requests": [os.path.join(RULES_FOLDER, "lost_on_tcp.py")],
    "max_children_exhausted": [
        os.path.join(RULES_FOLDER, name + ".py")
        for name in ("waiting", "self_request", "after_answer", "no_worker", "slow_visitors")
    ],
    "fastcgi_read_timeout": [os.path.join(RULES_FOLDER, "waiting.py")],
    "socket_path_mismatch": [
        os.path.join(UTILS, "parse", "endpoint.py"),
        os.path.join(RULES_FOLDER, "older_nginx.py"),
        os.path.join(RULES_FOLDER, "older_pool.py"),
    ],
    "socket_permission_denied": [os.path.join(RULES_FOLDER, "confined.py")],
    "fpm_not_running": [
        os.path.join(RULES_FOLDER, name + ".py")
        for name in ("not_running", "failed_starts", "confined_start", "killed_for_memory")
    ],
}
WORDS_FOLDER = os.path.join(ROOT, "plugins", "plugin_utils", "words")
OTHERS = {
    "__init__",
    "after_answer",
    "blocked_words",
    "http_to_fpm",
    "jit_code",
    "no_worker",
    "slow_visitors",
    "access_losses",
    "caught_stderr",
    "earlier",
    "nginx_error_reasons",
    "nginx_own",
    "php_error_reasons",
    "php_refuses",
    "rate_limited",
    "self_request",
    "visitors",
    "silence",
    "case",
    "confined",
    "confined_start",
    "diagnose",
    "down",
    "engine",
    "failed_pages",
    "failed_starts",
    "found_again",
    "front_pages",
    "fpm_was_down",
    "killed_for_memory",
    "missing",
    "mapped",
    "no_server_reasons",
    "odd_masters",
    "model",
    "nearest_pool",
    "older_nginx",
    "older_pool",
    "not_running",
    "registry",
    "script_ways",
    "seen",
    "start_commands",
    "status",
    "timeline",
    "tries",
    "lost_on_tcp",
    "spared",
    "unscathed",
    "whereabouts",
    "peers",
    "waiting",
}
TESTS = "ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.test_"


def tree(path: str) -> ast.AST:
    with open(path, encoding="utf-8") as stream:
        return ast.parse(stream.read())


def text_of(node: Any) -> Any:
    """A string literal's value; ast.Str before Python 3.8."""
    value = node.value if hasattr(node, "value") else getattr(node, "s", None)
    return value if isinstance(value, str) else None


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


def reasons_of(name: str) -> Set[str]:
    """Ids of the reasons that a rule can give: those of the catalogue that its source spells, those that it
    hands to Match(), and those of the rows.
    """
    path = os.path.join(RULES_FOLDER, name + ".py")
    module = tree(path)
    parts = [module] + [tree(other) for other in ALSO_SPELLED_IN.get(name, [])]
    spelled = {text_of(node) for part in parts for node in ast.walk(part)}
    reasons = {reason for cause, reason in KEYS if cause == name and reason in spelled}
    for node in [node for part in parts for node in ast.walk(part)]:
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Match":
            reasons.add(text_of(node.args[1]))
    if name == "lost_requests":
        reasons |= {row.reason for row in ROWS}
    return reasons - {None}


def hits(name: str) -> Dict[str, Any]:
    return dict(importlib.import_module(TESTS + name).HITS)


@pytest.mark.parametrize("name", NAMES)
class TestEachRule:
    @pytest.mark.parametrize("kind", ["hit", "near_miss", "decoy"])
    def test_it_has_a_test_of_each_kind(self, name: str, kind: str) -> None:
        nodes = ast.walk(tree(os.path.join(HERE, "test_%s.py" % name)))
        names: List[str] = [getattr(node, "name", "") for node in nodes]
        assert [each for each in names if each.startswith("test_%s_" % kind)]

    def test_every_reason_that_it_can_give_has_a_hit(self, name: str) -> None:
        assert reasons_of(name) and reasons_of(name) == set(hits(name))

    def test_every_finding_of_its_hits_has_words_for_people(self, name: str) -> None:
        for make in hits(name).values():
            for item in hosts.verdict(make())["findings"]:
                assert (item["cause"], item["reason"]) in KEYS or (item["cause"], None) in KEYS


class TestRegistry:
    def test_every_rule_is_listed_once_with_a_file(self) -> None:
        rules = NAMES + [rule.name for rule in HOST_RULES]
        assert len(set(rules)) == len(rules)
        files = {name[: -len(".py")] for name in os.listdir(RULES_FOLDER) if name.endswith(".py")}
        assert files - OTHERS == set(rules)

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
