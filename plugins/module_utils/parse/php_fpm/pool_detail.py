# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""One pool with all its directives."""

from typing import TYPE_CHECKING

from .conf import Section
from .pools import pool_facts

if TYPE_CHECKING:
    from ....plugin_utils.shapes.php_fpm import PoolDetail


def pool_detail(pool: Section, prefix: str) -> "PoolDetail":
    """Values of env[] and of php settings stay out."""
    return {
        **pool_facts(pool, prefix),
        "directives": {
            key: {"value": value, "file": file, "line": line}
            for key, (value, file, line) in sorted(pool.settings.items())
        },
        "php_keys": sorted(
            "%s[%s]" % (array, key) for array, pairs in pool.arrays.items() for key, _value in pairs
        ),
    }
