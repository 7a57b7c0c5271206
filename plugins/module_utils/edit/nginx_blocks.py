# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The blocks of a nginx configuration, each as often as nginx comes to it, and which of them a selector means."""

from typing import Callable, List, Optional, Sequence, Tuple

from ..parse.nginx.conf import Conf, Directive, Read, parse_conf
from ..verdict.step import Refusal

# (("http", ""), ("server", "shop.example"), ("location", "~ \\.php$")), outermost first; levels in between
# may be left out. server: any of its names; upstream: its name; any other block: its arguments joined by one
# space; "" matches any.
Selector = Sequence[Tuple[str, str]]


def _folded(name: str) -> str:
    """Names of servers and upstreams have no case, expressions have."""
    return name if name.startswith("~") else name.lower()


class Level:
    """A block as nginx comes to it: a file that is included twice gives its blocks twice.

    outer: the level around it, None for the main one. file: in which it stands. block: None for the main
    level. content: its directives, those of includes in their place.
    """

    def __init__(
        self, outer: Optional["Level"], file: str, block: Optional[Directive], content: List[Directive]
    ) -> None:
        self.outer = outer
        self.file = file
        self.block = block
        self.content = content
        self.where = "%s:%d" % (file, block.line if block else 0)

    @property
    def around(self) -> str:
        """Where all blocks from the outermost to this one stand."""
        outer = self.outer.around if self.outer and self.outer.block else ""
        return "%s > %s" % (outer, self.where) if outer else self.where

    def has(self, directive: Directive) -> bool:
        """The directive stands directly in this block, maybe by an include."""
        return any(inner is directive for inner in self.content)

    def _is(self, kind: str, called: str) -> bool:
        if not self.block or self.block.name != kind:
            return False
        if not called:
            return True
        if kind == "server":
            names = [name for inner in self.content if inner.name == "server_name" for name in inner.args]
            return _folded(called) in map(_folded, names)
        written = " ".join(self.block.args)
        return _folded(called) == _folded(written) if kind == "upstream" else called == written

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


def read_whole(config: str, read: Read, expand: Callable[[str], List[str]]) -> Conf:
    """The configuration with the places of its directives. Refusal unless all of it can be read."""
    conf = parse_conf(config, read, expand, places=True)
    for path, file, line in conf.unread:
        raise Refusal("%s cannot be read%s" % (path, ", which %s:%d includes" % (file, line) if line else ""))
    for error in conf.errors:
        raise Refusal("%s: line %d: %s" % (error["file"], error["line"], error["text"]))
    return conf


def levels(config: str, conf: Conf) -> List[Level]:
    """Every block, the main level first. config: the main file."""
    found: List[Level] = []

    def enter(level: Level) -> None:
        found.append(level)
        for inner in level.content:
            if inner.block is not None:
                enter(Level(level, inner.file, inner, inner.block))

    enter(Level(None, config, None, conf.directives))
    return found
