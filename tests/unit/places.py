# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the collection's files are, for tests in whatever folder."""

import os

UNIT_TESTS = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(UNIT_TESTS))


def fixtures(*folders: str) -> str:
    """The path of a folder of captured output, or of all of them."""
    return os.path.join(UNIT_TESTS, "fixtures", *folders)
