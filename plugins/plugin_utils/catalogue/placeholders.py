# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the catalogue's texts name in braces, put in their place.

A field comes from a host. It is quoted for the shell, because people paste what they read here, and it is
never run through a template. Where a field is not known, no command is shown that lacks it: plain words stand
there.
"""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.redact import GONE

from ..answers.untrusted import MAX_TEXT
from .commands import COMMANDS, INSTEAD
from .extension_packages import package_of

# A unit's name that is safe in a shell; what PHP names, in words alone, of which no shell makes anything.
_UNIT = re.compile(r"\w[\w@.:-]*\.service\Z", re.ASCII)
_NAME = re.compile(r"[\w .,|^~<>=*@/+\[\]-]{1,255}\Z", re.ASCII)
# What the packages are called whose sockets have these paths: Debian's, Remi's.
PACKAGES = (
    ("php%s-fpm", re.compile(r"/php(\d\.\d)-fpm\b")),
    ("php%s-php-fpm", re.compile(r"/remi/php(\d\d)/")),
)


def _whole(value: Any) -> bool:
    """What was cut or redacted would name something else."""
    return isinstance(value, str) and 0 < len(value) < MAX_TEXT and GONE not in value and value.isprintable()


def _word(value: Any) -> str | None:
    """A field of a host as one word of the shell. None where it is not known, cannot be shown, or would be an
    option of the command.
    """
    if isinstance(value, int):
        return str(value)
    return shlex.quote(value) if _whole(value) and value[0] != "-" else None


def _several(value: Any) -> str | None:
    """A command, each of its words quoted."""
    return " ".join(shlex.quote(word) for word in value.split(" ")) if _whole(value) else None


def _restart(value: Any) -> str | None:
    """The same script, asked for the other thing."""
    started = _several(value)
    return started.replace(" start", " restart") if started else None


def _pids(value: Any) -> str | None:
    return " ".join(str(pid) for pid in value or [] if type(pid) is int and pid > 1) or None


def _name(value: Any) -> str | None:
    return value if _whole(value) and _NAME.match(value) else None


class Field(NamedTuple):
    """What a text may name in braces."""

    name: str  # in docs/causes.md, which speaks of any host
    noun: str  # what stands in a sentence where it is not known; "": nothing does, see sayable()
    shown: Callable[[Any], str | None] = _word


FIELDS = {
    "unit": Field("UNIT", "php-fpm's unit"),
    "pool": Field("POOL", "the pool"),
    "site": Field("SITE", "the site"),
    "endpoint": Field("ENDPOINT", "the address that nginx dials"),
    "address": Field("ADDRESS", "its address"),
    "socket": Field("SOCKET", "the socket"),
    "user": Field("NGINX_USER", "nginx's user"),
    "path": Field("PATH", "what the evidence names"),
    "port": Field("PORT", "the port"),
    "file": Field("FILE", "the file"),
    "line": Field("LINE", "the line"),
    "directory": Field("DIRECTORY", "the directory"),
    "account": Field("ACCOUNT", "the account"),
    "package": Field("PACKAGE", "the php-fpm that the site needs"),
    "to": Field("the site's own pool", "the site's own pool"),
    "pids": Field("PIDS", "the processes", _pids),
    "sockets": Field("SOCKET_UNIT", "its socket unit", _several),
    "name": Field("NAME", "", _name),
    "directive": Field("DIRECTIVE", "", _name),
    "extension_package": Field("EXTENSION_PACKAGE", "a package of its own", _name),
}
# The same of what docs/causes.md does not name.
OTHERS = {
    "nginx": Field("nginx", "nginx"),
    "start_command": Field("", "", _several),
    "restart_command": Field("", "", _restart),
    "refused": Field("", "the configuration"),
    "nginx_config": Field("", ""),
    "nginx_prefix": Field("", ""),
}
_EVERY = {**FIELDS, **OTHERS}
_FIELD = re.compile(r"\{(%s)\}" % "|".join([*_EVERY, *COMMANDS]))
_INSTEAD = (*(("{%s}" % name, row.words) for name, row in COMMANDS.items() if row.words), *INSTEAD)


def fields_of(finding: Mapping[str, Any]) -> dict[str, Any]:
    """What its texts may use: the finding's own fields, its facts, the arguments of its remedies."""
    known: dict[str, Any] = {name: finding.get(name) for name in ("unit", "pool", "site", "endpoint")}
    endpoint = finding.get("endpoint")
    if isinstance(endpoint, str) and endpoint.startswith("unix:"):
        known["socket"] = endpoint[len("unix:") :]
    elif isinstance(endpoint, str) and endpoint.rpartition(":")[2].isdigit():
        known["port"] = endpoint.rpartition(":")[2]
    facts = finding.get("facts") or {}
    known.update({"address": endpoint, **facts})
    known["restart_command"] = facts.get("start_command")
    known["extension_package"] = package_of(facts.get("name"), finding.get("unit"))
    if facts.get("path"):
        known["directory"] = posixpath.dirname(facts["path"])
    for form, pattern in PACKAGES:
        version = pattern.search(str(endpoint))
        if version:
            known["package"] = form % version.group(1)
    for remedy in finding.get("remedy") or []:
        arguments = remedy.get("arguments") or {}
        known.update(
            {name: arguments[name] for name in ("user", "path", "file", "line", "to") if arguments.get(name)}
        )
    return {**known, **_of_nginx(finding.get("unit"), facts)}


