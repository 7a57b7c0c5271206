# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What nginx names to php-fpm, and what php-fpm says of a script that it does not open (fpm_main.c)."""

import posixpath
import re
from typing import TYPE_CHECKING, Callable, List, Sequence

if TYPE_CHECKING:
    from ....plugin_utils.shapes.nginx import Route

# What is not there is mostly another error, of realpath(): UNKNOWN. "No such file" comes where PHP's cache of
# paths leads to what is gone.
CLOSED = re.compile(
    r"(?:\"|; |line 0)Unable to open primary script: (/.{1,200}?) "
    r"\((Operation not permitted|Permission denied|Too many open files[a-z ]*|Input/output error|"
    r"Stale file handle|Transport endpoint is not connected|No such file or directory)\)"
)
DENIED = re.compile(r"Access to the script '(/.{1,200}?)' has been denied")
UNKNOWN, GONE = "Primary script unknown", "No such file"
_OF_ONE = ("Permission", GONE)  # errors that a single script may have
_FRONT_REQUEST = re.compile(r'request: "[A-Z]+ /(?:index\.php)?[ ?]')
_REQUEST = re.compile(r'request: "[A-Z]+ (/[^ ?"]*)')
_OPENING = re.compile(
    r"PHP Fatal error:  (?:Unknown: )?Failed opening required '(/[^']{1,255})'.* in Unknown on line 0"
)
# By nginx.
_NOT_SHOWN = re.compile(r'(?:stat\(\)|directory index of) "(/[^"]{1,255})" (?:failed \(13:|is forbidden,)')
INDEX = "/index.php"
OF_ROOT = ("$document_root", "$request_filename")
REAL_ROOT = "$realpath_root"
OF_SCRIPT = ("fastcgi_script_name", "uri", "document_uri")  # which begin with "/"


def aliased(route: "Route") -> str:
    """The path of a location that has an alias, "": it has none, or is the whole site."""
    path = (route.get("alias") or "").rpartition(" ")[2]
    return path if len(path) > 1 else ""


def scripts_of(routes: Sequence["Route"], realpath: Callable[[str], str]) -> List[str]:
    """The names by which php-fpm refuses each script of a site: of its roots, each with "/" behind, of the
    front pages there, and of what each script has.
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


def is_front(line: str, scripts: Sequence[str]) -> bool:
    """scripts: of scripts_of(). open(2) gives EACCES; it is php_check_open_basedir() that gives EPERM."""
    closed, denied, not_shown = CLOSED.search(line), DENIED.search(line), _NOT_SHOWN.search(line)
    if not_shown:
        return not_shown.group(1) in scripts
    if closed and not closed.group(2).startswith(_OF_ONE):
        return any(name.endswith("/") and closed.group(1).startswith(name) for name in scripts)
    if closed:
        return closed.group(1) in scripts
    if UNKNOWN in line:
        return _FRONT_REQUEST.search(line) is not None
    return denied is not None and denied.group(1).rstrip("/") in [name.rstrip("/") for name in scripts]


def opening(line: str, roots: Sequence[str]) -> str:
    """The script itself that PHP could not open, which was there by opcache. "": another file, or none."""
    found, request = _OPENING.search(line), _REQUEST.search(line)
    path, own = found.group(1) if found else "", request.group(1) if request else "/"
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
