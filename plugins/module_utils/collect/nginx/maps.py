# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the variables of a server's paths hold, by maps whose values are plain texts."""

import itertools
import re
from typing import Dict, List

from ...parse.nginx.conf import Directive, every, named
from ...parse.nginx.lexer import VARIABLE
from ...parse.nginx.routes import server_names

MOST_CHOICES = 8  # ways that a server may be set up
_OF_NAME = ("$host", "$http_host", "$server_name", "$ssl_server_name")
_PLAIN = re.compile(r"\w[\w.-]*\Z")  # no wildcard, no pattern
_PATHS = ("root", "alias", "set", "fastcgi_param")
_OPTIONS = ("hostnames", "volatile", "include")


def _by_name(lines: List[Directive], name: str) -> List[str]:
    """ngx_http_map_find(): the name itself, the longest wildcards, patterns in their order, the default."""
    exact = [each.args[0] for each in lines if each.name.lower() == name]
    wild = [
        (len(each.name), each.args[0])
        for each in lines
        if (each.name.startswith("*.") and name.endswith(each.name[1:].lower()))
        or (each.name.startswith(".") and ("." + name).endswith(each.name.lower()))
        or (each.name.endswith(".*") and name.startswith(each.name[:-1].lower()))
    ]
    if exact or wild:
        return exact[:1] or [max(wild)[1]]
    for each in [each for each in lines if each.name.startswith("~")]:
        try:
            if re.search(each.name.lstrip("~*"), name, re.I):
                return [each.args[0]]
        except (re.error, RecursionError, OverflowError):
            return ["$"]
    return [each.args[0] for each in lines if each.name == "default"] or [""]


def choices_of(http: Directive, server: Directive) -> List[Dict[str, str]]:
    """[{}]: none is known."""
    used = {
        braced or plain
        for each in [*every(server.block or []), *(http.block or [])]
        if each.name in _PATHS
        for text in each.args[1 if each.name == "set" else 0 :]
        for braced, plain in VARIABLE.findall(text)
    }
    names, values = server_names(server.block or []), {}
    for each in named(http.block or [], "map"):
        if len(each.args) != 2 or each.args[1][1:] not in used:
            continue
        lines = [line for line in each.block or [] if line.args and line.name not in _OPTIONS]
        plain = len(lines) == sum(line.name not in _OPTIONS[:2] for line in each.block or [])
        sought = names[:1] if each.args[0] == "$server_name" else names
        if each.args[0] in _OF_NAME and sought and all(map(_PLAIN.match, sought)) and "_" not in sought:
            found = sorted({value for name in sought for value in _by_name(lines, name)})
        else:
            unset = [] if any(line.name == "default" for line in lines) else [""]
            found = sorted({line.args[0] for line in lines}.union(unset))
        values[each.args[1][1:]] = found if plain else ["$"]
    rows = itertools.islice(itertools.product(*values.values()), MOST_CHOICES + 1)
    choices = [dict(zip(values, row)) for row in rows]
    return choices if len(choices) <= MOST_CHOICES else [{}]
