# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A program's messages as a table, and a text found in it. How a format is matched: docs/looking.md."""

import re
from functools import lru_cache
from typing import Dict, FrozenSet, List, NamedTuple, Optional, Pattern, Sequence, Tuple

ANY = "*"  # in a row: whatever the phase
_SHORT = {"%e": ": %s (%d)", "%t": " after %d.%d seconds from start"}


def words(text: str) -> FrozenSet[str]:
    return frozenset(text.split())


class Signature(NamedTuple):
    id: str
    phase: str  # what must hold beside the text: nginx's phase, php-fpm's level
    status: Optional[int]  # the visitor's, None where this message does not decide it
    meaning: str  # of the table's closed list
    format: str  # the program's own


class Table:
    """phases, meanings: all that a row may name. text: a row a line, "id phase status meaning format"; "-" is
    no status. An indented line is another format of the row above. Raises ValueError on any other name, and
    on a row that stands there twice.
    """

    def __init__(self, phases: Sequence[str], meanings: FrozenSet[str], text: str) -> None:
        self.meaning_of: Dict[str, str] = {}
        # Of a phase, with the text that a message must begin with.
        self._rows: Dict[str, List[Tuple[str, Signature]]] = {phase: [] for phase in phases}
        seen = set()
        for line in text.strip().splitlines():
            if not line.startswith(" "):
                name, phase, status, meaning, line = line.split(None, 4)
            written = line.lstrip()
            row = Signature(name, phase, None if status == "-" else int(status), meaning, written)
            if phase != ANY and phase not in self._rows:
                raise ValueError("%s: unknown phase %s" % (name, phase))
            if meaning not in meanings:
                raise ValueError("%s: unknown meaning %s" % (name, meaning))
            if self.meaning_of.setdefault(name, meaning) != meaning:
                raise ValueError("%s: two meanings" % name)
            if (phase, written) in seen:
                raise ValueError("%s: a second row for %s" % (name, written))
            seen.add((phase, written))
            for known in self._rows if phase == ANY else (phase,):
                self._rows[known].append((written.split("%", 1)[0], row))

    def ids(self, names: str) -> List[str]:
        """The ids of that text, which are rows. Raises ValueError on any other."""
        unknown = sorted(set(names.split()) - set(self.meaning_of))
        if unknown:
            raise ValueError("no signature is %s" % ", ".join(unknown))
        return names.split()

    def rows(self) -> List[Signature]:
        """Each row once, in no order."""
        return list({row: None for rows in self._rows.values() for _prefix, row in rows})

    def find(self, text: str, phase: str) -> Optional[Tuple[Signature, List[str]]]:
        """The first row of that phase that is this text, and what stood in its places."""
        for prefix, row in self._rows[phase]:
            if text.startswith(prefix):
                places = _places(text, row.format)
                if places is not None:
                    return row, places
        return None


@lru_cache(maxsize=None)
def _pieces(form: str) -> List[Pattern[str]]:
    """What stands around the places for anything. The last ends the text, where one stands there."""
    for short, whole in _SHORT.items():
        form = form.replace(short, whole)
    number = "(-?[0-9]{1,18})"
    pieces = [number.join(map(re.escape, piece.split("%d"))) for piece in re.split("%[sq]", form)]
    last = pieces.pop()
    return [re.compile(piece) for piece in pieces + ([last + r"\Z"] if last else [])]


def _places(text: str, form: str) -> Optional[List[str]]:
    places: List[str] = []
    end = 0
    for number, piece in enumerate(_pieces(form)):
        match = piece.search(text, end) if number else piece.match(text)
        if not match:
            return None
        places += ([text[end : match.start()]] if number else []) + list(match.groups())
        end = match.end()
    return places + ([text[end:]] if form.endswith(("%s", "%q")) else [])
