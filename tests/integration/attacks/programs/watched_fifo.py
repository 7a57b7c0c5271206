# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A FIFO that tells whether anybody opened it for reading: watched_fifo.py FIFO NOTE. Opening it for writing
waits for that.
"""

import os
import sys

os.close(os.open(sys.argv[1], os.O_WRONLY))
with open(sys.argv[2], "w", encoding="ascii") as note:
    note.write("it was opened\n")
