# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A stranger's program that answers every FastCGI request with a page.

fastcgi.py unix:PATH | ADDRESS:PORT [WORDS]
"""

import os
import socket
import struct
import sys
import threading

GET_VALUES, GET_VALUES_RESULT, END_REQUEST, STDIN, STDOUT = 9, 10, 3, 5, 6


def record(kind, number, content):
    return struct.pack("!BBHHBx", 1, kind, number, len(content), 0) + content


def exactly(connection, size):
    data = b""
    while len(data) < size:
        more = connection.recv(size - len(data))
        if not more:
            raise EOFError
        data += more
    return data


def serve(connection, page):
    try:
        while True:
            _version, kind, number, length, padding = struct.unpack("!BBHHBx", exactly(connection, 8))
            exactly(connection, length + padding)
            if kind == GET_VALUES:
                name, value = b"FCGI_MPXS_CONNS", b"0"
                connection.sendall(
                    record(GET_VALUES_RESULT, 0, bytes([len(name), len(value)]) + name + value)
                )
            elif kind == STDIN and not length:
                text = b"Content-Type: text/plain\r\n\r\n" + page
                connection.sendall(
                    record(STDOUT, number, text)
                    + record(STDOUT, number, b"")
                    + record(END_REQUEST, number, b"\0" * 8)
                )
                connection.close()
                return
    except (EOFError, OSError):
        connection.close()


def listener(where):
    if where.startswith("unix:"):
        path = where[5:]
        if os.path.exists(path):
            os.unlink(path)
        server = socket.socket(socket.AF_UNIX)
        server.bind(path)
        os.chmod(path, 0o666)
        return server
    address, _colon, port = where.rpartition(":")
    server = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind((address.strip("[]"), int(port)))
    return server


server = listener(sys.argv[1])
server.listen(64)
words = sys.argv[2].encode() if len(sys.argv) > 2 else b"stolen\n"
while True:
    threading.Thread(target=serve, args=(server.accept()[0], words), daemon=True).start()
