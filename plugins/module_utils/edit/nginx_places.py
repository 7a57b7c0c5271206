# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the directives of a nginx configuration file stand in its text, by the spans of the lexer."""

from typing import Dict, Iterator, List, Optional

from ..parse.nginx.conf import BOM
from ..parse.nginx.lexer import Spans, statements


class Place:
    """A directive where it is written. Offsets count characters in the text of its file.

    start, stop, end: of its first word, of ";" or "{", and behind ";" or "}".
    """

    def __init__(
        self, file: str, args: List[str], line: int, spans: Spans, first: int, around: Optional["Place"]
    ) -> None:
        self.file = file
        self.words, self.stop = spans
        self.start = self.words[0][0]
        # As nginx reads them, without a byte order mark.
        self.name = args[0][1:] if args[0].startswith(BOM) and self.start == 0 else args[0]
        self.args = args[1:]
        self.line = line  # of the first word, from 1
        self.end = self.stop + 1
        # The lexer's statements that open and close it.
        self.first = first
        self.last = first
        self.around = around  # the directive in whose block it stands, in this file
        # None for a simple directive. The content of a *_by_lua_block is not seen.
        self.inside: Optional[List["Place"]] = None


class Source:
    """One file alone: its includes are not followed."""

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.text = text
        spans: List[Spans] = []
        # fault: what nginx would refuse. Nothing behind it is read.
        self.statements, self.fault = statements(text, spans)
        self.places: List[Place] = []  # outside of any block
        self.by_number: Dict[int, Place] = {}  # all, by the statement that opens them
        around: Optional[Place] = None
        for number, (args, end, line) in enumerate(self.statements):
            if end == "}":
                if around:
                    around.last, around.end = number, spans[number][1] + 1
                    around = around.around
                continue
            place = self.by_number[number] = Place(path, args, line, spans[number], number, around)
            self.beside(around).append(place)
            if end == "{":
                place.inside, around = [], place

    def beside(self, block: Optional[Place]) -> List[Place]:
        """What stands directly in a block of this file; None: outside of any block."""
        if block is None or block.inside is None:
            return self.places
        return block.inside

    def every(self) -> Iterator[Place]:
        """All directives, in the order of the text."""
        return iter(self.by_number.values())
