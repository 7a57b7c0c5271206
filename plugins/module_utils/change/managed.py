# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files that another program writes: whether a step would change one, and what a person changes at its
source instead.
"""

import os
from typing import List, Optional

from ..parse.generated import Author, author_of, author_of_part
from ..work.step import Change, Step
from .difference import difference
from .disk import Disk

LEAVE = "leave"
MOST_LINES = 12  # of a change, in a sentence


def text_of(data: Optional[bytes]) -> str:
    return (data or b"").decode("utf-8", "replace")


def _author(change: Change, disk: Disk) -> Optional[Author]:
    """Of a new file: who writes all others in its directory, and may remove this one as a stranger's."""
    real = disk.real(change.path)
    author = author_of(change.path, text_of(change.before)) or author_of(real, "")
    if change.before is not None:
        return author or author_of_part(text_of(change.before), text_of(change.after))
    folder = os.path.dirname(real)
    names = disk.names(folder) if disk.exists(folder) else []
    texts = [text_of(disk.read(os.path.join(folder, name))) for name in names if name.endswith(".conf")]
    others = [author_of(real, text) for text in texts]
    return author or (others[0] if others and all(others) else None)


def _named(author: Author) -> str:
    made = "generated" if author.panel or not author.named else "managed"
    return "%s by %s%s" % (made, author.name, ", from %s" % author.source if author.source else "")


def _lines(change: Change) -> str:
    """What to write instead of what, without secrets."""
    shown = difference([change])[0]["prepared"].split("\n")[2:]
    lines = [line for line in shown if line[:1] in ("-", "+") and line[1:].strip()]
    words = {"-": "instead of", "+": "write"}
    return "; ".join("%s `%s`" % (words[line[0]], line[1:].strip()) for line in lines[:MOST_LINES])


def refusal(step: Step, disk: Disk, files: str, wanted: bool = False) -> Optional[str]:
    """Why a step is left to a person, with the change to make and where.

    files: leave or edit what a tool manages. wanted: a person named the change. What a panel generates
    stays as it is in any case. Raises OSError, Refusal.
    """
    for change in step.changes:
        author = _author(change, disk) if change.before != change.after else None
        if author and (author.panel or (files == LEAVE and not (wanted and author.named))):
            allowed = "" if author.panel or wanted else " (remediate_managed_files=edit would edit the file)"
            return "%s is %s, which would undo the change; make it there: %s%s" % (
                change.path,
                _named(author),
                _lines(change),
                allowed,
            )
    return None


def warnings(step: Step, disk: Disk) -> List[str]:
    """What a person should know of a step that refusal() lets pass."""
    changes = [change for change in step.changes if change.before != change.after]
    authors = [(change.path, _author(change, disk)) for change in changes]
    return [
        "%s is %s: its next run may undo this change" % (path, _named(author))
        for path, author in authors
        if author
    ]
