# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The arguments of an action, as its Arguments declares them, from a finding's remedy."""

from typing import Callable, Mapping, NamedTuple, Type, TypeVar

Shape = TypeVar("Shape", bound=NamedTuple)


def read(shape: Type[Shape], action: str, arguments: Mapping[str, object]) -> Shape:
    """Raises ValueError for an unknown or missing argument. The field "from_" takes the argument "from"."""
    fields = {field.rstrip("_"): field for field in shape._fields}
    unknown = sorted(set(arguments) - set(fields))
    if unknown:
        raise ValueError("the action %s takes no argument %s" % (action, ", ".join(unknown)))
    optional = shape._field_defaults
    missing = [name for name, field in fields.items() if name not in arguments and field not in optional]
    if missing:
        raise ValueError("the action %s lacks the argument %s" % (action, ", ".join(missing)))
    make: Callable[..., Shape] = shape
    return make(**{fields[name]: value for name, value in arguments.items()})
