# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""tmpfiles.d(5): which entry, if any, makes a directory at boot."""

import posixpath
from typing import FrozenSet, Optional, Set

from ..endpoint import canonical
from ..files import Expand, Read

# In order of authority: a file hides those of the same name in the directories below.
DIRECTORIES = (
    "/etc/tmpfiles.d",
    "/run/tmpfiles.d",
    "/usr/local/lib/tmpfiles.d",
    "/usr/lib/tmpfiles.d",
    "/lib/tmpfiles.d",
)
# The first letter of a line's type.
FOLDERS = frozenset("dDvqQ")  # makes a directory or adjusts one
LINKS = frozenset("L")  # makes a symbolic link


def _path(written: str) -> str:
    """/var/run is /run, as everywhere."""
    return canonical("unix:" + written.strip("\"'").rstrip("/"))[len("unix:") :]


def entry_for(path: str, read: Read, expand: Expand, makes: FrozenSet[str] = FOLDERS) -> Optional[str]:
    """The file whose line makes path; None when none does."""
    seen: Set[str] = set()
    wanted = _path(path)
    for directory in DIRECTORIES:
        for name in expand(directory + "/*.conf"):
            base = posixpath.basename(name)
            if base in seen:
                continue
            seen.add(base)
            for line in (read(name) or "").splitlines():
                words = line.split()
                if len(words) > 1 and words[0][:1] in makes and _path(words[1]) == wanted:
                    return name
    return None
