# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The monitor's script as files: it is made of the parts that this module was sent with."""

import ast
import pkgutil
import posixpath
from typing import Dict, Iterator, List, Optional, Tuple

PACKAGE = "webmedic_monitor"
ROOT = __name__.rpartition(".monitor.")[0]  # module_utils
MAIN = """# Made by Ansible (webmedic.php_fpm.monitor_program); changes are lost with its next run.
import sys

from %s.%s import main

sys.exit(main())
"""
Place = Tuple[str, ...]  # below module_utils


def _source(place: Place) -> Optional[bytes]:
    """None where there is no such file."""
    package = ".".join((ROOT,) + place[:-1])
    try:
        return pkgutil.get_data(package, place[-1] + ".py")
    except (OSError, ImportError):
        return None


def _imported(place: Place, source: bytes) -> Iterator[Place]:
    """Files. Of a folder, the name that is imported is one."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and 0 < node.level <= len(place):
            base = place[: -node.level] + tuple(node.module.split(".") if node.module else ())
            if base[:1] == ("plugin_utils",):
                continue  # for type checkers alone
            if base and _source(base) is not None:
                yield base
            else:
                yield from (base + (alias.name,) for alias in node.names)


def files(main: str) -> Dict[str, bytes]:
    """All of it, by path. main: the name of the module that is run."""
    first = tuple(main[len(ROOT) + 1 :].split("."))
    found: Dict[str, bytes] = {"__main__.py": (MAIN % (PACKAGE, ".".join(first))).encode("ascii")}
    left: List[Place] = [first]
    seen = set(left)
    while left:
        place = left.pop()
        source = _source(place)
        if source is None:
            continue
        found[posixpath.join(PACKAGE, *place) + ".py"] = source
        for depth in range(len(place)):
            found[posixpath.join(PACKAGE, *place[:depth], "__init__.py")] = b""
        new = [other for other in _imported(place, source) if other not in seen]
        seen.update(new)
        left += new
    return found
