# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A look whose defect costs its own answer alone."""

from typing import Callable, Optional, TypeVar

from .host import Host

Found = TypeVar("Found")


def isolated(host: Host, part: str, look: Callable[[], Found]) -> Optional[Found]:
    """None where it raises, which is missing then: what else its stage has seen stands."""
    try:
        return look()
    except Exception as error:
        host.miss("collector_failed", part, "%s: %s" % (type(error).__name__, error))
        return None
