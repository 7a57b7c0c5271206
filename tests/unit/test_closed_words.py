# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A closed word that is looked for in a tuple: mypy takes the words there for any text."""

import ast
import functools
import os
import sys
from typing import Dict, FrozenSet, List, Mapping, Set, Tuple

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.ahead.look import RELEVANT
from ansible_collections.webmedic.php_fpm.plugins.module_utils.rules.status import NEEDED_FOR_HEALTH
from ansible_collections.webmedic.php_fpm.tests.unit import shapes
from ansible_collections.webmedic.php_fpm.tests.unit.sources import PLUGINS, parsed, python_files

pytestmark = pytest.mark.skipif(sys.version_info < (3, 9), reason="older Pythons give another syntax tree")

Keys = Tuple[str, ...]


@functools.lru_cache(maxsize=None)
def closed_words() -> Dict[Keys, Set[str]]:
    """By the key of a field, or by the last two: all that it may be. A key of which one field is any text is
    known with the key before it alone.
    """
    found: Dict[Keys, Set[str]] = {}
    plain: Set[str] = set()
    for file in os.listdir(shapes.SHAPES):
        known = shapes.read_shapes(file[:-3]) if file.endswith(".py") else {}
        for name, field in [pair for shape in known.values() for pair in shape.fields.items()]:
            kinds = [known[node.id] for node in ast.walk(field.kind) if getattr(node, "id", "") in known]
            words = {word for kind in kinds for word in kind.words}
            found.setdefault((name,), set()).update(words)
            plain.update(() if words else (name,))
            for kind in kinds:
                for inner, its in kind.fields.items():
                    words = set(known[its.kind.id].words if getattr(its.kind, "id", "") in known else ())
                    found.setdefault((name, inner), set()).update(words)
    return {
        keys: words for keys, words in found.items() if words and not (keys[1:] == () and keys[0] in plain)
    }


def keys_of(node: ast.AST) -> Keys:
    """("connect", "result") of x["connect"]["result"] and of x.connect["result"]. No shape has attributes."""
    key = getattr(getattr(node, "slice", None), "value", None)
    if not isinstance(node, ast.Subscript) or not isinstance(key, str):
        return ()
    before = node.value.attr if isinstance(node.value, ast.Attribute) else "".join(keys_of(node.value)[-1:])
    return (before, key)


def bound(function: ast.AST) -> Dict[str, Keys]:
    """Names that are bound once in it, by the keys of what they are bound to."""
    found: Dict[str, List[Keys]] = {}
    for node in ast.walk(function):
        if isinstance(node, ast.Assign):
            target, value = node.targets[0], node.value
            pairs = [(target, value)]
            if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
                pairs = list(zip(target.elts, value.elts))
            for each, its in pairs:
                found.setdefault(getattr(each, "id", ""), []).append(keys_of(its))
    return {name: keys[0] for name, keys in found.items() if not keys[1:]}


def misspelt(tree: ast.AST, closed: Mapping[Keys, Set[str]]) -> List[str]:
    """Words of a tuple that the closed word which is looked for there never is."""
    found: List[str] = []
    for function in [tree, *[node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]]:
        names = {} if function is tree else bound(function)
        for node in ast.walk(function):
            if not isinstance(node, ast.Compare) or not isinstance(node.ops[0], (ast.In, ast.NotIn)):
                continue
            if isinstance(node.left, ast.Name) != (function is not tree):
                continue
            keys = names.get(node.left.id, ()) if isinstance(node.left, ast.Name) else keys_of(node.left)
            words = closed.get(keys) or closed.get(keys[-1:])
            texts = [getattr(each, "value", None) for each in getattr(node.comparators[0], "elts", [])]
            found += [text for text in texts if words and isinstance(text, str) and text not in words]
    return found


class TestTuples:
    def test_each_holds_declared_words(self) -> None:
        closed = closed_words()
        assert {("connect", "result"), ("probe", "result"), ("status_after",), ("severity",)} <= set(closed)
        for path in python_files(PLUGINS):
            assert not misspelt(parsed(path), closed), path

    @pytest.mark.parametrize(
        ("code", "wrong"),
        [
            ('case.connect["result"] in ("ok", "ful")', ["ful"]),
            ('facts["probe"]["result"] not in ("closd",)', ["closd"]),
            (
                'def f(): seen, its = 1, place["connect"]["result"]; its in ("denied", "refussed")',
                ["refussed"],
            ),
            ('item["outcome"] in ("done", "buzy")', ["buzy"]),
            ('unit["result"] in ("oom-kill", "signal")', []),
        ],
    )
    def test_a_misspelt_one_is_seen(self, code: str, wrong: List[str]) -> None:
        assert misspelt(ast.parse(code), closed_words()) == wrong


class TestMissing:
    """Words that cost health, and those on which an answer rests. mypy sees to all others."""

    @pytest.mark.parametrize("words", [NEEDED_FOR_HEALTH, RELEVANT])
    def test_each_is_declared(self, words: FrozenSet[str]) -> None:
        assert words <= set(shapes.read_shapes("missing")["What"].words)
