# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a program said is cut by a parser, once. A rule reads its fields, and shows its text as evidence."""

import ast
import os
from typing import Container, Dict, Iterator, List, Set, Tuple

import pytest
from ansible_collections.webmedic.php_fpm.tests.unit.sources import PLUGINS, UTILS, parsed, python_files

PARSE = os.path.join("plugins", "module_utils", "parse", "")
RULES = os.path.join("plugins", "module_utils", "rules", "")
# Methods by which a text is searched or cut, and those of which comes another text.
CUT = {
    "search",
    "match",
    "fullmatch",
    "findall",
    "finditer",
    "find",
    "rfind",
    "index",
    "count",
    "sub",
    "subn",
}
CUT |= {"split", "rsplit", "splitlines", "partition", "rpartition", "replace", "startswith", "endswith"}
MADE = {"strip", "lstrip", "rstrip", "lower", "upper", "join", "get"}
# Keys, attributes and parameters that hold what a program said.
TEXTS = {"text", "output", "limit_from"}
# Those that hold a sentence of ours for a person. What is decided goes by the kind beside it.
SENTENCES = {"why", "summary", "error", "msg"}
SEARCHED = CUT - {"sub", "subn"}  # which make another text to show
SEVERAL = (ast.List, ast.Tuple, ast.ListComp, ast.SetComp, ast.GeneratorExp)
DECIDING = ("plugin_utils", "action", "callback", "filter", "lookup")
DECIDING += tuple(os.path.join("module_utils", name) for name in ("plan", "actions", "prevent", "remediate"))
# Not to decide: what reads alike is shown once. Or of another release, which had the sentence alone.
ALIKE = {
    os.path.join("plugins", "plugin_utils", *path): lines
    for path, lines in (
        (("gate", "gate_step.py"), 1),
        (("gate", "gate_table.py"), 1),
        (("reports", "errors.py"), 1),
    )
}


def is_text(node: ast.AST, names: Container[str] = (), keys: Container[str] = frozenset(TEXTS)) -> bool:
    """x["text"], x.text, a part of it, what is made of it, a list of such, or one of the names."""
    if isinstance(node, ast.Name):
        return node.id in names
    if isinstance(node, ast.Attribute):
        return node.attr in keys
    if isinstance(node, ast.Subscript):
        key = getattr(node.slice, "value", node.slice)  # an Index before Python 3.9
        return getattr(key, "value", getattr(key, "s", key)) in keys or is_text(node.value, names, keys)
    if isinstance(node, ast.Call):
        if isinstance(node.func, ast.Name) and node.func.id == "str":
            return any(is_text(part, names, keys) for part in node.args)
        method = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        key = getattr(node.args[0], "value", None) if node.args else None
        if method == "get":
            return isinstance(key, str) and key in keys
        return method in MADE and any(is_text(part, names, keys) for part in [node.func.value, *node.args])
    parts: Dict[type, Tuple[str, ...]] = {
        ast.IfExp: ("body", "orelse"),
        ast.BoolOp: ("values",),
        ast.BinOp: ("left", "right"),
        ast.ListComp: ("elt",),
        ast.SetComp: ("elt",),
        ast.GeneratorExp: ("elt",),
        ast.List: ("elts",),
        ast.Tuple: ("elts",),
    }
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod):
        return False  # a sentence for people, in which it is shown
    for name in parts.get(type(node), ()):
        value = getattr(node, name)
        if any(is_text(part, names, keys) for part in (value if isinstance(value, list) else [value])):
            return True
    return False


def _bound(node: ast.AST) -> List[Tuple[ast.AST, ast.AST]]:
    """(target, value) of each name that is given a value there."""
    if isinstance(node, ast.Assign):
        target, value = node.targets[0], node.value
        if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
            return list(zip(target.elts, value.elts))
        return [(target, value)]
    if isinstance(node, ast.AnnAssign) and node.value:
        return [(node.target, node.value)]
    if isinstance(node, (ast.For, ast.comprehension)):
        return [(node.target, node.iter)]
    return []


