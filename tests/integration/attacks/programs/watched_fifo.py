# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writes a note when anybody opens a FIFO for reading: watched_fifo.py FIFO NOTE.

It opens the FIFO for writing, which waits for a reader.
"""

import os
import sys

os.close(os.open(sys.argv[1], os.O_WRONLY))
with open(sys.argv[2], "w", encoding="ascii") as note:
    note.write("it was opened\n")
