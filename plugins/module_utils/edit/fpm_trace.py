# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""php-fpm's configuration, read by its own rules, with file, line and section of each directive."""

import re
from typing import Dict, List, NamedTuple, Optional, Set, Tuple

from ..parse.files import Expand, Read
from ..parse.php_fpm.conf import DEPTH, ENTRY, FpmConf, Reader, scan_value


class Row(NamedTuple):
    """A line that php-fpm acts on. An include stands behind the lines that it brought in."""

    path: str
    line: int  # 0: the beginning of the file
    section: str  # where it stands
    below: str  # section after it, which an include may have changed
    name: str  # "": no directive is set
    subkey: Optional[str]
    value: str  # as php-fpm reads it
    variable: bool  # it holds a ${variable}


Directive = Tuple[str, Optional[str]]
_LINE = re.compile(r"[^\n]*\n|[^\n]+\Z")


class Trace(Reader):
    """The reader, which also keeps the lines that it acted on."""

    def __init__(self, config: str, read: Read, expand: Expand, prefix: str) -> None:
        super(Trace, self).__init__(FpmConf(config), read, expand, prefix)
        self.rows: List[Row] = []
        self.broken: Set[Tuple[str, int]] = set()
        self.load(config, 1, (config, 0))

    def problem(self, kind: str, file: str, line: int, *values: object) -> None:
        self.broken.add((file, line))
        super(Trace, self).problem(kind, file, line, *values)

    def load(self, path: str, depth: int, origin: Tuple[str, int]) -> None:
        if depth <= DEPTH:
            here = self.section.name.lower()
            self.rows.append(Row(path, 0, here, here, "", None, "", False))
        super(Trace, self).load(path, depth, origin)

    def entry(self, path: str, number: int, line: str, depth: int) -> None:
        section = self.section
        super(Trace, self).entry(path, number, line, depth)
        match = None if line.startswith("[") else ENTRY.match(line)
        if (path, number) in self.broken and not (match and match.group(1) == "include" and match.group(3)):
            match = None
        name, subkey, value, variable = "", None, "", False
        if match:
            # The scanner takes a subkey in quotes as well.
            name = match.group(1).lower()
            subkey = None if match.group(2) is None else match.group(2).strip(" \t\"'")
            value, variable, _why = scan_value(match.group(3))
            value = self.named(value)
        self.rows.append(
            Row(path, number, section.name.lower(), self.section.name.lower(), name, subkey, value, variable)
        )

    def of(self, section: str, directive: Directive) -> List[Row]:
        return [row for row in self.rows if row.section == section and (row.name, row.subkey) == directive]

    def in_force(self, section: str, directive: Directive) -> Optional[Row]:
        """The last of equal plain keys, the first of equal array keys."""
        rows = self.of(section, directive)
        if not rows:
            return None
        return rows[-1] if directive[1] is None else rows[0]

    def rest(self, section: str, directives: Dict[Directive, Optional[str]]) -> List[Tuple[object, ...]]:
        """All that an edit must not change, in reading order, without the numbers of the lines."""
        kept: List[Tuple[object, ...]] = [
            (problem["file"], problem["text"].replace("[%(file)s:%(line)d] " % problem, ""))
            for problem in self.conf.problems
        ]
        return kept + [
            row[:1] + row[2:]
            for row in self.rows
            if row.section != section or (row.name, row.subkey) not in directives
        ]


def lines_of(text: str) -> List[str]:
    """The lines as php-fpm counts them, each with its end."""
    return _LINE.findall(text)
