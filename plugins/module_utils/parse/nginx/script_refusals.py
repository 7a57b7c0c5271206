# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What nginx names to php-fpm, and what php-fpm says of a script that it does not open (fpm_main.c)."""

import posixpath
from typing import TYPE_CHECKING, Callable, List, Sequence

from ...signatures.lookup import meanings
from ...signatures.nginx import NOT_FOUND
from .message_parts import parts_of

if TYPE_CHECKING:
    from ....plugin_utils.shapes.logs import Detail
    from ....plugin_utils.shapes.nginx import Route

MISSING, GONE = meanings("script_missing"), meanings("script_gone")
# open(2) gives EACCES; it is php_check_open_basedir() that gives EPERM.
DENIED, OUTSIDE = "Permission denied", "Operation not permitted"
INDEX = "/index.php"
OF_ROOT = ("$document_root", "$request_filename")
REAL_ROOT = "$realpath_root"
OF_SCRIPT = ("fastcgi_script_name", "uri", "document_uri")  # which begin with "/"


def aliased(route: "Route") -> str:
    """The path of a location that has an alias, "": it has none, or is the whole site."""
    path = (route.get("alias") or "").rpartition(" ")[2]
    return path if len(path) > 1 else ""


def is_check(route: "Route") -> bool:
    """Of a location of a ping or status page, as it seems."""
    place, name = route["location"], route["params"].get("SCRIPT_FILENAME", "")
    return place.startswith(("=", "~")) and ".php" not in place + name and place.split()[-1] != "/"


def scripts_of(routes: Sequence["Route"], realpath: Callable[[str], str]) -> List[str]:
    """The names by which php-fpm refuses each script of a site. They are its roots, each with "/" behind, and
    the front pages there. A script that a route names is one, too.
    """
    roots = [(route["root"] or "").rstrip("/") for route in routes]
    roots += [
        realpath(route["root"])
        for route in routes
        if route["root"] and REAL_ROOT in route["params"].get("SCRIPT_FILENAME", "")
    ]
    names = [root + end for root in roots if root for end in ("/", INDEX)]
    fixed = [route["params"].get("SCRIPT_FILENAME", "") for route in routes]
    return list(dict.fromkeys(names + [name for name in fixed if name.startswith("/") and "$" not in name]))


def is_front(meaning: str, line: str, scripts: Sequence[str]) -> bool:
    """scripts: of scripts_of()."""
    parts = parts_of(meaning, line)
    script = parts.get("script")
    if meaning in MISSING:
        return parts.get("uri") in ("/", INDEX)
    if script is None:
        return parts.get("path") in scripts
    if meaning not in NOT_FOUND:
        return script.rstrip("/") in [name.rstrip("/") for name in scripts]
    if meaning in GONE or parts.get("error") == DENIED:
        return script in scripts  # a single one may be so
    return any(name.endswith("/") and script.startswith(name) for name in scripts)


def opening(parts: "Detail", roots: Sequence[str]) -> str:
    """The script itself that PHP could not open, which was there by opcache. "": another file, or none."""
    path, own = parts.get("script", ""), parts.get("uri", "/")
    names = [own + INDEX[1:] if own.endswith("/") else own, INDEX]
    return path if path in [root.rstrip("/") + name for root in roots for name in names] else ""


def script_of(route: "Route", realpath: Callable[[str], str]) -> str:
    """The page, or with "/" behind the directory of all, that php-fpm is asked for; "": nothing tells."""
    root, name = (route["root"] or "$").rstrip("/"), route["params"].get("SCRIPT_FILENAME", "")
    if name.startswith(REAL_ROOT):
        name = (root if "$" in root else realpath(root).rstrip("/")) + name[len(REAL_ROOT) :]
    elif name.startswith(OF_ROOT[0]):
        name = root + name[len(OF_ROOT[0]) :]
    elif name.startswith(OF_ROOT[1]):
        name = root + "$fastcgi_script_name"
    literal, variable, rest = name.partition("$")
    if not literal.startswith("/") and not rest.startswith(OF_SCRIPT):
        return ""
    if not variable:
        return literal
    if not rest.startswith(OF_SCRIPT):
        return literal[: literal.rfind("/") + 1]
    return literal.rstrip("/") + "/"


def folder_of(route: "Route") -> str:
    """The directory of the scripts that php-fpm is asked for; "": nothing tells."""
    root, script = (route["root"] or "$").rstrip("/"), script_of(route, str)
    return root if script.startswith(root + "/") else posixpath.dirname(script)
