# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a master is called, and places of which it speaks."""

from typing import TYPE_CHECKING, List, Optional, Sequence

from .model import evidence

if TYPE_CHECKING:
    from ...plugin_utils.shapes.endpoint import Endpoint
    from ...plugin_utils.shapes.finding import Evidence
    from ...plugin_utils.shapes.php_fpm import Master
    from ...plugin_utils.shapes.unit import UnitLine


def name_of(master: "Master") -> str:
    return str(master["unit"] or master["config"])


def at_place(path: Optional[str], words: Optional[str] = None) -> List["Evidence"]:
    return [evidence("place", words or path, path)] if path else []


def of_journal(lines: Sequence["UnitLine"]) -> List["Evidence"]:
    return [evidence("journal", line["text"], at=line["at"]) for line in lines]


def directory_of(path: str) -> str:
    return path.rsplit("/", 1)[0] or "/"


def lacks_directory(place: Optional["Endpoint"]) -> bool:
    """Whether the directory of its socket does not exist."""
    if place is None or not place["path"]:
        return False
    return directory_of(place["path"]) not in [parent["path"] for parent in place["parents"]]
