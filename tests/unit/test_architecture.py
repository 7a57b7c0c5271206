# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rules of the layout, proven by reading the source: who may touch the host, what a host's Python
understands, how much is sent.
"""

import ast
import os
import sys
from typing import Iterator, List, Set, Tuple

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.signatures.nginx import NGINX
from ansible_collections.webmedic.php_fpm.tests.unit.places import ROOT

PLUGINS = os.path.join(ROOT, "plugins")
UTILS = os.path.join(PLUGINS, "module_utils")
MODULES = os.path.join(PLUGINS, "modules")
SHAPES = os.path.join(PLUGINS, "plugin_utils", "shapes")
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
# Bytes. What is imported at once is compiled on each host, the rest where it is needed.
AT_ONCE_LIMIT = 552 * 1000
SHIPPED_LIMIT = 915_000
# The diagnosis with all that mends. A host pays for it once, before a change that takes seconds.
SHIPPED_LIMIT_OF_CHANGE = 1320 * 1000
CHANGES = {"remediation.py", "fpm_config.py", "nginx_config.py", "swap_file.py", "site_pair.py"}
# The diagnosis with what foresees the next restart, with all that prevents, and with all that may be shown of
# a configuration. They are asked for by name.
SHIPPED_LIMITS = {"risk_info.py": 1335 * 1000, "prevention.py": 1555 * 1000, "bundle_info.py": 1000 * 1000}
# A station of module_utils -> the stations that come after it on the way of a fact. It may not import them.
LATER_STATIONS = {
    "signatures": ("parse", "collect", "rules", "plan", "edit", "actions", "change", "remediate", "ahead"),
    "parse": ("collect", "rules", "plan", "edit", "actions", "change", "remediate", "ahead"),
    "collect": ("rules", "plan", "edit", "actions", "change", "remediate", "ahead"),
    "rules": ("collect", "edit", "actions", "change", "remediate", "ahead"),
    "plan": ("collect", "edit", "actions", "change", "remediate", "ahead"),
    "verdict": ("collect", "rules", "plan", "edit", "actions", "change", "remediate", "ahead"),
    "edit": ("collect", "rules", "plan", "actions", "change", "remediate", "ahead"),
    "actions": ("collect", "rules", "change", "remediate", "ahead"),
    "change": ("rules", "remediate", "ahead"),
    "remediate": ("ahead",),
    "monitor": ("rules", "plan", "verdict", "edit", "actions", "change", "remediate", "ahead"),
}
REACH_THE_HOST = ("collect", "change", "remediate", "monitor")
# Python's own imports, and nothing else of the host.
ABOUT_PYTHON = os.path.join("plugins", "module_utils", "archive.py")
# The engine sends only this to a host.
SENT = os.path.join("plugins", "module_utils", "")
LINES_LIMIT = 350
PAGES_LIMIT = 460  # of a module, most of which is its page in the documentation
LONGEST_NAME = 60  # of a test


def python_files(directory: str) -> List[str]:
    paths = []  # type: List[str]
    for place, _names, files in os.walk(directory):
        paths += [os.path.join(place, name) for name in files if name.endswith(".py")]
    return sorted(os.path.relpath(path, ROOT) for path in paths)


def source(path: str) -> str:
    with open(os.path.join(ROOT, path), encoding="utf-8") as stream:
        return stream.read()


def outside_imports(path: str) -> Set[str]:
    """Top-level names of the modules a file imports from outside of the collection."""
    names = set()  # type: Set[str]
    for node in ast.walk(ast.parse(source(path))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names.add((node.module or "").split(".")[0])
    return names - {"ansible_collections"}


def impure_calls(path: str) -> List[Tuple[int, str]]:
    return [
        (node.lineno, node.func.id)
        for node in ast.walk(ast.parse(source(path)))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in IMPURE_CALLS
    ]


def station_of(path: str) -> str:
    """The folder of module_utils that a file is in, "" at its root."""
    inside = os.path.relpath(path, os.path.join("plugins", "module_utils")).split(os.sep)
    return inside[0] if len(inside) > 1 else ""


def pure_files() -> List[str]:
    files = [path for path in python_files(UTILS) if path != ABOUT_PYTHON]
    return [path for path in files if station_of(path) not in REACH_THE_HOST]


def statements(tree: ast.AST) -> Iterator[ast.AST]:
    """All that runs when a file is imported."""
    for node in ast.iter_child_nodes(tree):
        if not isinstance(node, (ast.FunctionDef, ast.Lambda)) and "TYPE_CHECKING" not in ast.dump(
            getattr(node, "test", ast.Pass())
        ):
            yield node
            yield from statements(node)


def own_imports(path: str, at_once: bool = False) -> Set[str]:
    """The files of the collection that a file imports by name, as the engine finds them when it packs a
    module. at_once: without those that a function imports.
    """
    paths = set()  # type: Set[str]
    tree = ast.parse(source(path))
    for node in statements(tree) if at_once else ast.walk(tree):
        if not isinstance(node, ast.ImportFrom):
            continue
        if node.level:
            base = path.split(os.sep)[: -node.level]
        elif (node.module or "").startswith("ansible_collections.webmedic.php_fpm."):
            base = []
        else:
            continue
        parts = (node.module or "").replace("ansible_collections.webmedic.php_fpm.", "").split(".")
        stem = os.path.join(*(base + [part for part in parts if part]))
        names = [stem + ".py"] + [os.path.join(stem, alias.name + ".py") for alias in node.names]
        paths |= {name for name in names if os.path.exists(os.path.join(ROOT, name))}
    return paths


def shipped_with(path: str, at_once: bool = False) -> Set[str]:
    """A module and all that it imports, of ours."""
    shipped, left = set(), {path}  # type: Tuple[Set[str], Set[str]]
    while left:
        shipped |= left
        imported = {imported for name in left for imported in own_imports(name, at_once)}
        left = {name for name in imported if name.startswith(SENT)} - shipped
    return shipped


def too_new(path: str) -> Iterator[str]:
    """What Python 3.6 has the grammar for, but not the library."""
    for node in ast.walk(ast.parse(source(path))):
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


# Any in annotations and casts of module_utils; it may only become less. What is left belongs at a border:
# JSON that is read back, and a module's arguments.
MOST_ANY = 5


def named(path: str, name: str) -> List[int]:
    """The lines that use a name."""
    return [
        node.lineno
        for node in ast.walk(ast.parse(source(path)))
        if isinstance(node, ast.Name) and node.id == name
    ]


def unknown_dicts(path: str) -> List[int]:
    """The lines with Dict[..., Any] or the like."""
    return [
        node.lineno
        for node in ast.walk(ast.parse(source(path)))
        if isinstance(node, ast.Subscript)
        and isinstance(node.value, ast.Name)
        and node.value.id in ("Dict", "Mapping")
        and any(isinstance(part, ast.Name) and part.id == "Any" for part in ast.walk(node.slice))
    ]


def messages_by_id(path: str) -> List[str]:
    """Ids of nginx's messages, in texts of a file."""
    return [
        node.value
        for node in ast.walk(ast.parse(source(path)))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in NGINX.meaning_of
    ]


