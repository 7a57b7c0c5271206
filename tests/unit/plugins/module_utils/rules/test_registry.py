# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rules as a whole: each has a hit, a near miss and a decoy, and each reason that the code can give has a
hit and words.
"""

import ast
import importlib
import os
import re
from typing import Any, Dict, List, Set, Tuple

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.signatures import _TABLES
from ansible_collections.webmedic.php_fpm.plugins.module_utils.rules.case import LOST
from ansible_collections.webmedic.php_fpm.plugins.module_utils.rules.registry import (
    NOTHING_GETS_THROUGH,
    RULES,
)
from ansible_collections.webmedic.php_fpm.tests.unit.places import ROOT
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules import hosts

NAMES = [name for name, _examine in RULES]
HERE = os.path.dirname(os.path.abspath(__file__))
RULES_FOLDER = os.path.join(ROOT, "plugins", "module_utils", "rules")
CATALOGUE = os.path.join(ROOT, "plugins", "plugin_utils", "catalogue.py")
TESTS = "ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.test_"


def tree(path: str) -> ast.AST:
    with open(path, encoding="utf-8") as stream:
        return ast.parse(stream.read())


def text_of(node: Any) -> Any:
    """A string literal's value; ast.Str before Python 3.8."""
    value = node.value if hasattr(node, "value") else getattr(node, "s", None)
    return value if isinstance(value, str) else None


def catalogue() -> Set[Tuple[str, Any]]:
    """Its keys, read from the source: it is the controller's, and hosts' Pythons cannot import it."""
    for node in ast.walk(tree(CATALOGUE)):
        if (
            isinstance(node, ast.AnnAssign)
            and getattr(node.target, "id", "") == "CATALOGUE"
            and isinstance(node.value, ast.Dict)
        ):
            return {ast.literal_eval(key) for key in node.value.keys if key is not None}
    raise AssertionError("no CATALOGUE in %s" % CATALOGUE)


KEYS = catalogue()


def emitted(name: str) -> Set[Tuple[str, str]]:
    """(cause, reason) that a rule's source can give: reasons of the catalogue that it spells, and those it
    hands to case.match() or a row.
    """
    found: Set[Tuple[str, str]] = set()
    module = tree(os.path.join(RULES_FOLDER, name + ".py"))
    spelled = {text_of(node) for node in ast.walk(module)}
    found |= {(cause, reason) for cause, reason in KEYS if cause == name and reason and reason in spelled}
    for node in ast.walk(module):
        function = getattr(node, "func", None)
        if (
            getattr(function, "id", getattr(function, "attr", "")) in ("match", "Row")
            and isinstance(node, ast.Call)
            and len(node.args) > 1
        ):
            cause, reason = [text_of(one) for one in node.args[:2]]
            if reason and (cause or name in dict(RULES)):
                found.add((cause or name, reason))
    return found


def hits(name: str) -> Dict[str, Any]:
    return dict(importlib.import_module(TESTS + name).HITS)


@pytest.mark.parametrize("name", NAMES)
def test_every_rule_has_a_hit_a_near_miss_and_a_decoy(name: str) -> None:
    names: List[str] = [
        getattr(node, "name", "") for node in ast.walk(tree(os.path.join(HERE, "test_%s.py" % name)))
    ]
    for kind in ("hit", "near_miss", "decoy"):
        assert [one for one in names if one.startswith("test_%s_" % kind)], "%s has no %s" % (name, kind)


@pytest.mark.parametrize("name", NAMES)
def test_every_reason_that_a_rule_can_give_has_a_hit(name: str) -> None:
    reasons = {reason for _cause, reason in emitted(name)}
    assert reasons and reasons == set(hits(name))


@pytest.mark.parametrize("name", NAMES)
def test_every_finding_of_the_hits_has_words_for_people(name: str) -> None:
    for make in hits(name).values():
        for item in hosts.verdict(make())["findings"]:
            assert (item["cause"], item["reason"]) in KEYS or (item["cause"], None) in KEYS


def test_every_rule_is_listed_once_and_has_a_file() -> None:
    assert len(set(NAMES)) == len(NAMES) and set(NAMES) >= NOTHING_GETS_THROUGH
    others = {"__init__.py", "case.py", "causes.py", "diagnose.py", "model.py", "registry.py"}
    assert {name for name in os.listdir(RULES_FOLDER) if name.endswith(".py")} - others == {
        name + ".py" for name in NAMES
    }


def test_every_message_of_nginx_that_costs_a_request_is_counted_as_a_loss() -> None:
    """A row of the table is "id phase status format"; c, s and h are the phases before the response. Names
    that are resolved at run time have no endpoint.
    """
    rows = [row.split(" ", 3)[:3] for row in _TABLES["ng"].strip().splitlines()]
    costly = {
        "ng-" + name for name, phase, status in rows if phase in "csh" and status in ("500", "502", "504")
    }
    assert costly - LOST == {"ng-no-live"}, (
        "no live upstreams names the upstream, and its servers' own lines tell why"
    )


def test_every_signature_that_a_rule_asks_for_is_one_that_the_logs_can_give() -> None:
    """A misspelt one would be silence."""
    parse = os.path.join(ROOT, "plugins", "module_utils", "parse")
    known = set()
    for name in ("signatures.py", "php_fpm/log.py", "nginx/log.py", "nginx/log_entry.py"):
        with open(os.path.join(parse, name), encoding="utf-8") as stream:
            known |= set(re.findall(r"[a-z0-9-]{4,}", stream.read()))
    asked = set(LOST)
    for name in os.listdir(RULES_FOLDER):
        if name.endswith(".py"):
            asked |= {
                one
                for one in map(text_of, ast.walk(tree(os.path.join(RULES_FOLDER, name))))
                if one and re.match(r"(ng|fpm)-[a-z0-9-]+\Z", one)
            }

    def plain(one: str) -> str:
        return re.sub(r"^(ng|fpm)-(exit-)?|-core$", "", one)

    assert len(asked) > 40 and not {
        one for one in asked if one not in known and plain(one) not in known and not plain(one).isdigit()
    }
