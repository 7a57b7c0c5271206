# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""One pool with all that its files say."""

from typing import Any, Dict

from .conf import Section
from .pools import pool_facts


def pool_detail(pool: Section, prefix: str) -> Dict[str, Any]:
    """pool_facts with directives, {name: {value, file, line}}, and php_keys, the names of env[] and php
    settings without their values.
    """
    return dict(
        pool_facts(pool, prefix),
        directives={
            key: {"value": one.value, "file": one.file, "line": one.line}
            for key, one in sorted(pool.settings.items())
        },
        php_keys=sorted(
            "%s[%s]" % (array, key) for array, pairs in pool.arrays.items() for key, _value in pairs
        ),
    )
