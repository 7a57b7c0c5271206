# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""nginx's configuration as one tree of directives, every include in its place."""

import posixpath
import re
from typing import TYPE_CHECKING, Dict, Iterable, Iterator, List, NamedTuple, Optional, Set, Tuple

from ..files import Expand, NotOpened, Read
from .lexer import DEEPEST_BLOCK, statements

if TYPE_CHECKING:
    from ....plugin_utils.shapes.config import ConfigProblem

# Of all files together.
MOST_DIRECTIVES = 400000
DEEPEST_INCLUDE = 50
MOST_ERRORS = 200

BOM = "\ufeff"
# How the targets of logs begin that are no files.
_NO_FILE = ("syslog:", "memory:")

# (directives, how many with all includes, how deep their blocks stand).
Part = Tuple[List["Directive"], int, int]


class Directive(NamedTuple):
    name: str
    args: List[str]
    file: str
    line: int
    block: Optional[List["Directive"]]  # None for a simple one; shared where a file is included twice
    number: int  # which of the lexer's statements of its file it is: an editor finds its place by that


class Conf:
    def __init__(self) -> None:
        self.directives: List[Directive] = []  # the main level
        # (path, file, line) of a file for which read gave no text, and of the include that names it.
        self.unread: List[Tuple[str, str, int]] = []
        self.errors: List[ConfigProblem] = []  # each once, the first MOST_ERRORS
        self._known: Set[Tuple[str, int, str]] = set()

    def refuse(self, directive: Directive, kind: str, *values: object) -> None:
        self.error(kind, directive.file, directive.line, *values)

    def error(self, kind: str, file: str, line: int, *values: object) -> None:
        """values: for the words of that kind."""
        from .problems import WORDS

        text = WORDS[kind] % values
        if (file, line, text) in self._known or len(self.errors) > MOST_ERRORS:
            return
        self._known.add((file, line, text))
        if len(self.errors) == MOST_ERRORS:
            kind, text = "too_many_problems", WORDS["too_many_problems"]
        self.errors.append({"kind": kind, "file": file, "line": line, "text": text})


class _Reader:
    def __init__(self, conf: Conf, conf_prefix: str, read: Read, expand: Expand) -> None:
        self.conf, self._read, self._expand = conf, read, expand
        self.prefix = conf_prefix.rstrip("/") + "/"
        self.open: List[str] = []
        self.known: Dict[str, Part] = {}
        self.matches: Dict[str, List[str]] = {}

    def text(self, path: str, text: str) -> Part:
        top: List[Directive] = []
        outer: List[List[Directive]] = []
        current, size, deep = top, 1, 0  # an empty file counts too: it may be included without end
        cut, fault = statements(text)
        marked = BOM in text
        for number, (args, end, line) in enumerate(cut):
            if end == "}":
                current = outer.pop()
                continue
            name, rest = args[0], args[1:]
            if marked and name.startswith(BOM):
                # nginx knows no byte order mark: it becomes a part of the first word.
                self.conf.error("unknown_directive", path, line, name)
                name = name[1:]
            if name == "include" and end == ";":
                included, more, deeper = self.include(path, line, rest, size, len(outer))
                current.extend(included)
                size, deep = size + more, max(deep, len(outer) + deeper)
                continue
            size += 1
            if end == ";":
                current.append(Directive(name, rest, path, line, None, number))
                continue
            block: List[Directive] = []
            current.append(Directive(name, rest, path, line, block, number))
            outer.append(current)
            current, deep = block, max(deep, len(outer))
        if fault:
            self.conf.error("syntax", path, fault.line, fault.text)
        return top, size, deep

    def include(self, path: str, line: int, args: List[str], size: int, depth: int) -> Part:
        if len(args) != 1:
            self.conf.error("argument_count", path, line, "include")
            return [], 0, 0
        full = posixpath.join(self.prefix, args[0])
        # ngx_conf_include(): such a name is a pattern, and may match nothing.
        if full not in self.matches:
            self.matches[full] = self._expand(full) if re.search(r"[*?\[]", full) else [full]
        included: List[Directive] = []
        more = deep = 0
        for name in self.matches[full]:
            directives, count, deeper = self.file(path, line, name)
            if size + more + count > MOST_DIRECTIVES:
                self.conf.error("too_many_directives", path, line, MOST_DIRECTIVES, name)
                break
            if depth + deeper > DEEPEST_BLOCK:
                self.conf.error("too_deep_blocks", path, line, DEEPEST_BLOCK, name)
                continue
            included += directives
            more, deep = more + count, max(deep, deeper)
        return included, more, deep

    def file(self, path: str, line: int, name: str) -> Part:
        if name in self.open:
            self.conf.error("include_loop", path, line, name)
            return [], 0, 0
        if name not in self.known:
            if len(self.open) > DEEPEST_INCLUDE:
                self.conf.error("too_deep_includes", path, line, DEEPEST_INCLUDE, name)
                return [], 0, 0
            text = self._text_of(path, line, name)
            self.open.append(name)
            self.known[name] = self.text(name, text)
            self.open.pop()
        return self.known[name]

    def _text_of(self, path: str, line: int, name: str) -> str:
        try:
            text = self._read(name)
        except NotOpened as why:
            self.conf.error("not_opened", path, line, why)
            return ""
        if text is None:
            self.conf.unread.append((name, path, line))
        return text or ""


