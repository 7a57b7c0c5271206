# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Prints docs/causes.md."""

from __future__ import annotations

from .page import markdown

if __name__ == "__main__":
    print(markdown(), end="")
