# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""nginx's configuration as one tree of directives, every include in its place."""

import posixpath
import re
from typing import Any, Callable, Dict, Iterator, List, NamedTuple, Optional, Set, Tuple

from .lexer import DEEPEST_BLOCK, statements

# Of all files together.
MOST_DIRECTIVES = 400000
DEEPEST_INCLUDE = 50
MOST_ERRORS = 200

# read(path) -> (text, "") or (None, why it is an error), "" when the reader has reported it itself.
Read = Callable[[str], Tuple[Optional[str], str]]
Expand = Callable[[str], List[str]]
# (directives, how many with all includes, how deep their blocks stand).
Part = Tuple[List[Any], int, int]


class Directive(NamedTuple):
    """block is None for a simple directive, and shared where a file is included twice."""

    name: str
    args: List[str]
    file: str
    line: int
    block: Optional[List[Any]]


class Conf:
    """directives: the main level. errors: [{file, line, text}], each once, the first MOST_ERRORS."""

    def __init__(self) -> None:
        self.directives: List[Directive] = []
        self.errors: List[dict] = []
        self._known: Set[Tuple[str, int, str]] = set()

    def refuse(self, one: Directive, text: str) -> None:
        self.error(one.file, one.line, text)

    def error(self, file: str, line: int, text: str) -> None:
        if (file, line, text) in self._known or len(self.errors) > MOST_ERRORS:
            return
        self._known.add((file, line, text))
        self.errors.append(
            {
                "file": file,
                "line": line,
                "text": text if len(self.errors) < MOST_ERRORS else "more errors are left out",
            }
        )


class _Reader:
    def __init__(self, conf: Conf, conf_prefix: str, read: Read, expand: Expand) -> None:
        self.conf = conf
        self.prefix = conf_prefix.rstrip("/") + "/"
        self.read = read
        self.expand = expand
        self.open: List[str] = []
        self.known: Dict[str, Part] = {}
        self.matches: Dict[str, List[str]] = {}

    def text(self, path: str, text: str) -> Part:
        top: List[Directive] = []
        outer: List[List[Directive]] = []
        current, size, deep = top, 1, 0  # an empty file counts too: it may be included without end
        found, fault = statements(text)
        for args, end, line in found:
            if end == "}":
                current = outer.pop()
                continue
            name, rest = args[0], args[1:]
            if name.startswith("\ufeff"):
                # nginx knows no byte order mark: it becomes a part of the first word.
                self.conf.error(path, line, 'unknown directive "%s"' % name)
                name = name[1:]
            if name == "include" and end == ";":
                included, more, deeper = self.include(path, line, rest, size, len(outer))
                current.extend(included)
                size, deep = size + more, max(deep, len(outer) + deeper)
                continue
            size += 1
            if end == ";":
                current.append(Directive(name, rest, path, line, None))
                continue
            block: List[Directive] = []
            current.append(Directive(name, rest, path, line, block))
            outer.append(current)
            current, deep = block, max(deep, len(outer))
        if fault:
            self.conf.error(path, fault.line, fault.text)
        return top, size, deep

    def include(self, path: str, line: int, args: List[str], size: int, depth: int) -> Part:
        if len(args) != 1:
            self.conf.error(path, line, 'invalid number of arguments in "include" directive')
            return [], 0, 0
        full = posixpath.join(self.prefix, args[0])
        # ngx_conf_include(): such a name is a pattern, and may match nothing.
        if full not in self.matches:
            self.matches[full] = self.expand(full) if re.search(r"[*?\[]", full) else [full]
        included: List[Directive] = []
        more = deep = 0
        for name in self.matches[full]:
            directives, count, deeper = self.file(path, line, name)
            if size + more + count > MOST_DIRECTIVES:
                self.conf.error(
                    path, line, "more than %d directives, %s was left out" % (MOST_DIRECTIVES, name)
                )
                break
            if depth + deeper > DEEPEST_BLOCK:
                self.conf.error(
                    path, line, "more than %d nested blocks, %s was left out" % (DEEPEST_BLOCK, name)
                )
                continue
            included += directives
            more, deep = more + count, max(deep, deeper)
        return included, more, deep

    def file(self, path: str, line: int, name: str) -> Part:
        if name in self.open:
            self.conf.error(
                path, line, 'include "%s" comes back to itself, nginx would open files without end' % name
            )
            return [], 0, 0
        if name not in self.known:
            if len(self.open) > DEEPEST_INCLUDE:
                self.conf.error(
                    path,
                    line,
                    "more than %d files include each other, %s was left out" % (DEEPEST_INCLUDE, name),
                )
                return [], 0, 0
            text, why = self.read(name)
            if text is None and why:
                self.conf.error(path, line, why)
            self.open.append(name)
            self.known[name] = self.text(name, text or "")
            self.open.pop()
        return self.known[name]


def parse_conf(config: str, read: Read, expand: Expand, extra: str = "") -> Conf:
    """config: the main file's absolute path, to whose directory includes are relative. extra: directives of
    -g. expand: a pattern -> the paths that it matches, in order. An error ends the file it is in, the others
    are read on.
    """
    conf = Conf()
    reader = _Reader(conf, posixpath.dirname(config), read, expand)
    if extra:
        conf.directives += reader.text("-g", extra)[0]
    conf.directives += reader.file(config, 0, config)[0]
    return conf


def every(directives: List[Directive]) -> Iterator[Directive]:
    """Blocks' contents right after their block."""
    left = [iter(directives)]
    while left:
        for directive in left[-1]:
            yield directive
            if directive.block:
                left.append(iter(directive.block))
                break
        else:
            left.pop()


def error_logs(conf: Conf, prefix: str, default: Optional[str]) -> Tuple[List[str], List[str]]:
    """(files, what is no file), each once, in order. default: the build's or -e's log, where no error_log is
    written.
    """
    written = [one.args[0] for one in every(conf.directives) if one.name == "error_log" and one.args]
    if default and not any(one.name == "error_log" for one in conf.directives):
        written.insert(0, default)
    elsewhere = [
        one
        for one in dict.fromkeys(written)
        if one == "stderr" or one.startswith(("syslog:", "memory:", "/dev/"))
    ]
    return list(
        dict.fromkeys(posixpath.join(prefix, one) for one in written if one not in elsewhere)
    ), elsewhere


def opened(conf: Conf, prefix: str, pid: str) -> List[str]:
    """What nginx -t opens for writing, and makes. pid: where the build puts it."""
    written = [
        one.args[0]
        for one in every(conf.directives)
        if one.name in ("access_log", "error_log", "pid") and one.args
    ]
    if not any(one.name == "pid" for one in conf.directives):
        written.append(pid)
    paths = [
        posixpath.join(prefix, one)
        for one in written
        if one != "off" and "$" not in one and not one.startswith(("syslog:", "memory:", "stderr"))
    ]
    return list(dict.fromkeys(paths))


def user_directive(conf: Conf) -> Optional[Tuple[str, Optional[str]]]:
    """(user, group or None) of the main level; None where the compiled default holds."""
    return next(
        (
            (one.args[0], one.args[1] if len(one.args) > 1 else None)
            for one in conf.directives
            if one.name == "user" and one.args
        ),
        None,
    )
