# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where in the text of an nginx configuration file its directives, words and blocks stand, to the character."""

import posixpath
import re
from typing import Callable, Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from ..parse.nginx.conf import DEEPEST_INCLUDE, MOST_DIRECTIVES
from ..parse.nginx.lexer import DEEPEST_BLOCK, Statement, lua_end, statements, unescape
from ..verdict.step import Refusal

BOM = "\ufeff"

# Offsets of a word with its quotes; end is behind it.
Word = NamedTuple("Word", [("start", int), ("end", int)])
# A statement's words, what ends it (";", "{" or "}") and where that stands.
Piece = Tuple[List[Word], str, int]

# ngx_conf_read_token(), for a text that nginx_lexer has found no fault in: every quote is closed, nothing is
# too long, all between is space.
_PIECE = re.compile(
    r"""
    \#[^\n]*
  | (?P<end>[;{}])
  | (?P<word>"(?:[^"\\]+|\\[\s\S])*" | '(?:[^'\\]+|\\[\s\S])*' | (?:[^ \t\r\n;{\\$]+|\\[\s\S]|\$\{*)+)
    """,
    re.VERBOSE,
)


class Node:
    """A directive, or the file itself (without words and parent).

    name, args: as nginx reads them; name without a byte order mark. start, end: offsets from its first word
    to behind its ";" or "}". stop: offset of its ";" or "{". line: of its first word, from 1. first, last:
    which statements of the lexer open and close it. children: None for a simple directive. A *_by_lua_block
    has none that could be seen.
    """

    def __init__(
        self, values: List[str], words: List[Word], stop: int, line: int, first: int, parent: Optional["Node"]
    ) -> None:
        self.name = (
            values[0][1:]
            if values and values[0].startswith(BOM) and words[0].start == 0
            else "".join(values[:1])
        )
        self.args = values[1:]
        self.words = words
        self.start = words[0].start if words else 0
        self.stop = stop
        self.end = stop + 1
        self.line = line
        self.first = first
        self.last = first
        self.parent = parent
        self.children: Optional[List[Node]] = None


# root: the file as a Node; statements: of the lexer.
Tree = NamedTuple("Tree", [("text", str), ("root", Node), ("statements", List[Statement])])


def value(text: str, word: Word) -> str:
    """A word as nginx stores it."""
    raw = text[word.start : word.end]
    return unescape(raw[1:-1] if raw[0] in "\"'" else raw)


def scan(text: str) -> Iterator[Piece]:
    """The pieces of a text without faults, in order."""
    words: List[Word] = []
    begin, position = -1, 0
    while begin < position:
        begin = position
        for match in _PIECE.finditer(text, begin):
            if match.lastgroup == "word":
                words.append(Word(match.start(), match.end()))
            elif match.lastgroup:
                end, opened = match.group(), words
                yield words, end, match.start()
                words = []
                if end == "{" and value(text, opened[0]).endswith("_by_lua_block"):
                    position = lua_end(text, match.end())
                    break


def tree(text: str) -> Tree:
    """The text with its directives. Refusal when nginx would not read it, or when it is not certain where
    they stand.
    """
    found, fault = statements(text)
    if fault:
        raise Refusal("line %d: %s" % (fault.line, fault.text))
    root = Node([], [], -1, 0, -1, None)
    root.children = []
    current, seen, line, counted = root, 0, 1, 0
    for words, end, stop in scan(text):
        start = words[0].start if words else stop
        line += text.count("\n", counted, start)
        counted = start
        values = [value(text, word) for word in words]
        if found[seen : seen + 1] != [(values, end, line)]:
            break
        if end == "}":
            current.end, current.last = stop + 1, seen
            current = current.parent or root
        else:
            node = Node(values, words, stop, line, seen, current)
            if current.children is not None:
                current.children.append(node)
            if end == "{":
                node.children = []
                current = node
        seen += 1
    if seen != len(found):
        raise Refusal("line %d: where this directive begins and ends is not certain" % found[seen][2])
    return Tree(text, root, found)


def every(node: Node) -> Iterator[Node]:
    """All directives inside, in the order of the text."""
    for child in node.children or []:
        yield child
        yield from every(child)


def written(text: str, quote: str = "") -> str:
    """A value as a word of the configuration, in quotes only where nginx needs them, or in quote when the
    value had that one before.
    """
    if re.search(r"[\n\r\0]", text):
        raise Refusal("a value with a line break or a NUL is not written")

    def quoted(mark: str) -> List[str]:
        return [mark + text + mark, mark + re.sub(r"([\\%s])" % mark, r"\\\1", text) + mark]

    double, single = quoted('"'), quoted("'")
    tried = quoted(quote) if quote else [text]
    for one in tried + [double[0], single[0], double[1], single[1]]:
        if statements("x %s;" % one) == ([(["x", text], ";", 1)], None):
            return one
    raise Refusal("a value of %d characters that nginx cannot read is not written" % len(text))