def unit_tests(path: str) -> Iterator[Tuple[str, str]]:
    """(name, class or "") of each test in a file."""
    for node in ast.parse(source(path)).body:
        home = node.name if isinstance(node, ast.ClassDef) else ""
        for function in node.body if isinstance(node, ast.ClassDef) else [node]:
            if isinstance(function, ast.FunctionDef) and function.name.startswith("test_"):
                yield function.name, home


class TestPurity:
    """Who may touch the host."""

    def test_the_walk_finds_the_parts(self) -> None:
        """The other tests would be empty, and green, if it did not."""
        assert {os.path.basename(os.path.dirname(path)) for path in pure_files()} >= {
            "parse",
            "rules",
            "module_utils",
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
        names = {node.id for node in ast.walk(ast.parse(source(path))) if isinstance(node, ast.Name)}
        assert "Callable" not in names

    @pytest.mark.parametrize("path", python_files(UTILS))
    def test_shared_code_needs_only_the_standard_library(self, path: str) -> None:
        assert not outside_imports(path) & {"ansible", "jinja2", "yaml", "six", "requests", "psutil"}

    @pytest.mark.parametrize("path", python_files(UTILS))
    def test_a_message_of_nginx_is_asked_for_by_its_meaning(self, path: str) -> None:
        assert not messages_by_id(path)

    @pytest.mark.parametrize("path", python_files(UTILS))
    def test_facts_flow_one_way(self, path: str) -> None:
        """collect -> parse -> snapshot -> rules -> plan -> actions -> change -> remediate."""
        imported = {
            station_of(name)
            for name in own_imports(path)
            if name.startswith(os.path.join("plugins", "module_utils"))
        }
        assert not imported & set(LATER_STATIONS.get(station_of(path), ()))


class TestFiles:
    """What each file must have."""

    @pytest.mark.parametrize("path", python_files(PLUGINS))
    def test_a_file_stays_readable_in_one_sitting(self, path: str) -> None:
        limit = PAGES_LIMIT if os.path.dirname(path) == os.path.join("plugins", "modules") else LINES_LIMIT
        assert len(source(path).splitlines()) <= limit

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
        assert ast.get_docstring(ast.parse(text)) or "DOCUMENTATION" in text

    @pytest.mark.parametrize("path", python_files(MODULES))
    def test_every_module_is_documented(self, path: str) -> None:
        assigned = {
            target.id
            for node in ast.parse(source(path)).body
            if isinstance(node, ast.Assign)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        assert {"DOCUMENTATION", "EXAMPLES", "RETURN"} <= assigned


class TestShipped:
    """What is sent to a host."""

    @pytest.mark.parametrize("path", python_files(UTILS) + python_files(MODULES))
    def test_a_host_needs_nothing_of_the_controller(self, path: str) -> None:
        """The engine does not send plugin_utils: from there come shapes, for the type checker alone."""
        tree = ast.parse(source(path))
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
        assert not [path for path in shipped if "latent" in path.split(os.sep) or station_of(path) == "ahead"]

    def test_the_diagnosis_ships_its_rules(self) -> None:
        """The measure of what is shipped would be worth nothing if it lost its way."""
        shipped = shipped_with(os.path.join("plugins", "modules", "diagnosis_info.py"))
        assert os.path.join("plugins", "module_utils", "rules", "worker_oom_killed.py") in shipped
        assert os.path.join("plugins", "module_utils", "collect", "host.py") in shipped

    @pytest.mark.skipif(
        sys.version_info < (3, 8),
        reason="this Python cannot be asked for an older grammar; it is the older grammar, nearly",
    )
    @pytest.mark.parametrize("path", python_files(UTILS) + python_files(MODULES))
    def test_what_runs_on_hosts_is_python_3_6(self, path: str) -> None:
        ast.parse(source(path), feature_version=(3, 6))
        assert not list(too_new(path))


class TestTests:
    @pytest.mark.parametrize("path", python_files(os.path.join(ROOT, "tests", "unit")))
    def test_names_are_short_and_stand_in_classes(self, path: str) -> None:
        tests = list(unit_tests(path))
        assert not [name for name, _home in tests if len(name) > LONGEST_NAME]
        assert not [name for name, home in tests if not home]


class TestTypes:
    def test_any_becomes_no_more(self) -> None:
        used = {path: len(named(path, "Any")) for path in python_files(UTILS)}
        assert sum(used.values()) <= MOST_ANY, sorted(used.items(), key=lambda item: -item[1])[:10]

    @pytest.mark.parametrize("path", python_files(UTILS))
    def test_no_dict_is_of_unknown_content(self, path: str) -> None:
        assert not unknown_dicts(path)

    @pytest.mark.parametrize("path", python_files(SHAPES))
    def test_shapes_hold_declarations_alone(self, path: str) -> None:
        if os.path.basename(path) == "shape.py":
            return  # it makes their base
        for node in ast.parse(source(path)).body:
            assert not isinstance(node, (ast.FunctionDef, ast.If, ast.For, ast.While)), node.lineno
