# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each meaning of a signature is asked for by a rule: what nobody asks for is a fault that nobody tells."""

import ast
import functools
import os
import sys
from typing import Dict, FrozenSet, Set

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.signatures import nginx, php_fpm
from ansible_collections.webmedic.php_fpm.plugins.module_utils.signatures.lookup import OF_START, OF_UNIT
from ansible_collections.webmedic.php_fpm.tests.unit.sources import UTILS, parsed, python_files

pytestmark = pytest.mark.skipif(sys.version_info < (3, 8), reason="older Pythons give another syntax tree")

STATIONS = ("collect", "parse", "rules")
MEANINGS = nginx.MEANINGS | php_fpm.MEANINGS | OF_START | OF_UNIT
NOT_ASKED_FOR = {
    "peer_disabled": "each failure that took the server out has its own line",
    "trace_denied": "a slow log without a backtrace loses no request",
    "exited": "a worker that ends in order loses no request",
    "path_cut": "the pool's endpoint is compared with what nginx dials",
    "client_not_allowed": "a worker's word, which the probe asks for itself",
    "bad_ini": "a worker's word about a setting that PHP leaves alone",
}


@functools.lru_cache(maxsize=None)
def asked_for() -> Set[str]:
    """By meanings(...) or map(meanings, ...), by by_meaning(...), and by the names of sets in signatures/."""
    words: Set[str] = set()
    for path in python_files(UTILS):
        if os.path.relpath(path, UTILS_OF_ROOT).split(os.sep)[0] not in STATIONS:
            continue
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.Call) and any(
                _name(each) in ("meanings", "by_meaning") for each in [node.func, *node.args[:1]]
            ):
                words.update(each.value for each in ast.walk(node) if _is_text(each))
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("signatures."):
                tables = (nginx, php_fpm)
                sets = [getattr(table, alias.name, None) for alias in node.names for table in tables]
                words.update(word for each in sets if isinstance(each, frozenset) for word in each)
    return words


def _name(node: ast.AST) -> str:
    return str(getattr(node, "attr", getattr(node, "id", "")))


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


UTILS_OF_ROOT = os.path.join("plugins", os.path.basename(UTILS))


def named_sets() -> Dict[FrozenSet[str], Set[str]]:
    """Where each set of two meanings or more is made, by a name in signatures/ or a call of meanings()."""
    places: Dict[FrozenSet[str], Set[str]] = {}
    for table in (nginx, php_fpm):
        for value in vars(table).values():
            if isinstance(value, frozenset) and value <= MEANINGS:
                places.setdefault(value, set()).add(table.__name__)
    for path in python_files(UTILS):
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.Call) and _name(node.func) == "meanings":
                names = frozenset(each.value for each in node.args if _is_text(each))
                places.setdefault(names, set()).add(path)
    return {names: found for names, found in places.items() if len(names) > 1}


class TestAskedFor:
    def test_no_two_files_make_the_same_set(self) -> None:
        assert not {names: found for names, found in named_sets().items() if len(found) > 1}

    @pytest.mark.parametrize("meaning", sorted(MEANINGS))
    def test_a_rule_asks_for_it_or_the_reason_is_known(self, meaning: str) -> None:
        assert (meaning in asked_for()) != (meaning in NOT_ASKED_FOR)
