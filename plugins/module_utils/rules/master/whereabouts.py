# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a master is called, and places of which it speaks."""

from typing import TYPE_CHECKING, List, Optional, Sequence

from ..model import evidence

if TYPE_CHECKING:
    from ....plugin_utils.shapes.endpoint import Endpoint
    from ....plugin_utils.shapes.finding import Evidence
    from ....plugin_utils.shapes.php_fpm import Master
    from ....plugin_utils.shapes.unit import UnitLine


def name_of(master: "Master") -> str:
    return str(master["unit"] or master["config"])


def at_place(path: Optional[str], words: Optional[str] = None) -> List["Evidence"]:
    return [evidence("place", words or path, path)] if path else []


def shown(line: "UnitLine") -> str:
    """As journalctl has it."""
    return "%s[%s]: %s" % (line["by"], line["pid"], line["text"]) if "by" in line else line["text"]


def of_journal(lines: Sequence["UnitLine"]) -> List["Evidence"]:
    return [evidence("journal", shown(line), at=line["at"]) for line in lines]


def in_file(words: str, file: Optional[str], line: Optional[int]) -> str:
    """The words for people, with the file if they do not name it."""
    if not file or file in words:
        return words
    return words + (" (%s:%d)" % (file, line) if line else " (%s)" % file)


def directory_of(path: str) -> str:
    return path.rsplit("/", 1)[0] or "/"


def lacks_directory(place: Optional["Endpoint"]) -> bool:
    """Whether the directory of its socket does not exist."""
    if place is None or not place["path"]:
        return False
    return directory_of(place["path"]) not in [parent["path"] for parent in place["parents"]]