def names_of_texts(tree: ast.AST, keys: Container[str]) -> Set[str]:
    """Of variables that are such a text, and of parameters that are called so."""
    nodes = list(ast.walk(tree))
    names = {node.arg for node in nodes if isinstance(node, ast.arg) and node.arg in keys}
    bound = [pair for node in nodes for pair in _bound(node)]
    while True:
        more = {
            name.id for name, value in bound if isinstance(name, ast.Name) and is_text(value, names, keys)
        }
        if more <= names:
            return names
        names |= more


def parsers_of(tree: ast.AST) -> Set[str]:
    """Names that come from the station that cuts texts."""
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    taken = [node for node in imports if "parse" in (node.module or "").split(".")]
    return {alias.asname or alias.name for node in taken for alias in node.names}


def is_parsed(call: ast.Call, parsers: Container[str], names: Container[str]) -> bool:
    """Whether a parser gets a text, by itself or through map() and the like."""
    values = [*call.args, *(word.value for word in call.keywords)]
    functions = [call.func, *values]
    called = any(isinstance(each, ast.Name) and each.id in parsers for each in functions)
    return called and any(is_text(value, names) for value in values)


def searched(tree: ast.AST) -> Iterator[int]:
    """The lines in which a text is searched, cut, compared or handed to a parser."""
    names, parsers = names_of_texts(tree, TEXTS), parsers_of(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and is_parsed(node, parsers, names):
            yield node.lineno
        parts: List[ast.AST] = []
        if isinstance(node, ast.Compare):
            parts = [node.left, *node.comparators]
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in CUT:
            parts = [node.func.value, *node.args]
        if any(is_text(part, names) for part in parts):
            yield node.lineno


def decided(tree: ast.AST) -> Iterator[int]:
    """The lines in which a sentence of ours is searched or compared, or a name that is bound to one."""
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    inner = {id(node) for function in functions for node in ast.walk(function) if node is not function}
    for part in [tree, *functions]:
        within = inner if part is tree else set()
        nodes = [node for node in ast.walk(part) if id(node) not in within]
        names = SENTENCES - {"error"}  # which may be an exception
        names |= {node.arg for node in nodes if isinstance(node, ast.arg) and node.arg in SENTENCES}
        names |= {
            target.id
            for node in nodes
            for target, value in _bound(node)
            if isinstance(target, ast.Name)
            and not isinstance(value, SEVERAL)
            and is_text(value, (), SENTENCES)
        }
        for node in nodes:
            sides: List[ast.AST] = []
            if isinstance(node, ast.Compare) and not isinstance(node.ops[0], (ast.Is, ast.IsNot)):
                sides = [node.left, *node.comparators]
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                sides = [node.func.value, *node.args] if node.func.attr in SEARCHED else []
            if any(is_text(side, names, SENTENCES) for side in sides if not isinstance(side, SEVERAL)):
                yield getattr(node, "lineno", 0)


class TestTexts:
    @pytest.mark.parametrize("path", [path for path in python_files(UTILS) if path.startswith(RULES)])
    def test_no_rule_searches_what_a_program_said(self, path: str) -> None:
        assert not list(searched(parsed(path))), "give the event a field, or the message a meaning"

    @pytest.mark.parametrize(
        "code",
        [
            'GONE in event["sample"]["text"]',
            'not "x" not in line["text"]',
            '_ZONE.search(newest["sample"]["text"])',
            're.match(r"x", entry["text"][:20])',
            'entry["text"].startswith("x")',
            'entry["text"] == words',
            'text, page = event["sample"]["text"], 1; CLOSED.search(text)',
            'failure.text.endswith("x")',
            '_TIME.sub("", failure.text)',
            'text = failure.text if failure else ""; "(13)" in text',
            'all_of_it = "\\n".join(each["text"] for each in proof); _FORK.search(all_of_it)',
            'texts = [line["text"] for line in log]; hit = [each for each in texts if "x" in each]',
            'path = (facts["limit_from"] or "").partition("cgroup ")[2]',
            'any(entry["text"] == failure.text for entry in lines)',
            'for line in test["output"]: ended = line.startswith("x")',
            'def rule(unit, text): return "x" in text',
            '"x" in (event["sample"].get("text") or "").lower()',
            'from ...parse.x import cut; output = test["output"]; cut(output)',
            'from ...parse.x import cut; fault = cut(entry["text"]) if entry else None',
            'from ...parse.x import cut as other; other(unit, words=hook["text"])',
            'from ...parse.x import cut; cut([line["text"] for line in lines])',
            'from ...parse.x import cut; found = map(cut, test["output"])',
        ],
    )
    def test_hit_each_way_to_search_a_text(self, code: str) -> None:
        assert list(searched(ast.parse(code))) == [1]

    @pytest.mark.parametrize(
        "code",
        [
            'evidence("kernel", fault["text"], at=fault["at"])',
            'why % (count, lost[-1].event["sample"]["text"])',
            'words = "%s: %s" % (name, entry["text"]); "x" in words',
            '"text" in event',
            'event["detail"]["path"].startswith("/")',
            "attempt_of(unit)",
            'from ...parse.x import cut; cut(event["detail"]["path"])',
            'from ..model import evidence; evidence("journal", entry["text"])',
            'from ...parse.x import cut; cut(path); evidence("journal", entry["text"])',
        ],
    )
    def test_near_miss_a_text_that_is_shown(self, code: str) -> None:
        assert not list(searched(ast.parse(code)))


def read_again(tree: ast.AST) -> bool:
    """Whether a function gets the sample of an event."""
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    parts = [node for call in calls for part in call.args for node in ast.walk(part)]
    return any(isinstance(node, ast.Subscript) and "'sample'" in ast.dump(node.slice) for node in parts)


class TestEvents:
    @pytest.mark.parametrize("path", [path for path in python_files(UTILS) if path.startswith(PARSE)])
    def test_no_parser_reads_a_line_again(self, path: str) -> None:
        assert not read_again(parsed(path)), "note it where the log is read"

    def test_hit_the_newest_line_of_an_event(self) -> None:
        assert read_again(ast.parse('read_line(event["sample"]["text"])'))

    def test_near_miss_what_is_shown(self) -> None:
        assert not read_again(ast.parse('StartFailure(text=event["sample"]["text"])'))


class TestSentences:
    @pytest.mark.parametrize("folder", DECIDING)
    def test_nothing_is_decided_by_a_sentence_of_ours(self, folder: str) -> None:
        for path in python_files(os.path.join(PLUGINS, folder)):
            lines = set(decided(parsed(path)))
            assert len(lines) == ALIKE.get(path, 0), "%s, lines %s: ask for the kind" % (path, lines)

    @pytest.mark.parametrize(
        "code",
        [
            'str(entry.get("error") or "").startswith(NOT_FINISHED)',
            "why, kind = failure(result), 1; why.startswith(NO_DIAGNOSIS)",
            'action["why"] == "not among remediate_only"',
            'why = outcome.why; "ACL" in why',
            'def rest(why): return "panel" in why',
            'taken.get("why", "").replace("remediate_", "prevent_")',
        ],
    )
    def test_hit_each_way_to_decide_by_one(self, code: str) -> None:
        assert set(decided(ast.parse(code))) == {1}

    @pytest.mark.parametrize(
        "code",
        [
            'action["refusal_kind"] == "max_cut"',
            'STAMPS.sub("", first["why"])',
            '"; ".join(filter(None, (outcome.why, why)))',
            '"error" in entry',
        ],
    )
    def test_near_miss_what_is_only_shown(self, code: str) -> None:
        assert not set(decided(ast.parse(code)))
