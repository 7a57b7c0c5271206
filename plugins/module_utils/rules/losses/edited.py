# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Losses in the second of a restart that may have mended them."""

from ..case import Case


def edited_meanwhile(case: Case, first: float, until: float) -> bool:
    """Whether somebody edited php-fpm's files in the second of a loss: the restart that mends it then looks
    like one that causes it.
    """
    times = [owner.master["config_changed_at"] for owner in case.running]
    return any(at is not None and first <= at <= until for at in times)
