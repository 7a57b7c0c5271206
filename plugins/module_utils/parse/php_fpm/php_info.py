# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which files `php -i` says that PHP takes its settings from."""

import re
from typing import List, NamedTuple, Optional

# phpinfo(); of the last there is one path a line.
_WORDS = (
    "Configuration File (php.ini) Path",
    "Loaded Configuration File",
    "Scan this dir for additional .ini files",
    "Additional .ini files parsed",
)
_LISTED = re.compile(r"^(%s) => (.*(?:\n/.*)*)$" % "|".join(map(re.escape, _WORDS)), re.M)
_LINES = r",?\s*\n|,\s*$"


class IniFiles(NamedTuple):
    where: List[str]  # directories in which php.ini is looked for
    main: List[str]  # php.ini
    scanned: List[str]  # directories
    parsed: List[str]  # of these, what was there


def ini_files_of(text: str) -> Optional[IniFiles]:
    """None where that is not all told."""
    listed = dict(_LISTED.findall(text))
    if len(listed) < len(_WORDS):
        return None
    # A list of directories has colons, a list of files has commas at the ends of its lines.
    parts = [re.split(ends, listed[word]) for ends, word in zip((":", _LINES, ":", _LINES), _WORDS)]
    return IniFiles(*([path.strip() for path in part if path.strip().startswith("/")] for part in parts))
