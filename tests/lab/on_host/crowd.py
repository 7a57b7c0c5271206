# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs in a host: a crowd that stays, `crowd.py SITE PATH CLIENTS EVERY PATIENCE`.

CLIENTS come together every EVERY seconds, whatever became of those before them, and each gives up after
PATIENCE seconds. One process for all: a program for each would take the memory that php-fpm is to have.
"""

import socket
import sys
import threading
import time

SITE, PATH = sys.argv[1:3]
CLIENTS, EVERY, PATIENCE = int(sys.argv[3]), float(sys.argv[4]), float(sys.argv[5])
REQUEST = ("GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n" % (PATH, SITE)).encode("ascii")


def client() -> None:
    try:
        with socket.create_connection(("127.0.0.1", 80), PATIENCE) as door:
            door.sendall(REQUEST)
            while door.recv(4096):
                pass
    except OSError:
        pass


threading.stack_size(128 * 1024)
due = time.monotonic()
while True:
    for _each in range(CLIENTS):
        threading.Thread(target=client, daemon=True).start()
    due += EVERY
    time.sleep(max(0.0, due - time.monotonic()))