def parse_conf(config: str, read: Read, expand: Expand, extra: str = "") -> Conf:
    """config: the main file's absolute path; includes are relative to its directory. extra: directives of -g.
    An error ends its own file only.
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


def named(directives: Iterable[Directive], *names: str) -> List[Directive]:
    """Those of these names that have an argument."""
    return [directive for directive in directives if directive.name in names and directive.args]


class ErrorLogs(NamedTuple):
    files: List[str]
    elsewhere: List[str]  # what is no file


def error_logs(conf: Conf, prefix: str, default: Optional[str]) -> ErrorLogs:
    """Each once, in order. default: the build's or -e's log, where no error_log is
    written.
    """
    targets = [directive.args[0] for directive in named(every(conf.directives), "error_log")]
    if default and not any(directive.name == "error_log" for directive in conf.directives):
        targets.insert(0, default)
    elsewhere = [name for name in targets if name == "stderr" or name.startswith(_NO_FILE + ("/dev/",))]
    files = [posixpath.join(prefix, name) for name in targets if name not in elsewhere]
    return ErrorLogs(list(dict.fromkeys(files)), list(dict.fromkeys(elsewhere)))


def repeated_logs(conf: Conf, prefix: str) -> Dict[str, List[str]]:
    """The levels of what one block names more than once: nginx writes an entry there for each of them."""
    blocks = [conf.directives] + [each.block for each in every(conf.directives) if each.block]
    found: Dict[str, List[str]] = {}
    for logs in [named(block, "error_log") for block in blocks]:
        levels: Dict[str, List[str]] = {}
        for log in logs:
            level = (log.args[1:] or ["error"])[0]
            levels.setdefault(posixpath.join(prefix, log.args[0]), []).append(level)
        found.update({name: several for name, several in levels.items() if len(several) > 1})
    return found


def opened(conf: Conf, prefix: str, pid: str) -> List[str]:
    """What nginx -t opens for writing, and makes. pid: where the build puts it."""
    names = [
        directive.args[0] for directive in named(every(conf.directives), "access_log", "error_log", "pid")
    ]
    if not any(directive.name == "pid" for directive in conf.directives):
        names.append(pid)
    paths = [
        posixpath.join(prefix, name)
        for name in names
        if name != "off" and "$" not in name and not name.startswith(_NO_FILE + ("stderr",))
    ]
    return list(dict.fromkeys(paths))


def user_directive(conf: Conf) -> Optional[Directive]:
    """The directive of the main level; None where the compiled default holds."""
    return next(iter(named(conf.directives, "user")), None)
