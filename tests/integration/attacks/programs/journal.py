# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writes to the journal in its native protocol, as any process may.

journal.py COUNT BYTES [WORDS [IDENTIFIER]]: each message is filled up to BYTES.
"""

import array
import fcntl
import os
import socket
import sys
import time

count, size = int(sys.argv[1]), int(sys.argv[2])
words = sys.argv[3] if len(sys.argv) > 3 else "x"
identifier = sys.argv[4] if len(sys.argv) > 4 else "php-fpm"
client = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
for _number in range(count):
    text = "PRIORITY=3\nSYSLOG_IDENTIFIER=%s\nMESSAGE=%s" % (identifier, words)
    content = (text + "x" * max(0, size - len(text)) + "\n").encode()
    # A large message is put in a sealed file, and its descriptor is sent.
    file = os.memfd_create("message", 2)  # MFD_ALLOW_SEALING
    os.write(file, content[: 1 << 30])
    fcntl.fcntl(file, 1033, 0b1111)  # F_ADD_SEALS: nobody can change it any more
    client.sendmsg(
        [b""],
        [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [file]))],
        0,
        "/run/systemd/journal/socket",
    )
    os.close(file)
# journald reads the cgroup of a sender when it comes to its message: on a busy machine that is late.
time.sleep(1)