def _of_nginx(unit: str | None, facts: Mapping[str, Any]) -> dict[str, Any]:
    """Its unit, and whether a signal is what reaches it. Where php-fpm has no unit, nginx mostly has none."""
    named = facts.get("nginx_unit")
    if isinstance(named, str) and _UNIT.match(named):
        return {"nginx": named}
    without = facts.get("no_nginx_unit")
    return {"nginx": None if without else "nginx", "by_signal": without or not unit}


def _begins(text: str, position: int) -> bool:
    return position == 0 or text[:position].endswith((". ", ".  "))


def _values(known: Mapping[str, Any]) -> dict[str, str]:
    """What can be shown of the fields, and the commands of which each field can."""
    shown = {name: field.shown(known.get(name)) for name, field in _EVERY.items()}
    values = {name: value for name, value in shown.items() if value is not None}
    for name, command in COMMANDS.items():
        forms = [form for field, form in command.elsewhere if known.get(field)]
        typed = next((form for form in [*forms, command.usual] if _names(form) <= set(values)), None)
        if typed is not None:
            values[name] = _put(typed, values)
    return values


def _names(text: str) -> set[str]:
    return set(_FIELD.findall(text))


def _put(text: str, values: Mapping[str, str]) -> str:
    return _FIELD.sub(lambda match: values.get(match.group(1)) or _EVERY[match.group(1)].noun, text)


def complete(text: str, known: Mapping[str, Any]) -> bool:
    """Whether each field that a text names can be shown."""
    return _names(text) <= set(_values(known))


def sayable(text: str, known: Mapping[str, Any]) -> bool:
    """Whether there is a word for each field that a text names."""
    values = _values(known)
    return all(name in values or name in COMMANDS or _EVERY[name].noun for name in _names(text))


def filled(text: str, known: Mapping[str, Any]) -> str:
    """known: the fields by name."""
    values = _values(known)
    for command, words in _INSTEAD:
        if _names(command) <= set(values) or _names(words) - set(values):
            continue
        for quoted in ("`%s`" % command, command):
            while quoted in text:
                at = text.index(quoted)
                # A command may begin a sentence as it is. Words may not.
                capital = quoted[0] == "`" and _begins(text, at)
                there = words[0].upper() + words[1:] if capital else words
                text = text[:at] + there + text[at + len(quoted) :]
    return _put(text, values)


def named(text: str) -> str:
    """The same for a page that speaks of any host: the names of the fields, in capitals."""
    for name, command in reversed(COMMANDS.items()):  # a form may name one that stands before it
        text = text.replace("{%s}" % name, command.usual)
    return _FIELD.sub(lambda match: _EVERY[match.group(1)].name, text)
