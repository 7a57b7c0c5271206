# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The blocks of a nginx configuration, each as often as nginx reads it, and the one that a selector names."""

from typing import Dict, List, Optional, Sequence, Tuple

from ..parse.files import Expand, Read
from ..parse.nginx.conf import BOM, Directive, parse_conf
from ..work.step import Refusal
from .nginx_places import Place, Source

# (("http", ""), ("server", "shop.example"), ("location", "~ \\.php$")), outermost first. Levels in between
# may be left out. Of a server any of its names, of an upstream its name, of any other block its arguments
# joined by one space; "" matches any.
Selector = Sequence[Tuple[str, str]]


def _folded(name: str) -> str:
    """Case counts in an expression, not in the name of a server or an upstream."""
    return name if name.startswith("~") else name.lower()


class Level:
    """A block as nginx reads it: a file that is included twice gives its blocks twice. Of the main level
    outer and block are None.
    """

    def __init__(
        self, outer: Optional["Level"], file: str, block: Optional[Place], content: List[Place]
    ) -> None:
        self.outer = outer  # the level around it
        self.file = file  # in which it stands
        self.block = block
        self.content = content  # its directives, those of includes in their place
        self.where = "%s:%d" % (file, block.line if block else 0)

    @property
    def around(self) -> str:
        """The places of all blocks, from the outermost to this one."""
        outer = self.outer.around if self.outer and self.outer.block else ""
        return "%s > %s" % (outer, self.where) if outer else self.where

    def has(self, place: Place) -> bool:
        """Whether the directive stands directly in this block, or in a file that the block includes."""
        return any(inner is place for inner in self.content)

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
        """Whether the selector's last part is this block, and the others stand around it in their order."""
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


class Configuration:
    """All files of a configuration, from the absolute path of the main one. Refusal unless all of it can be
    read.
    """

    def __init__(self, config: str, read: Read, expand: Expand) -> None:
        self.config = config
        self.sources: Dict[str, Source] = {}
        self.levels: List[Level] = []  # every block, the main level first

        def remember(path: str) -> Optional[str]:
            text = read(path)
            if text is not None:
                self.sources[path] = Source(path, text)
            # A byte order mark stays where it is, and does not prevent an edit.
            return text[len(BOM) :] if text and text.startswith(BOM) else text

        conf = parse_conf(config, remember, expand)
        for path, file, line in conf.unread:
            included = ", which %s:%d includes" % (file, line) if line else ""
            raise Refusal("%s cannot be read%s" % (path, included))
        for error in conf.errors:
            raise Refusal("%s: line %d: %s" % (error["file"], error["line"], error["text"]))
        self._enter(None, config, None, conf.directives)

    def _enter(
        self, outer: Optional[Level], file: str, block: Optional[Place], inside: List[Directive]
    ) -> None:
        places = [self.sources[inner.file].by_number[inner.number] for inner in inside]
        level = Level(outer, file, block, places)
        self.levels.append(level)
        for place, inner in zip(places, inside):
            if inner.block is not None:
                self._enter(level, inner.file, place, inner.block)

    def selected(self, selector: Selector, file: Optional[str]) -> List[Level]:
        """The levels of the one block that is meant; several when several includes lead to it."""
        called = ", ".join(("%s %s" % pair).strip() for pair in selector) or "the main level"
        matching = [level for level in self.levels if level.matches(selector) and file in (None, level.file)]
        blocks = {(level.file, level.block.start if level.block else 0): level for level in matching}
        if len(blocks) > 1:
            places = ", ".join(level.where for level in blocks.values())
            raise Refusal("%s: %d blocks match: %s" % (called, len(blocks), places))
        if not matching:
            raise Refusal("%s: no such block in %s" % (called, file or "what %s reads" % self.config))
        return matching
