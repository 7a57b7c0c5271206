# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The base of all shapes: typing.TypedDict where types are checked, a plain dict on a host.

A key of a class with total=False may be absent; code reads it with get().
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import TypedDict
else:

    class TypedDict(dict):
        """Python 3.6 has none, and dict takes no total in a class statement."""

        def __new__(cls, name, fields):
            return type(name, (cls,), {"__annotations__": fields})

        def __init_subclass__(cls, total=True):
            cls.__total__ = total
