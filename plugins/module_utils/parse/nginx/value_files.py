# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The files that decide where a variable leads. No program may set it then."""

import re
from typing import TYPE_CHECKING, Dict, List, Set, Tuple

from .conf import Conf, Directive, every, named
from .lexer import VARIABLE

if TYPE_CHECKING:
    from ....plugin_utils.shapes.nginx import Route

_PROGRAM = re.compile(r"js_|perl|\w+_by_lua")  # may set any variable
_FOREIGN = re.compile(r"set_|auth_request_set\Z|keyval\Z")  # sets one that it names
_CAPTURE = re.compile(r"\(\?P?[<'](\w+)[>']")  # a group of a regular expression sets its own
_Sources = Dict[str, List[Tuple[str, str]]]  # by variable: (file, text that it may hold)


def _names(text: str) -> Set[str]:
    return {(braced or plain).lower() for braced, plain in VARIABLE.findall(text)}


def _add(sources: _Sources, setter: Directive) -> None:
    """Of a set the first argument is the variable, of a block the last."""
    lines = [setter] + [line for line in setter.block or [] if line.args]
    name = setter.args[0 if setter.name == "set" else -1]
    sources.setdefault(name.lstrip("$").lower(), []).extend((line.file, line.args[-1]) for line in lines)


def _origins(written: str, *sources: _Sources) -> Tuple[Set[str], Set[str]]:
    """(variables, files)"""
    names: Set[str] = set()
    files: Set[str] = set()
    left = _names(written)
    while left:
        name = left.pop()
        names.add(name)
        for file, text in [each for kind in sources for each in kind.get(name, ())]:
            files.add(file)
            left |= _names(text) - names
    return names, files


def note_value_files(conf: Conf, routes: "List[Route]") -> None:
    """To each route whose variable has one known value."""
    blocks = [directive.block for directive in conf.directives if directive.name == "http"]
    directives = [each for block in blocks for each in every(block or [])]
    if any(_PROGRAM.match(each.name) for each in directives):
        return
    foreign = {name for each in directives for text in each.args for name in _CAPTURE.findall(text)}
    for each in directives:
        if _FOREIGN.match(each.name):
            foreign |= _names(" ".join(each.args))
    maps: _Sources = {}
    for each in named(directives, "map", "geo", "split_clients"):
        _add(maps, each)
    servers = {(each.file, each.line): each.block for each in directives if each.name == "server"}
    for route in routes:
        if not route["variable"] or not route["endpoints"]:
            continue
        sets: _Sources = {}
        server = route["server"]
        for each in named(every(servers.get((server["file"], server["line"])) or []), "set"):
            _add(sets, each)
        names, files = _origins(route["pass"], maps, sets)
        if not names & foreign:
            files.update([route["file"]] + [target["file"] for target in route["endpoints"]])
            route["value_files"] = sorted(files)