# (("http", ""), ("server", "shop.example"), ("location", "~ \\.php$")), outermost first; levels in between
# may be left out. server: any of its names; upstream: its name; any other block: its arguments joined by one
# space; "" matches any.
Selector = Sequence[Tuple[str, str]]


def _folded(name: str) -> str:
    """Names of servers and upstreams have no case, expressions have."""
    return name if name.startswith("~") else name.lower()


class Level:
    """A block as nginx comes to it: a file that is included twice gives its blocks twice.

    outer: the level around it, None for the main one. stack: the files that are open there. content: its
    directives with their files, those of includes in their place.
    """

    def __init__(
        self, outer: Optional["Level"], file: str, block: Node, content: Sequence[Tuple[str, Node]]
    ) -> None:
        self.outer = outer
        self.file = file
        self.block = block
        self.content = content
        self.depth: int = outer.depth + 1 if outer else 0
        self.place = "%s:%d" % (file, block.line)

    @property
    def around(self) -> str:
        """The places of all blocks from the outermost to this one."""
        outer = self.outer.around if self.outer and self.outer.depth else ""
        return "%s > %s" % (outer, self.place) if outer else self.place

    def has(self, node: Node) -> bool:
        """The directive stands directly in this block, maybe by an include."""
        return any(one is node for _file, one in self.content)

    def _is(self, kind: str, called: str) -> bool:
        if self.block.name != kind or not called:
            return self.block.name == kind
        if kind == "server":
            return any(
                _folded(called) == _folded(name)
                for _file, one in self.content
                if one.name == "server_name"
                for name in one.args
            )
        return (
            _folded(called) == _folded(" ".join(self.block.args))
            if kind == "upstream"
            else called == " ".join(self.block.args)
        )

    def matches(self, selector: Selector) -> bool:
        """The last of the selector is this block, the others are around it in their order."""
        if not selector or not self.outer:
            return not selector and not self.outer
        if not self._is(*selector[-1]):
            return False
        left, outer = list(selector[:-1]), self.outer
        while left and outer.outer:
            if outer._is(*left[-1]):
                left.pop()
            outer = outer.outer
        return not left


class Files:
    """The configuration with all that it includes. levels: every block as often as nginx comes to it, the
    main level first.
    """

    def __init__(
        self, config: str, read: Callable[[str], Optional[str]], expand: Callable[[str], List[str]]
    ) -> None:
        self.config = config
        self.read = read
        self.expand = expand
        self.trees: Dict[str, Tree] = {}
        self.levels: List[Level] = []
        self.count = 0
        self._enter(None, (config,), self._tree(config, "").root)

    def _tree(self, path: str, place: str) -> Tree:
        if path not in self.trees:
            text = self.read(path)
            if text is None:
                raise Refusal("%s cannot be read%s" % (path, place and ", which %s includes" % place))
            try:
                self.trees[path] = tree(text)
            except Refusal as fault:
                raise Refusal("%s: %s" % (path, fault))
        return self.trees[path]

    def _flat(self, stack: Tuple[str, ...], block: Node) -> Iterator[Tuple[Tuple[str, ...], Node]]:
        """The directives of a block, includes followed, each with the files that are open there."""
        for node in block.children or []:
            self.count += 1
            if self.count > MOST_DIRECTIVES:
                raise Refusal(
                    "%s has more than %d directives with all its includes" % (self.config, MOST_DIRECTIVES)
                )
            if node.name != "include" or node.children is not None or len(node.args) != 1:
                yield stack, node
                continue
            full = posixpath.join(posixpath.dirname(self.config), node.args[0])
            for path in self.expand(full) if re.search(r"[*?\[]", full) else [full]:
                if len(stack) > DEEPEST_INCLUDE:
                    raise Refusal(
                        "%s:%d: %s comes back to itself, or more than %d files include each other"
                        % (stack[-1], node.line, path, DEEPEST_INCLUDE)
                    )
                yield from self._flat(
                    stack + (path,), self._tree(path, "%s:%d" % (stack[-1], node.line)).root
                )

    def _enter(self, outer: Optional[Level], stack: Tuple[str, ...], block: Node) -> None:
        found = list(self._flat(stack, block))
        level = Level(outer, stack[-1], block, [(files[-1], node) for files, node in found])
        if level.depth > DEEPEST_BLOCK:
            raise Refusal("%s has more than %d blocks inside each other" % (self.config, DEEPEST_BLOCK))
        self.levels.append(level)
        for files, node in found:
            if node.children is not None:
                self._enter(level, files, node)
