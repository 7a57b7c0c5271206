# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The source of the plugins, read and not run: its files, and what each imports."""

import ast
import functools
import os
from typing import Iterator, List, Set

from ansible_collections.webmedic.php_fpm.tests.unit.places import ROOT

PLUGINS = os.path.join(ROOT, "plugins")
UTILS = os.path.join(PLUGINS, "module_utils")
MODULES = os.path.join(PLUGINS, "modules")
SHAPES = os.path.join(PLUGINS, "plugin_utils", "shapes")
# The engine sends only this to a host.
SENT = os.path.join("plugins", "module_utils", "")


def python_files(directory: str) -> List[str]:
    paths: List[str] = []
    for place, _names, files in os.walk(directory):
        paths += [os.path.join(place, name) for name in files if name.endswith(".py")]
    return sorted(os.path.relpath(path, ROOT) for path in paths)


def source(path: str) -> str:
    with open(os.path.join(ROOT, path), encoding="utf-8") as stream:
        return stream.read()


@functools.lru_cache(maxsize=None)
def parsed(path: str) -> ast.Module:
    return ast.parse(source(path))


def outside_imports(path: str) -> Set[str]:
    """Top-level names of the modules a file imports from outside of the collection."""
    names: Set[str] = set()
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names.add((node.module or "").split(".")[0])
    return names - {"ansible_collections"}


def station_of(path: str) -> str:
    """The folder of module_utils that a file is in, "" at its root."""
    inside = os.path.relpath(path, os.path.join("plugins", "module_utils")).split(os.sep)
    return inside[0] if len(inside) > 1 else ""


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
    paths: Set[str] = set()
    tree = parsed(path)
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
    shipped: Set[str] = set()
    left = {path}
    while left:
        shipped |= left
        imported = {imported for name in left for imported in own_imports(name, at_once)}
        left = {name for name in imported if name.startswith(SENT)} - shipped
    return shipped
