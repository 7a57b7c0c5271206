# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a program said is cut by a parser, once. A rule reads its fields, and shows its text as evidence."""

import ast
import os
from typing import Container, Iterator, List, Set

import pytest
from ansible_collections.webmedic.php_fpm.tests.unit.sources import UTILS, parsed, python_files

RULES = os.path.join("plugins", "module_utils", "rules", "")
# Methods by which a text is searched or cut.
CUT = {"search", "match", "fullmatch", "findall", "finditer", "find", "split", "partition", "rpartition"}
CUT |= {"startswith", "endswith"}
# What may stay, and why.
JOURNAL = "sentences of systemd in a unit's journal"
MAY_SEARCH = {
    os.path.join("latent", "hidden_by_rotation.py"): "names in a script of logrotate's, which is no message",
    "confined_start.py": JOURNAL,
    "down.py": JOURNAL,
    "ended.py": JOURNAL,
    "failed_starts.py": JOURNAL,
    "fpm_was_down.py": JOURNAL,
    "not_running.py": JOURNAL,
    "silence.py": "variables in a log_format of nginx's, which is no message",
    "start_commands.py": JOURNAL,
    "unit_of_pages.py": "PHP's own words, in which each function names a file or a program in its own way",
}


def is_text(node: ast.AST, names: Container[str] = ()) -> bool:
    """x["text"], a part of it, or one of the names."""
    if isinstance(node, ast.IfExp):
        return is_text(node.body) or is_text(node.orelse)
    if not isinstance(node, ast.Subscript):
        return isinstance(node, ast.Name) and node.id in names
    key = getattr(node.slice, "value", node.slice)  # an Index before Python 3.9
    return getattr(key, "value", getattr(key, "s", key)) == "text" or is_text(node.value, names)


def names_of_texts(tree: ast.AST) -> Set[str]:
    """Of variables that are such a text."""
    names: Set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            target, value = node.targets[0], node.value
            pairs = [(target, value)]
            if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
                pairs = list(zip(target.elts, value.elts))
            names.update(name.id for name, text in pairs if isinstance(name, ast.Name) and is_text(text))
    return names


def searched(tree: ast.AST) -> Iterator[int]:
    """The lines in which a text is searched, cut or compared."""
    names = names_of_texts(tree)
    for node in ast.walk(tree):
        parts: List[ast.AST] = []
        if isinstance(node, ast.Compare):
            parts = [node.left, *node.comparators]
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in CUT:
            parts = [node.func.value, *node.args]
        if any(is_text(part, names) for part in parts):
            yield node.lineno


class TestTexts:
    @pytest.mark.parametrize("path", [path for path in python_files(UTILS) if path.startswith(RULES)])
    def test_no_rule_searches_what_a_program_said(self, path: str) -> None:
        if path[len(RULES) :] not in MAY_SEARCH:
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
        ],
    )
    def test_hit_each_way_to_search_a_text(self, code: str) -> None:
        assert list(searched(ast.parse(code))) == [1]

    @pytest.mark.parametrize(
        "code",
        [
            'evidence("kernel", fault["text"], at=fault["at"])',
            'why % (count, lost[-1].event["sample"]["text"])',
            '"text" in event',
            "_ZONE.search(text)",
        ],
    )
    def test_near_miss_a_text_that_is_shown(self, code: str) -> None:
        assert not list(searched(ast.parse(code)))
