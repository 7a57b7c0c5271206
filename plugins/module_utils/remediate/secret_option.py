# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""An option of a module that may hold a secret."""

from typing import Any


def show_option(module: Any, option: str, shown: object) -> None:
    """The engine prints this instead of the option. Its own no_log would blot out each "4" of the reply, if
    that is a value.
    """
    module.no_log_values.clear()
    module.params[option] = shown
