# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""logrotate's configuration: which logs it rotates, and what it does to them, as its config.c reads it."""

import re
import shlex
from typing import Callable, List, NamedTuple, Optional, Tuple

MOST_STANZAS = 2000
MOST_LINES = 20000  # of a file
LONGEST = 4000  # characters of a line
DEEPEST = 10  # includes in includes
_SCRIPTS = ("prerotate", "postrotate", "firstaction", "lastaction", "preremove")
_AFTER = ("prerotate", "postrotate", "firstaction", "lastaction")
# Names that an included directory leaves out. Newer versions leave .bak out, older ones load it.
TABOO = (
    *("~", ",v", ".cfsaved", ".disabled", ".rhn-cfg-tmp-*", ".rpmnew", ".rpmorig", ".rpmsave", ".swp"),
    *(".dpkg-bak", ".dpkg-del", ".dpkg-dist", ".dpkg-new", ".dpkg-old", ".dpkg-tmp"),
    *(".ucf-dist", ".ucf-new", ".ucf-old"),
)
_MODE = re.compile(r"[0-7]{1,4}\Z")


class Create(NamedTuple):
    """The file that takes a rotated log's place. None: as the rotated one had it."""

    mode: Optional[int]
    owner: Optional[str]
    group: Optional[str]


class Settings(NamedTuple):
    create: Optional[Create] = None  # None: no file is made
    copy: bool = False  # the log stays where it is: copytruncate, copy
    su: Optional[str] = None  # account that rotates; None: root


class Line(NamedTuple):
    """Of a script."""

    number: int  # in its file
    text: str


class Stanza(NamedTuple):
    file: str
    line: int
    patterns: List[str]
    settings: Settings
    script: List[Line]  # what it runs before and after
    strict: bool = True  # a log that another file has already spoils the whole file: no ignoreduplicates


# The text of a file, or None; the files of what an include names, in order.
Read = Callable[[str], Optional[str]]
Included = Callable[[str], List[str]]


def _words(text: str) -> List[str]:
    if len(text) > LONGEST:
        return text.split()  # shlex takes ages for a long one
    try:
        return shlex.split(text, comments=False)
    except ValueError:
        return text.split()


def _create(args: List[str], outer: Optional[Create]) -> Create:
    mode = int(args[0], 8) if args and _MODE.match(args[0]) else None
    rest = args[1:] if mode is not None else args
    before = outer or Create(None, None, None)
    if not args:
        return before
    return Create(
        before.mode if mode is None else mode,
        rest[0] if rest else before.owner,
        rest[1] if len(rest) > 1 else before.group,
    )


def _set(settings: Settings, name: str, args: List[str]) -> Settings:
    if name == "create":
        return settings._replace(create=_create(args, settings.create))
    if name == "nocreate":
        return settings._replace(create=None)
    if name in ("copytruncate", "copy"):
        return settings._replace(copy=True)
    if name in ("nocopytruncate", "nocopy"):
        return settings._replace(copy=False)
    if name == "su":
        return settings._replace(su=args[0] if args and args[0] != "root" else None)
    return settings


class _Reader:
    def __init__(self, read: Read, included: Included) -> None:
        self.read, self.included = read, included
        self.outer = Settings()
        self.strict = True
        self.stanzas: List[Stanza] = []
        self.open: List[str] = []

    def file(self, path: str) -> None:
        if path in self.open or len(self.open) > DEEPEST:
            return
        text = self.read(path)
        if text is None:
            return
        self.open.append(path)
        lines = text.replace("\\\n", " \0").split("\n")[:MOST_LINES]
        number, at = 0, 0
        head: List[str] = []
        head_at = 0
        while number < len(lines) and len(self.stanzas) < MOST_STANZAS:
            line, at = lines[number], at + 1
            start, at = at, at + line.count("\0")
            line = line.replace("\0", "").strip()
            number += 1
            if not line or line.startswith("#"):
                continue
            if head or line[0] in "/\"'{":
                before, opens, inside = line.partition("{")
                head_at = head_at or start
                head += _words(before)
                if opens:
                    if inside.strip():
                        number, at = number - 1, at - 1
                        lines[number] = inside
                    number, at = self.stanza(path, head_at, head, lines, number, at)
                    head, head_at = [], 0
                continue
            words = _words(line.replace("=", " ", 1))
            if words[0] == "include" and len(words) > 1:
                for name in self.included(words[1]):
                    self.file(name)
            elif words[0] == "ignoreduplicates":
                self.strict = False
            elif words[0] in _SCRIPTS:
                _script, number, at = self.script(lines, number, at)
            else:
                self.outer = _set(self.outer, words[0], words[1:])
        self.open.pop()

    def stanza(
        self, path: str, line: int, patterns: List[str], lines: List[str], number: int, at: int
    ) -> Tuple[int, int]:
        settings, strict = self.outer, self.strict
        script: List[Line] = []
        while number < len(lines):
            text, at = lines[number], at + 1 + lines[number].count("\0")
            text = text.replace("\0", "").strip()
            number += 1
            if text.startswith("}"):
                break
            if not text or text.startswith("#"):
                continue
            closes = text.endswith("}")
            words = _words(text.rstrip("}").replace("=", " ", 1))
            if words and words[0] in _SCRIPTS:
                inside, number, at = self.script(lines, number, at)
                script += inside if words[0] in _AFTER else []
            elif words and words[0] == "ignoreduplicates":
                strict = False
            elif words:
                settings = _set(settings, words[0], words[1:])
            if closes:
                break
        self.stanzas.append(Stanza(path, line, patterns, settings, script, strict))
        return number, at

    @staticmethod
    def script(lines: List[str], number: int, at: int) -> Tuple[List[Line], int, int]:
        found: List[Line] = []
        while number < len(lines):
            text, start = lines[number], at + 1
            at += 1 + text.count("\0")
            number += 1
            if text.strip() == "endscript":
                break
            found.append(Line(start, text.replace("\0", "").strip()))
        return found, number, at


def parse_logrotate(path: str, read: Read, included: Included) -> List[Stanza]:
    """path: of the main file. In the order in which logrotate has them."""
    reader = _Reader(read, included)
    reader.file(path)
    return reader.stanzas


def is_taboo(name: str) -> bool:
    if name.startswith("."):
        return True
    return any(
        ending.rstrip("*") in name if ending.endswith("*") else name.endswith(ending) for ending in TABOO
    )
