# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A swap file, where the whole host ran out of memory and the operator said how large it may be. Where a
cgroup's limit binds, swap is of no use.
"""

from typing import Any, Dict

from ..verdict.step import Step
from .view import View


def resolve(view: View, arguments: Dict[str, Any]) -> Step:
    return view.swap(arguments["path"])._replace(name="swap_add")
