# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A part of a stage that raises costs its own answer: what else the stage has seen stands."""

from typing import Callable, Optional, TypeVar

from .host import Host

T = TypeVar("T")


def isolated(host: Host, part: str, look: Callable[[], T]) -> Optional[T]:
    """What that part has seen; None where it failed, which is missing then."""
    try:
        return look()
    except Exception as error:
        host.miss("collector_failed", part, "%s: %s" % (type(error).__name__, error))
        return None
