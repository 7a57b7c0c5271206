# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files of php-fpm, real ones and those of a test, and an edit of them."""

import fnmatch
import os
from typing import Dict, List, Optional, Sequence, Tuple

from ansible_collections.webmedic.php_fpm.plugins.module_utils.edit.fpm_text import Edited, set_directives
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.php_fpm.conf import (
    FpmConf,
    parse_fpm_conf,
)
from ansible_collections.webmedic.php_fpm.tests.unit.places import fixtures

FIXTURES = fixtures("fpm")
Settings = Sequence[Tuple[str, Optional[str]]]
CHILDREN = "pm.max_children"
LIMIT = "php_admin_value[memory_limit]"


def matching(files: Dict[str, str], pattern: str) -> List[str]:
    return sorted(path for path in files if fnmatch.fnmatchcase(path, pattern))


def edit(files: Dict[str, str], pool: Optional[str], settings: Settings) -> List[Edited]:
    """The first of files is the main one."""
    return set_directives(
        next(iter(files)), files.get, lambda pattern: matching(files, pattern), pool, settings
    )


def edited(files: Dict[str, str], pool: Optional[str], settings: Settings) -> Dict[str, str]:
    """{path: new text} of what changes; a second application must change nothing."""
    changes = edit(files, pool, settings)
    assert all(change.before == files[change.path] != change.after for change in changes)
    after = dict(files, **{change.path: change.after for change in changes})
    assert edit(after, pool, settings) == []
    return {change.path: change.after for change in changes}


def alone(text: str, settings: Settings, pool: Optional[str] = "www") -> str:
    return edited({"/c": text}, pool, settings).get("/c", text)


def parse(files: Dict[str, str]) -> FpmConf:
    return parse_fpm_conf(next(iter(files)), files.get, lambda pattern: matching(files, pattern))


def fixture(name: str) -> str:
    with open(os.path.join(FIXTURES, name), encoding="utf-8", newline="") as stream:
        return stream.read()
