# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files of nginx, real ones and those of a test, and an edit of them."""

import fnmatch
import os
from typing import Dict, List, Optional, Sequence, Tuple

from ansible_collections.webmedic.php_fpm.plugins.module_utils.edit.nginx_text import (
    Edited,
    set_directive,
)
from ansible_collections.webmedic.php_fpm.tests.unit.places import fixtures

FIXTURES = fixtures("nginx")
MAIN = "/etc/nginx/nginx.conf"
OLD, NEW = "unix:/run/php/a.sock", "unix:/run/php/b.sock"
PASS = ("fastcgi_pass", "server")


def fixture_files() -> List[str]:
    return sorted(
        os.path.join(place, name)
        for place, _names, names in os.walk(FIXTURES)
        for name in names
        if "-default" in place or name.endswith(".conf")
    )


def fixture(path: str) -> str:
    with open(path, encoding="utf-8", errors="surrogateescape", newline="") as stream:
        return stream.read()


def edit(
    files: Dict[str, str],
    selector: Sequence[Tuple[str, str]],
    name: str,
    args: Optional[Sequence[str]],
    file: Optional[str] = None,
) -> List[Edited]:
    """The same edit once more must change nothing."""

    def expand(pattern: str) -> List[str]:
        return sorted(path for path in files if fnmatch.fnmatchcase(path, pattern))

    changes = set_directive(MAIN, files.get, expand, selector, name, args, file)
    after = dict(files, **{change.path: change.after for change in changes})
    assert all(change.before == files[change.path] and change.before != change.after for change in changes)
    assert set_directive(MAIN, after.get, expand, selector, name, args, file) == []
    return changes


def edit_main(
    text: str, selector: Sequence[Tuple[str, str]], name: str, args: Optional[Sequence[str]]
) -> str:
    changes = edit({MAIN: text}, selector, name, args)
    return changes[0].after if changes else text
