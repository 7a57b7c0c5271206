# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rules of the layout, proven by reading the source: who may touch the host, and which way facts flow.
Also how long a file may be, and how it names its tests and types.
"""

import ast
import os
import re
from typing import Dict, Iterator, List, Set, Tuple

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.signatures.nginx import ACCESS, NGINX, UNKNOWN
from ansible_collections.webmedic.php_fpm.plugins.module_utils.signatures.php_fpm import PHP_FPM
from ansible_collections.webmedic.php_fpm.plugins.module_utils.signatures.php_start import PHP_START
from ansible_collections.webmedic.php_fpm.plugins.module_utils.signatures.systemd import SYSTEMD
from ansible_collections.webmedic.php_fpm.tests.unit.places import ROOT
from ansible_collections.webmedic.php_fpm.tests.unit.sources import (
    MODULES,
    PLUGINS,
    SHAPES,
    UTILS,
    outside_imports,
    own_imports,
    parsed,
    python_files,
    source,
    station_of,
)

# What reaches the host, its clock or the engine. A pure part needs none of it.
IMPURE = {
    "ansible",
    "asyncio",
    "ctypes",
    "fcntl",
    "glob",
    "grp",
    "io",
    "multiprocessing",
    "os",
    "pathlib",
    "platform",
    "pwd",
    "random",
    "resource",
    "select",
    "selectors",
    "shutil",
    "signal",
    "socket",
    "subprocess",
    "sys",
    "tempfile",
    "threading",
    "time",
    "urllib",
}
IMPURE_CALLS = {"open", "input", "print", "exec", "eval", "__import__", "compile"}
# A station of module_utils -> the stations that it may import.
MAY_IMPORT = {
    "collect": ("signatures", "parse"),
    "signatures": (),
    "parse": ("signatures",),
    "rules": ("signatures", "parse", "work", "plan"),  # diagnose.py ends with the plan
    "work": (),
    "plan": ("parse", "work", "exchange"),
    "actions": ("signatures", "parse", "work", "plan", "edit"),
    "site": ("parse", "work", "plan"),
    "edit": ("parse", "work"),
    "change": ("collect", "parse", "work", "edit"),
    "remediate": (
        "collect",
        "signatures",
        "parse",
        "rules",
        "work",
        "plan",
        "actions",
        "edit",
        "change",
        "exchange",
    ),
    "ahead": ("collect", "parse", "work", "actions", "change", "remediate", "rules"),
    "prevent": ("collect", "rules", "work", "plan", "change", "remediate", "ahead"),
    "monitor": ("collect", "parse"),
    "bundle": ("collect", "parse", "rules", "edit", "exchange"),
    "exchange": ("parse",),
}
REACH_THE_HOST = ("collect", "change", "remediate", "monitor")
# Python's own imports, and nothing else of the host.
ABOUT_PYTHON = os.path.join("plugins", "module_utils", "exchange", "archive.py")
LINES_LIMIT = 350
PAGES_LIMIT = 460  # of a module, most of which is its page in the documentation
LONGEST_NAME = 60  # of a test
TESTS = os.path.join(ROOT, "tests")
# Names that could be of any thing, in whatever spelling: told, _told, TOLD.
SAY_NOTHING = {"one", "told", "said", "asked", "given", "meant", "deeds", "foretold", "grave", "may_be_ours"}
# Keys of the snapshot, of a module's answer and of what the responder keeps: others read them.
KEYS = {"alerts.py": {"asked"}, "site_page.py": {"asked"}, "unit.py": {"said"}}


def impure_calls(path: str) -> List[Tuple[int, str]]:
    return [
        (node.lineno, node.func.id)
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in IMPURE_CALLS
    ]


def pure_files() -> List[str]:
    files = [path for path in python_files(UTILS) if path != ABOUT_PYTHON]
    return [path for path in files if station_of(path) not in REACH_THE_HOST]


# Any in annotations and casts of module_utils; it may only become less. What is left belongs at a border:
# JSON that is read back, and a module's arguments.
MOST_ANY = 5


def named(path: str, name: str) -> List[int]:
    """The lines that use a name."""
    return [node.lineno for node in ast.walk(parsed(path)) if isinstance(node, ast.Name) and node.id == name]


def unknown_dicts(path: str) -> List[int]:
    """The lines with Dict[..., Any] or the like."""
    return [
        node.lineno
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Subscript)
        and isinstance(node.value, ast.Name)
        and node.value.id in ("Dict", "Mapping")
        and any(isinstance(part, ast.Name) and part.id == "Any" for part in ast.walk(node.slice))
    ]


def names_made(tree: ast.AST) -> Set[str]:
    """Of variables, fields, attributes, parameters, functions and classes."""
    nodes = list(ast.walk(tree))
    names = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    names |= {
        node.attr for node in nodes if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)
    }
    names |= {node.arg for node in nodes if isinstance(node, ast.arg)}
    names |= {node.asname for node in nodes if isinstance(node, ast.alias) and node.asname}
    named = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.ExceptHandler)
    return names | {node.name for node in nodes if isinstance(node, named) and node.name}


def empty_names(tree: ast.AST) -> Set[str]:
    return {name for name in names_made(tree) if name.strip("_").lower() in SAY_NOTHING}


def ids_in(tree: ast.AST) -> List[str]:
    """Ids of messages, in texts."""
    ids = {UNKNOWN.id, *ACCESS}.union(*(table.meaning_of for table in (NGINX, PHP_FPM, PHP_START, SYSTEMD)))
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in ids
    ]


def is_meaning(node: ast.AST) -> bool:
    """Whether it gives what a message means: x.meaning, x["meaning"], meaning, meaning_of(x)."""
    if isinstance(node, ast.Call):
        node = node.func
    key = getattr(node, "slice", None)
    name = getattr(node, "attr", getattr(node, "id", getattr(key, "value", None)))
    return name in ("meaning", "meaning_of")


def spelled_meanings(tree: ast.AST) -> List[str]:
    """Texts that a meaning is compared with as they stand: nothing tells that they are misspelt."""
    return [
        text.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Compare) and any(map(is_meaning, [node.left, *node.comparators]))
        for side in [node.left, *node.comparators]
        for text in getattr(side, "elts", [side])
        if isinstance(text, ast.Constant) and isinstance(text.value, str)
    ]


def unit_tests(path: str) -> Iterator[Tuple[str, str]]:
    """(name, class or "") of each test in a file."""
    for node in parsed(path).body:
        home = node.name if isinstance(node, ast.ClassDef) else ""
        for function in node.body if isinstance(node, ast.ClassDef) else [node]:
            if isinstance(function, ast.FunctionDef) and function.name.startswith("test_"):
                yield function.name, home


def relative_imports(tree: ast.AST) -> List[int]:
    return [node.lineno for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.level]


class TestPurity:
    """Who may touch the host."""

    def test_the_walk_finds_the_parts(self) -> None:
        """The other tests would be empty, and green, if it did not."""
        assert {os.path.basename(os.path.dirname(path)) for path in pure_files()} >= {
            "parse",
            "rules",
            "exchange",
        }
        assert python_files(MODULES)

    @pytest.mark.parametrize("path", pure_files())
    def test_pure_stations_reach_no_host_clock_or_engine(self, path: str) -> None:
        assert not outside_imports(path) & IMPURE
        assert not impure_calls(path)

    @pytest.mark.parametrize("path", python_files(os.path.join(UTILS, "actions")))
    def test_an_action_is_given_data_and_no_way_to_the_host(self, path: str) -> None:
        """A function that looks at the host could come in as a field or an argument: there is none of any
        kind.
        """
        if os.path.basename(path) == "arguments.py":
            return  # it makes the arguments, of a class
        names = {node.id for node in ast.walk(parsed(path)) if isinstance(node, ast.Name)}
        assert "Callable" not in names

    @pytest.mark.parametrize("path", python_files(UTILS))
    def test_shared_code_needs_only_the_standard_library(self, path: str) -> None:
        assert not outside_imports(path) & {"ansible", "jinja2", "yaml", "six", "requests", "psutil"}

    @pytest.mark.parametrize("path", python_files(PLUGINS))
    def test_an_id_stands_in_signatures_alone(self, path: str) -> None:
        """Others ask by meaning, or by a name of signatures/kinds.py."""
        assert station_of(path) == "signatures" or not ids_in(parsed(path))

    def test_an_id_is_told_from_what_looks_like_one(self) -> None:
        assert ids_in(ast.parse('kind == "fpm-uid" or name in ("access-502", "ng-no-live")')) == [
            "fpm-uid",
            "access-502",
            "ng-no-live",
        ]
        assert not ids_in(ast.parse('name in ("php-fpm", "fpm-uid.service", "fpm_uid", "access-log")'))

    @pytest.mark.parametrize("path", python_files(UTILS))
    def test_a_meaning_is_compared_with_a_checked_name(self, path: str) -> None:
        """By meanings() or by_meaning(): an unknown one is an error at import."""
        assert not spelled_meanings(parsed(path))

    def test_a_meaning_as_it_stands_is_seen(self) -> None:
        bare = """meaning_of(event) == "a" or row.meaning in ("b", "c") or "d" != event["meaning"]"""
        assert spelled_meanings(ast.parse(bare)) == ["a", "b", "c", "d"]
        checked = """row.meaning in meanings("a") or meaning_of(event) in LOST or event["kind"] == "b" """
        assert not spelled_meanings(ast.parse(checked))

    @pytest.mark.parametrize("path", python_files(UTILS))
    def test_facts_flow_one_way(self, path: str) -> None:
        """collect -> parse -> snapshot -> rules -> plan -> actions -> change -> remediate."""
        imported = {
            station_of(name)
            for name in own_imports(path)
            if name.startswith(os.path.join("plugins", "module_utils"))
        }
        station = station_of(path)
        assert imported - {station} <= set(MAY_IMPORT[station])

    def test_each_file_stands_in_a_station(self) -> None:
        assert {station_of(path) for path in python_files(UTILS)} == set(MAY_IMPORT)

    def test_no_station_may_import_more_than_it_does(self) -> None:
        used: Dict[str, Set[str]] = {station: set() for station in MAY_IMPORT}
        for path in python_files(UTILS):
            used[station_of(path)] |= {
                station_of(name)
                for name in own_imports(path)
                if name.startswith(os.path.join("plugins", "module_utils"))
                and os.path.basename(name) != "__init__.py"
            } - {station_of(path)}
        assert used == {station: set(others) for station, others in MAY_IMPORT.items()}


class TestFiles:
    """What each file must have."""

    @pytest.mark.parametrize("path", python_files(PLUGINS))
    def test_a_file_stays_readable_in_one_sitting(self, path: str) -> None:
        limit = PAGES_LIMIT if os.path.dirname(path) == os.path.join("plugins", "modules") else LINES_LIMIT
        assert len(source(path).splitlines()) <= limit

    @pytest.mark.parametrize("path", python_files(PLUGINS) + python_files(TESTS))
    def test_a_name_says_the_thing(self, path: str) -> None:
        place, name = os.path.split(os.path.join(ROOT, path))
        assert empty_names(parsed(path)) == (KEYS.get(name, set()) if place == SHAPES else set())

    @pytest.mark.parametrize(
        "made",
        [
            *("told = 1", "[told for told in x]", "x.told = 1", "x._told += 1", "TOLD = 1"),
            *("def f(told): 1", "def f(*, told): 1", "def _told(): 1", "lambda told: 1", "class Told: 1"),
            *("class X(NamedTuple):\n    told: str", "for x, told in y: 1", "with x as told: 1"),
            *("import x as told", "try: 1\nexcept X as told: 1"),
        ],
    )
    def test_a_name_that_says_nothing_is_seen(self, made: str) -> None:
        assert empty_names(ast.parse(made))
        assert not empty_names(ast.parse(re.sub("told", "told_lines", made, flags=re.IGNORECASE)))

    @pytest.mark.parametrize("made", ["x(told=1)", "x = y.told", "from y import told", "x['told'] = 1"])
    def test_decoy_a_name_that_others_made(self, made: str) -> None:
        assert not empty_names(ast.parse(made))

    @pytest.mark.parametrize("path", python_files(PLUGINS))
    def test_no_conditional_expression_stands_in_another(self, path: str) -> None:
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.IfExp):
                assert not [
                    part for part in ast.walk(node) if isinstance(part, ast.IfExp) and part is not node
                ]

    @pytest.mark.parametrize("path", python_files(PLUGINS))
    def test_every_file_has_its_licence_and_its_purpose(self, path: str) -> None:
        text = source(path)
        if os.path.basename(path) == "__init__.py":
            assert not text
            return
        # The engine's own check wants the long form in all but module_utils, where its bytes would be sent to
        # each host.
        long = (
            "GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)"
            in text
        )
        assert long != path.startswith(os.path.join("plugins", "module_utils"))
        assert (
            "SPDX-License-" + "Identifier: GPL-3.0-or-later" in text
        )  # in two: it is no licence of this file
        assert ast.get_docstring(parsed(path)) or "DOCUMENTATION" in text

    @pytest.mark.parametrize("path", python_files(MODULES))
    def test_every_module_is_documented(self, path: str) -> None:
        assigned = {
            target.id
            for node in parsed(path).body
            if isinstance(node, ast.Assign)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        assert {"DOCUMENTATION", "EXAMPLES", "RETURN"} <= assigned


class TestTests:
    @pytest.mark.parametrize("path", python_files(os.path.join(ROOT, "tests", "unit")))
    def test_names_are_short_and_stand_in_classes(self, path: str) -> None:
        tests = list(unit_tests(path))
        assert not [name for name, _home in tests if len(name) > LONGEST_NAME]
        assert not [name for name, home in tests if not home]

    @pytest.mark.parametrize("path", python_files(os.path.join(ROOT, "tests", "unit")))
    def test_imports_are_absolute(self, path: str) -> None:
        """To the pytest of Python 3.6 the folder of a test is no package."""
        assert not relative_imports(parsed(path))

    def test_a_relative_import_is_seen(self) -> None:
        code = "from .x import y\nfrom . import x\nfrom x import y\ndef f(): from ..x import y"
        assert relative_imports(ast.parse(code)) == [1, 2, 4]


class TestTypes:
    def test_any_becomes_no_more(self) -> None:
        used = {path: len(named(path, "Any")) for path in python_files(UTILS)}
        assert sum(used.values()) <= MOST_ANY, sorted(used.items(), key=lambda item: -item[1])[:10]

    @pytest.mark.parametrize("path", python_files(PLUGINS))
    def test_a_type_stands_in_an_annotation_and_no_comment(self, path: str) -> None:
        assert "# type:" not in source(path)

    @pytest.mark.parametrize("path", python_files(UTILS))
    def test_no_dict_is_of_unknown_content(self, path: str) -> None:
        assert not unknown_dicts(path)

    @pytest.mark.parametrize("path", python_files(SHAPES))
    def test_shapes_hold_declarations_alone(self, path: str) -> None:
        if os.path.basename(path) == "shape.py":
            return  # it makes their base
        for node in parsed(path).body:
            assert not isinstance(node, (ast.FunctionDef, ast.If, ast.For, ast.While)), node.lineno
