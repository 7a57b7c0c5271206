# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""How far back a module may look."""

from typing import Optional


def window_problem(seconds: int) -> Optional[str]:
    """What is wrong with the option, else None. With a window of nothing all hosts look healthy."""
    return "window is %d: it must be 1 second or more" % seconds if seconds < 1 else None
