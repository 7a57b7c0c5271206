# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""How far back a module may look, and how long."""

from typing import Optional

DEADLINES = (5.0, 600.0)


def window_problem(seconds: int) -> Optional[str]:
    """What is wrong with the option, else None. With a window of nothing all hosts look healthy."""
    return "window is %d: it must be 1 second or more" % seconds if seconds < 1 else None


def deadline_problem(seconds: float) -> Optional[str]:
    if DEADLINES[0] <= seconds <= DEADLINES[1]:
        return None
    return "deadline is %g: it must be a number of seconds from %g to %g" % ((seconds,) + DEADLINES)
